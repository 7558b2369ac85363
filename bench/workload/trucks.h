// The trucks of the IoT workload: readings and diagnostics, with rows dropped, late and incomplete.

#pragma once

#include <memory>

#include "bench/workload/workload.h"

namespace stria::bench {

/// Requires options of iot that OpenWorkload() has checked.
std::unique_ptr<RowSource> MakeTruckRows(const WorkloadOptions& options);

}  // namespace stria::bench
