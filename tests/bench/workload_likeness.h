// Whether generated rows look like those of the suite, within what chance allows.

#pragma once

#include "bench/workload/workload.h"
#include "tests/bench/row_statistics.h"

namespace stria::bench {

RowStatistics StatisticsOfWorkload(const WorkloadOptions& options);

/// What chance allows, for two sets of a certain size.
struct Tolerance {
  double mean = 0;           ///< of all walks of 0 to 100 together
  double step_share = 0;     ///< of the deviation of steps
  double share = 0;          ///< of shares: zero steps, values above 90
  double missing_share = 0;  ///< of shares of missing fields
};

/// Names and their order, kinds of numbers, ranges, and steps of cpu-only.
void ExpectLikeCpu(const RowStatistics& made, const RowStatistics& reference,
                   const Tolerance& tolerance);

/// The same of IoT, and what is missing.
void ExpectLikeIot(const RowStatistics& made, const RowStatistics& reference,
                   const Tolerance& tolerance);

}  // namespace stria::bench
