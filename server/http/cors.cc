#include "server/http/cors.h"

#include <algorithm>

namespace stria::server {

bool IsLoopbackOrigin(std::string_view origin) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) origin.remove_prefix(scheme.size());
  }
  for (const std::string_view host : {"localhost", "127.0.0.1", "[::1]"}) {
    if (!origin.starts_with(host)) continue;
    const std::string_view rest = origin.substr(host.size());
    if (rest.empty()) return true;
    return rest.size() > 1 && rest.front() == ':' &&
           std::ranges::all_of(rest.substr(1), [](char c) { return c >= '0' && c <= '9'; });
  }
  return false;
}

}  // namespace stria::server
