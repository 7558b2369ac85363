// Wall-clock and monotonic time, as an interface so that tests and the simulator can set it.

#pragma once

#include <cstdint>

namespace stria {

/// Thread safety: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Nanoseconds since 1970-01-01 UTC.
  virtual int64_t NowNs() const = 0;

  /// Nanoseconds since an arbitrary point; never goes back.
  virtual int64_t MonotonicNs() const = 0;
};

/// The clock of the operating system. Lives until the process ends.
Clock& SystemClock();

}  // namespace stria
