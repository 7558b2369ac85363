// The partitions of time that a table's rows are divided into: [n * partition_ns, (n + 1) *
// partition_ns), cut at the ends of time.

#pragma once

#include <cstdint>
#include <limits>

namespace stria {

/// The first instant of the partition that `time` lies in. The earliest partition begins before all
/// time; its first instant is the least int64. Requires partition_ns > 0.
constexpr int64_t PartitionBegin(int64_t time, int64_t partition_ns) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const int64_t remainder = time % partition_ns;
  const int64_t distance = remainder < 0 ? remainder + partition_ns : remainder;
  return time < kLeast + distance ? kLeast : time - distance;
}

}  // namespace stria
