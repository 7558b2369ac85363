// The front door of query/: SQL text in, a stream of batches out.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/batch.h"
#include "query/expr/query_error.h"
#include "query/plan/logical_plan.h"
#include "query/plan/virtual_table.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/status.h"
#include "storage/engine/engine.h"

namespace stria::query {

struct QueryLimits {
  int64_t timeout_ns = 60LL * 1'000'000'000;
  uint64_t memory_bytes = 1ULL << 30;  ///< code memory_limit
  uint64_t max_rows = 0;  ///< rows of the answer; 0 = no limit; code resource_exhausted
};

struct QueryRequest {
  std::string sql;
  std::string database;  ///< for tables without a database in their name
  QueryLimits limits;
  std::shared_ptr<std::atomic<bool>> cancelled;  ///< may be null; set from outside to stop
};

struct QueryStats {
  int64_t elapsed_ns = 0;
  uint64_t rows_returned = 0;
  uint64_t rows_scanned = 0;
  uint64_t parts = 0, parts_pruned = 0, vectors_pruned = 0, bytes_read = 0;
};

/// Receives an answer. Calls come from one thread: OnColumns() once, OnBatch() any number of times,
/// then OnEnd() or OnError() once; an error may also come first, or after rows.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void OnColumns(const std::vector<OutputColumn>& columns) = 0;
  /// Returns false to stop (the client is gone).
  virtual bool OnBatch(const Batch& batch) = 0;
  /// `note` explains an empty answer ("0 rows: plant.readings has data from ... to ..."), else
  /// empty.
  virtual void OnEnd(const QueryStats& stats, const std::string& note) = 0;
  virtual void OnError(const QueryError& error) = 0;
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
