#include "storage/base/kill_point.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace stria::internal {
namespace {

// Parsed before main(), because a kill point may be passed by any thread.
struct Target {
  std::string_view name;
  long pass = 0;
};

Target ParseTarget() {
  const char* text = std::getenv("STRIA_KILL_AT");
  if (text == nullptr) return {};
  const std::string_view target(text);
  const size_t colon = target.rfind(':');
  if (colon == std::string_view::npos) return {target, 1};
  return {target.substr(0, colon), std::strtol(text + colon + 1, nullptr, 10)};
}

const Target kTarget = ParseTarget();
std::atomic<long> num_passes = 0;
void (*the_observer)(const char* name) = nullptr;

}  // namespace

bool kill_points_enabled = !kTarget.name.empty();

void PassKillPoint(const char* name) {
  if (the_observer != nullptr) the_observer(name);
  if (kTarget.name != name || num_passes.fetch_add(1) + 1 != kTarget.pass) return;
  ::kill(::getpid(), SIGKILL);
}

}  // namespace stria::internal

namespace stria {

void ObserveKillPoints(void (*observer)(const char* name)) {
  internal::the_observer = observer;
  internal::kill_points_enabled = observer != nullptr || !internal::kTarget.name.empty();
}

}  // namespace stria
