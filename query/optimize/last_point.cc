#include "query/optimize/last_point.h"

#include <algorithm>
#include <utility>

namespace stria::query {
namespace {

bool HasRole(const Expr& expr, const PlanNode& scan, ColumnRole role) {
  return expr.kind == ExprKind::kColumn && scan.columns[expr.column].role == role;
}

bool AreTags(const std::vector<ExprPtr>& exprs, const PlanNode& scan) {
  return std::ranges::all_of(
      exprs, [&](const ExprPtr& expr) { return HasRole(*expr, scan, ColumnRole::kTag); });
}

bool IsNewestFirst(const SortKey& key, const PlanNode& scan) {
  return key.descending && HasRole(*key.expr, scan, ColumnRole::kTime);
}

// The sort keys begin with the keys.
bool IsDistinctOnTags(const PlanNode& node, const PlanNode& scan) {
  const size_t num_keys = node.exprs.size();
  return AreTags(node.exprs, scan) && node.sort_keys.size() > num_keys &&
         IsNewestFirst(node.sort_keys[num_keys], scan);
}

bool IsOfLastRow(const AggregateCall& call, const PlanNode& scan) {
  if (call.argument == nullptr) return false;
  const bool of_tag = HasRole(*call.argument, scan, ColumnRole::kTag);
  const bool of_time = HasRole(*call.argument, scan, ColumnRole::kTime);
  switch (call.kind) {
    case AggregateKind::kMin: return of_tag;
    case AggregateKind::kMax: return of_tag || of_time;
    case AggregateKind::kLast:
      return (of_tag || of_time) && HasRole(*call.order, scan, ColumnRole::kTime);
    default: return false;
  }
}

bool NeedsLastRowOnly(const PlanNode& node, const PlanNode& scan) {
  switch (node.kind) {
    case PlanKind::kDistinctOn: return IsDistinctOnTags(node, scan);
    case PlanKind::kSort:
      return node.top && *node.top <= 1 && IsNewestFirst(node.sort_keys[0], scan);
    case PlanKind::kAggregate:
      return AreTags(node.exprs, scan) &&
             std::ranges::all_of(node.aggregates, [&](const AggregateCall& call) {
               return IsOfLastRow(call, scan);
             });
    default: return false;
  }
}

}  // namespace

void FindLastPoints(PlanPtr& plan) {
  for (PlanNode* node = plan.get(); node->input != nullptr; node = node->input.get()) {
    PlanNode& input = *node->input;
    if (input.kind == PlanKind::kScan && NeedsLastRowOnly(*node, input))
      input.request.last_row_only = true;
  }
}

}  // namespace stria::query
