// Logical plans by hand, node by node, for tests and benchmarks of what runs them.
//
// Columns are named; each builder looks names up in the output of its input.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/exec/result_sink.h"
#include "query/plan/logical_plan.h"
#include "storage/types/schema.h"
#include "storage/types/time_range.h"

namespace stria::query {

/// Column `name` of what `input` puts out. Stops the process if there is none.
ExprPtr Ref(const PlanNode& input, std::string_view name);
ExprPtr Literal(Value value);
/// kCompare, kArith, kAnd, kOr, kNot, kIsNull: of `args`, with the type that follows.
ExprPtr MakeExpr(ExprKind kind, std::vector<ExprPtr> args, ExprOp op = ExprOp::kNone);
/// time_bucket(width_ns, time[, origin_ns]).
ExprPtr BucketOf(int64_t width_ns, ExprPtr time, std::optional<int64_t> origin_ns = std::nullopt);
/// `time` orders kFirst and kLast.
AggregateCall MakeAggregate(AggregateKind kind, ExprPtr argument, ExprPtr time = nullptr);

/// `aggregate` is that of kAggregate.
WindowCall MakeWindowCall(WindowKind kind, std::vector<ExprPtr> args, WindowFrame frame = {},
                          AggregateKind aggregate = AggregateKind::kCountStar);

PlanPtr ScanOf(TableSchemaPtr table, const std::vector<std::string>& columns, TimeRange time = {});
PlanPtr FilterOf(ExprPtr predicate, PlanPtr input);
PlanPtr ProjectOf(std::vector<ExprPtr> exprs, PlanPtr input);
PlanPtr AggregateOf(std::vector<ExprPtr> keys, std::vector<AggregateCall> calls, PlanPtr input);
PlanPtr SortOf(std::vector<SortKey> keys, PlanPtr input, std::optional<uint64_t> top = {});
PlanPtr LimitOf(std::optional<uint64_t> limit, uint64_t offset, PlanPtr input);
PlanPtr WindowOf(std::vector<ExprPtr> partition, std::vector<SortKey> order,
                 std::vector<WindowCall> calls, PlanPtr input);
PlanPtr DistinctOnOf(std::vector<ExprPtr> keys, std::vector<SortKey> order, PlanPtr input);

/// Keeps all rows of an answer, as values.
class CollectingSink final : public ResultSink {
 public:
  void OnColumns(const std::vector<OutputColumn>& header) override {
    columns = header;
    ++num_headers;
  }
  bool OnBatch(const Batch& batch) override;
  void OnEnd(const QueryStats& /*stats*/, const std::string& /*note*/) override {}
  void OnError(const QueryError& /*error*/) override {}

  std::vector<OutputColumn> columns;
  std::vector<std::vector<Value>> rows;
  uint32_t num_headers = 0;
  uint32_t num_batches = 0;
  uint32_t largest_batch = 0;
  uint64_t stop_after_rows = UINT64_MAX;  ///< OnBatch() returns false from then on
};

}  // namespace stria::query
