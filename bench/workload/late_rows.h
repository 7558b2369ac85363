// Holds rows back, so that they come out of order, and writes some twice.

#pragma once

#include <memory>

#include "bench/workload/workload.h"

namespace stria::bench {

/// The rows of `rows` with the shares of `options` moved and repeated.
std::unique_ptr<RowSource> MakeLateRows(const WorkloadOptions& options,
                                        std::unique_ptr<RowSource> rows);

}  // namespace stria::bench
