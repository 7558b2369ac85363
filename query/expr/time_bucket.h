// time_bucket() as arithmetic, for the function and for operators that cut runs by it.

#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "query/expr/expression.h"
#include "storage/base/int128.h"
#include "storage/types/time_range.h"

namespace stria::query {

/// Buckets [origin + i * width, origin + (i + 1) * width).
struct TimeBucket {
  int64_t width_ns = 1;   ///< > 0
  int64_t origin_ns = 0;  ///< in [0, width)

  /// The number of the bucket that holds `time`.
  int64_t IndexOf(int64_t time) const {
    const int64_t quotient = time / width_ns;
    const int64_t remainder = time % width_ns;
    const int64_t floor = remainder < 0 ? remainder + width_ns : remainder;
    return quotient - (remainder < 0 ? 1 : 0) - (floor < origin_ns ? 1 : 0);
  }
  /// Its first instant. That of the earliest buckets may lie before all time; it is clamped.
  int64_t BeginOf(int64_t index) const {
    const Int128 begin = Int128{index} * width_ns + origin_ns;
    if (begin < std::numeric_limits<int64_t>::min()) return std::numeric_limits<int64_t>::min();
    if (begin > std::numeric_limits<int64_t>::max()) return std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(begin);
  }
};

/// `width` and `origin` with the origin brought into [0, width). Requires width > 0.
inline TimeBucket MakeTimeBucket(int64_t width_ns, int64_t origin_ns) {
  const int64_t remainder = origin_ns % width_ns;
  return {.width_ns = width_ns, .origin_ns = remainder < 0 ? remainder + width_ns : remainder};
}

/// The bucket that `expr` computes of input column `time_column`, if it is time_bucket() or
/// date_trunc() of a fixed unit over literals and that column.
std::optional<TimeBucket> MatchTimeBucket(const Expr& expr, uint32_t time_column);

}  // namespace stria::query
