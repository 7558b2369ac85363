// What a database holds of a workload.

#pragma once

#include <string_view>

#include "bench/stria_bench/query_types.h"
#include "bench/stria_bench/server_under_test.h"
#include "storage/base/status.h"

namespace stria::bench {

/// Asks for the first and the last time and for all hosts or trucks. Fails with kInvalidArgument
/// when there are none.
Result<DataShape> ReadDataShape(ServerUnderTest& server, std::string_view database,
                                WorkloadKind kind);

}  // namespace stria::bench
