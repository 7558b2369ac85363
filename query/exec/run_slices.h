// Cuts a run at the edges of time buckets, by arithmetic where its times are regular and by search
// where they are not. No time is looked at that is not next to an edge.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "query/expr/time_bucket.h"
#include "storage/engine/scan.h"

namespace stria::query {

/// Rows [row_begin, row_end) of a block, of one run and one bucket.
struct BucketSlice {
  uint32_t row_begin = 0;
  uint32_t row_end = 0;
  int64_t bucket = 0;  ///< TimeBucket::IndexOf() of their times
};

/// The time of `row` of `run`, which is regular. In unsigned numbers, because the distance from the
/// first row may not fit int64.
inline int64_t RegularTimeAt(const storage::ScanRun& run, uint32_t row) {
  return static_cast<int64_t>(static_cast<uint64_t>(run.first_time) +
                              uint64_t{row - run.row_begin} * static_cast<uint64_t>(run.step));
}

/// Whether CutRun() has to see the times of `run`.
bool NeedsTimes(const storage::ScanRun& run, const TimeBucket& bucket);

/// Appends the slices of `run` in their order. `times` are those of the run, or empty when they are
/// not needed.
void CutRun(const storage::ScanRun& run, std::span<const int64_t> times, const TimeBucket& bucket,
            std::vector<BucketSlice>& slices);

}  // namespace stria::query
