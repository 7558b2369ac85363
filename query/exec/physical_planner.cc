#include "query/exec/physical_planner.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "query/exec/distinct_on.h"
#include "query/exec/hash_aggregate.h"
#include "query/exec/limit.h"
#include "query/exec/operator.h"
#include "query/exec/query_context.h"
#include "query/exec/run_aggregate.h"
#include "query/exec/run_aggregate_plan.h"
#include "query/exec/scan.h"
#include "query/exec/sort.h"
#include "query/exec/sources.h"
#include "query/exec/transforms.h"
#include "query/exec/window.h"
#include "query/plan/virtual_table.h"
#include "storage/base/error_codes.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

std::unique_ptr<Operator> MakeOperator(const PlanNode& node, QueryContext& context) {
  switch (node.kind) {
    case PlanKind::kScan: return std::make_unique<ScanOperator>(node, context);
    case PlanKind::kVirtualScan: return std::make_unique<VirtualScanOperator>(node);
    case PlanKind::kOneRow: return std::make_unique<OneRowOperator>();
    case PlanKind::kFilter:
      return std::make_unique<FilterOperator>(node.predicate, MakeOperator(*node.input, context));
    case PlanKind::kProject:
      return std::make_unique<ProjectOperator>(node.exprs, MakeOperator(*node.input, context));
    case PlanKind::kAggregate:
      if (auto plan = MatchRunAggregate(node)) {
        return std::make_unique<RunAggregateOperator>(node, *std::move(plan), context);
      }
      return std::make_unique<HashAggregateOperator>(node, MakeOperator(*node.input, context),
                                                     context);
    case PlanKind::kSort:
      return std::make_unique<SortOperator>(node, MakeOperator(*node.input, context), context);
    case PlanKind::kLimit:
      return std::make_unique<LimitOperator>(node.limit, node.offset,
                                             MakeOperator(*node.input, context));
    case PlanKind::kDistinctOn:
      return std::make_unique<DistinctOnOperator>(node, MakeOperator(*node.input, context),
                                                  context);
    case PlanKind::kWindow:
      return std::make_unique<WindowOperator>(node, MakeOperator(*node.input, context), context);
  }
  return nullptr;
}

// Whether rows pass a filter on their way from a scan to the top. Without one, what takes time is
// the sink, and other threads would only pile batches up before it.
bool StreamsThroughFilter(const PlanNode& plan) {
  for (const PlanNode* node = &plan; node != nullptr; node = node->input.get()) {
    if (node->kind == PlanKind::kFilter) return true;
    if (node->kind != PlanKind::kProject) return false;
  }
  return false;
}

// Hands batches to the sink and counts them.
class SinkFeeder {
 public:
  SinkFeeder(QueryContext& context, ExecContext& exec, ResultSink& sink)
      : context_(context), exec_(exec), sink_(sink) {}

  Result<bool> Take(const Batch& batch) {
    STRIA_RETURN_IF_ERROR(context_.Check());
    if (exec_.max_rows > 0 && exec_.stats.rows_returned + batch.num_rows > exec_.max_rows) {
      return ResourceExhausted("the answer has more than the {} rows that one may have; add LIMIT",
                               exec_.max_rows);
    }
    exec_.stats.rows_returned += batch.num_rows;
    return sink_.OnBatch(batch);
  }

 private:
  QueryContext& context_;
  ExecContext& exec_;
  ResultSink& sink_;
};

Status StreamInOrder(Operator& root, SinkFeeder& feeder) {
  for (size_t morsel = 0; morsel < root.num_morsels(); ++morsel) {
    STRIA_ASSIGN_OR_RETURN(
        const bool goes_on,
        root.Read(morsel, [&](Batch&& batch) -> Result<bool> { return feeder.Take(batch); }));
    if (!goes_on) break;
  }
  return Status::Ok();
}

// What a morsel gave, until the sink takes it.
struct WaitingBatches {
  std::vector<Batch> batches;
  std::unique_ptr<MemoryUse> memory;
};

// A few morsels at a time, so that what waits for the sink stays small.
Status StreamInParallel(Operator& root, size_t num_workers, QueryContext& context,
                        SinkFeeder& feeder) {
  constexpr size_t kMorselsPerWorker = 2;
  const size_t window = num_workers * kMorselsPerWorker;
  for (size_t begin = 0; begin < root.num_morsels(); begin += window) {
    const size_t count = std::min(window, root.num_morsels() - begin);
    std::vector<WaitingBatches> waiting;
    for (size_t i = 0; i < count; ++i)
      waiting.push_back({.batches = {}, .memory = std::make_unique<MemoryUse>(context)});
    const auto read = [&](size_t /*worker*/, size_t morsel) {
      uint64_t bytes = 0;
      return root.Read(begin + morsel, [&](Batch&& batch) -> Result<bool> {
        bytes += batch.MemoryBytes();
        STRIA_RETURN_IF_ERROR(waiting[morsel].memory->Set(bytes));
        waiting[morsel].batches.push_back(std::move(batch));
        return true;
      });
    };
    STRIA_RETURN_IF_ERROR(ForEachMorsel(context, count, num_workers, read));
    for (const auto& of_morsel : waiting) {
      for (const auto& batch : of_morsel.batches) {
        STRIA_ASSIGN_OR_RETURN(const bool goes_on, feeder.Take(batch));
        if (!goes_on) return Status::Ok();
      }
    }
  }
  return Status::Ok();
}

Status Run(const PlanNode& plan, QueryContext& context, ExecContext& exec, ResultSink& sink) {
  STRIA_RETURN_IF_ERROR(context.Check());
  const auto root = MakeOperator(plan, context);
  STRIA_RETURN_IF_ERROR(root->Open());
  sink.OnColumns(plan.output);
  SinkFeeder feeder(context, exec, sink);
  const size_t num_workers = StreamsThroughFilter(plan) ? NumWorkers(*root) : 1;
  return num_workers > 1 ? StreamInParallel(*root, num_workers, context, feeder)
                         : StreamInOrder(*root, feeder);
}

std::string OperatorText(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan:
      return fmt::format("Scan {}.{}", node.request.table->database, node.request.table->name);
    case PlanKind::kVirtualScan: return "VirtualScan system." + node.virtual_table->name();
    case PlanKind::kOneRow: return "OneRow";
    case PlanKind::kFilter: return "Filter";
    case PlanKind::kProject: return fmt::format("Project {} columns", node.exprs.size());
    case PlanKind::kAggregate: {
      const bool is_by_run = MatchRunAggregate(node).has_value();
      return fmt::format("{} {} keys, {} aggregates", is_by_run ? "RunAggregate" : "HashAggregate",
                         node.exprs.size(), node.aggregates.size());
    }
    case PlanKind::kSort:
      return node.top ? fmt::format("TopN {} rows, {} keys", *node.top, node.sort_keys.size())
                      : fmt::format("Sort {} keys", node.sort_keys.size());
    case PlanKind::kLimit: return "Limit";
    case PlanKind::kDistinctOn: return fmt::format("DistinctOn {} keys", node.exprs.size());
    case PlanKind::kWindow:
      return fmt::format("Window {} functions, {} partition keys, {} order keys",
                         node.window_calls.size(), node.exprs.size(), node.sort_keys.size());
  }
  return "?";
}

}  // namespace

std::optional<QueryError> ExecutePlan(const PlanNode& plan, ExecContext& context,
                                      ResultSink& sink) {
  QueryContext query(context);
  const Status status = Run(plan, query, context, sink);
  if (status.ok()) return std::nullopt;
  QueryError error = ToQueryError(status);
  if (status.code() == StatusCode::kResourceExhausted && query.is_over_budget()) {
    error.code = "memory_limit";
  }
  return error;
}

std::string ExplainOperators(const PlanNode& plan) {
  std::string text;
  std::string indent;
  for (const PlanNode* node = &plan; node != nullptr; node = node->input.get()) {
    text += indent + OperatorText(*node);
    // The scan of a run aggregate hands out blocks, not batches: it is one operator with it.
    if (MatchRunAggregate(*node)) {
      node = node->input.get();
      text += " of " + OperatorText(*node);
    }
    text += '\n';
    indent += "  ";
  }
  return text;
}

QueryError ToQueryError(const Status& status) {
  return {.code = std::string(ApiCodeOf(status.code())),
          .message = std::string(status.message()),
          .line = 0,
          .column = 0,
          .hint = {}};
}

}  // namespace stria::query
