#include "storage/base/clock.h"

#include <chrono>

namespace stria {
namespace {

template <typename StdClock>
int64_t Now() {
  const auto now = StdClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

class OsClock final : public Clock {
 public:
  int64_t NowNs() const override { return Now<std::chrono::system_clock>(); }
  int64_t MonotonicNs() const override { return Now<std::chrono::steady_clock>(); }
};

}  // namespace

Clock& SystemClock() {
  static OsClock clock;
  return clock;
}

}  // namespace stria
