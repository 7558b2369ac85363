// Half-open ranges of time, in ns since 1970-01-01 UTC.

#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace stria {

inline constexpr int64_t kNsPerUs = 1'000;
inline constexpr int64_t kNsPerMs = 1'000'000;
inline constexpr int64_t kNsPerSecond = 1'000'000'000;
inline constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;

/// [begin, end). The greatest int64 as `end` stands for "no upper bound" and includes that instant.
struct TimeRange {
  int64_t begin = std::numeric_limits<int64_t>::min();
  int64_t end = std::numeric_limits<int64_t>::max();

  bool empty() const noexcept { return begin >= end; }
  bool unbounded_above() const noexcept { return end == std::numeric_limits<int64_t>::max(); }
  bool Contains(int64_t time) const noexcept {
    return time >= begin && (time < end || unbounded_above());
  }
  /// Whether some time in [first, last], both inclusive, lies in this range.
  bool Overlaps(int64_t first, int64_t last) const noexcept {
    return !empty() && last >= begin && (first < end || unbounded_above());
  }
  TimeRange Intersect(TimeRange other) const noexcept {
    return {std::max(begin, other.begin), std::min(end, other.end)};
  }
  friend bool operator==(TimeRange, TimeRange) = default;
};

/// The greatest multiple of `step` that is <= `time`, also before 1970 (floor, not truncation); the
/// least int64 where that multiple would be less. Requires step > 0.
constexpr int64_t FloorTo(int64_t time, int64_t step) {
  const int64_t remainder = time % step;
  int64_t floor = 0;
  const bool overflows =
      __builtin_sub_overflow(time, remainder < 0 ? remainder + step : remainder, &floor);
  return overflows ? std::numeric_limits<int64_t>::min() : floor;
}

}  // namespace stria
