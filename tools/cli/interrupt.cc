#include "tools/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace stria::cli {
namespace {

std::atomic<bool> interrupted = false;  // Written by a signal handler.
static_assert(std::atomic<bool>::is_always_lock_free);

void OnSignal(int) {
  interrupted.store(true);
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() {
  return interrupted.load();
}

}  // namespace stria::cli
