#include "server/auth/principal.h"

#include "storage/base/errors.h"

namespace stria::server {
namespace {

std::string_view ActionName(Action action) {
  switch (action) {
    case Action::kRead: return "read";
    case Action::kWrite: return "write to";
    case Action::kCreate: return "create";
    case Action::kAdmin: return "administer";
  }
  return "use";
}

}  // namespace

Status Authorize(const Principal& principal, Action action, std::string_view database,
                 std::string_view table) {
  if (principal.is_admin) return Status::Ok();
  return PermissionDenied("\"{}\" user is not authorized to {} {} \"{}\"", principal.name,
                          ActionName(action),
                          database.empty() ? "server"
                          : table.empty()  ? "database"
                                           : "table",
                          database.empty() ? std::string("stria")
                          : table.empty()  ? std::string(database)
                                           : fmt::format("{}.{}", database, table));
}

}  // namespace stria::server
