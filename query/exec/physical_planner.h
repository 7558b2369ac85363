// Runs a logical plan: turns it into operators and hands the rows of the topmost one to a sink.
//
// An aggregate right above a scan whose keys are tags and time buckets and whose arguments are
// plain columns becomes a run_aggregate, which never looks at a row by itself; everything else
// becomes the operator of its own name.

#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "query/exec/result_sink.h"
#include "query/plan/logical_plan.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/memory_budget.h"
#include "storage/engine/engine.h"

namespace stria::query {

/// What one execution may use, and what it did. The objects outlive the call.
struct ExecContext {
  storage::Engine& engine;
  Executor& executor;
  const Clock& clock;
  /// On clock.MonotonicNs(); code timeout.
  int64_t deadline_ns = std::numeric_limits<int64_t>::max();
  const std::atomic<bool>* cancelled = nullptr;  ///< may be null; code cancelled
  uint64_t memory_bytes = 1ULL << 30;            ///< code memory_limit
  MemoryBudget* memory = nullptr;  ///< of all queries; may be null; code resource_exhausted
  uint64_t max_rows = 0;           ///< 0 = no limit; code resource_exhausted
  /// Filled in, also when the plan fails: all but elapsed_ns.
  QueryStats stats;
};

/// Runs `plan`. Calls sink.OnColumns() once and sink.OnBatch() for each batch, from this thread;
/// the caller calls OnEnd(), or OnError() with the error that is returned. A sink that returns
/// false ends the execution without an error. An error can come before OnColumns() (the scan did
/// not open, an aggregate failed) or after rows.
std::optional<QueryError> ExecutePlan(const PlanNode& plan, ExecContext& context, ResultSink& sink);

/// The operator tree as text, one line each, as EXPLAIN shows it below the logical plan.
std::string ExplainOperators(const PlanNode& plan);

/// The API code ("corrupt_part", "timeout", ...) and message for a failed Status.
QueryError ToQueryError(const Status& status);

}  // namespace stria::query
