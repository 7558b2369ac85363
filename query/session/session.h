// The front door of query/: SQL text in, a stream of batches out.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/bind/access.h"
#include "query/exec/result_sink.h"
#include "query/plan/virtual_table.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/memory_budget.h"
#include "storage/base/status.h"
#include "storage/engine/engine.h"

namespace stria::query {

struct QueryLimits {
  int64_t timeout_ns = 60LL * 1'000'000'000;
  uint64_t memory_bytes = 1ULL << 30;  ///< code memory_limit
  uint64_t max_rows = 0;  ///< rows of the answer; 0 = no limit; code resource_exhausted
  /// Of all queries, outlives them; null: no limit; code resource_exhausted.
  MemoryBudget* memory = nullptr;
};

struct QueryRequest {
  std::string sql;
  std::string database;  ///< for tables without a database in their name
  QueryLimits limits;
  std::shared_ptr<std::atomic<bool>> cancelled;  ///< may be null; set from outside to stop
  AccessCheck access;  ///< asked for each table and database; empty: everything is allowed
};

/// Thread safety: thread-safe; Execute() runs on the calling thread and may use the executor.
class QueryService {
 public:
  virtual ~QueryService() = default;
  virtual void Execute(const QueryRequest& request, ResultSink& sink) = 0;
};

/// `engine`, `clock`, `executor` and `virtual_tables` outlive the service. Parses a few typical
/// statements to warm the parser up.
std::unique_ptr<QueryService> MakeQueryService(storage::Engine& engine, Clock& clock,
                                               Executor& executor,
                                               const VirtualTableRegistry& virtual_tables);

}  // namespace stria::query
