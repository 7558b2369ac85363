// The hosts of cpu-only and devops: ten tags each, and nine measurements that walk at random.

#pragma once

#include <cstdint>
#include <memory>

#include "bench/workload/workload.h"

namespace stria::bench {

/// Requires options of cpu-only or devops that OpenWorkload() has checked.
std::unique_ptr<RowSource> MakeHostRows(const WorkloadOptions& options);

/// Rows of one host or truck in one tick.
uint64_t NumMeasurements(WorkloadKind kind);

}  // namespace stria::bench
