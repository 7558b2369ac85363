#include "query/exec/run_aggregate_plan.h"

#include <utility>

namespace stria::query {
namespace {

using Kind = RunColumn::Kind;

// The column of `scan` that `expr` is, if it is one.
std::optional<RunColumn> MatchColumn(const PlanNode& scan, const Expr& expr) {
  if (expr.kind != ExprKind::kColumn) return std::nullopt;
  RunColumn column{.scan_column = expr.column};
  switch (scan.columns[expr.column].role) {
    case ColumnRole::kTime: column.kind = Kind::kTime; return column;
    case ColumnRole::kTag: column.kind = Kind::kTag; return column;
    case ColumnRole::kField: break;
  }
  column.kind = Kind::kField;
  for (uint32_t i = 0; i < expr.column; ++i)
    column.field += scan.columns[i].role == ColumnRole::kField ? 1U : 0U;
  return column;
}

std::optional<uint32_t> TimeColumnOf(const PlanNode& scan) {
  for (uint32_t i = 0; i < scan.columns.size(); ++i) {
    if (scan.columns[i].role == ColumnRole::kTime) return i;
  }
  return std::nullopt;
}

bool MatchKey(const PlanNode& scan, const Expr& key, RunAggregatePlan& plan) {
  const auto column = MatchColumn(scan, key);
  if (column && column->kind == Kind::kTag) {
    plan.keys.push_back(*column);
    return true;
  }
  const auto time_column = TimeColumnOf(scan);
  if (column || !time_column) return false;
  const auto bucket = MatchTimeBucket(key, *time_column);
  if (!bucket) return false;
  if (plan.bucket &&
      (plan.bucket->width_ns != bucket->width_ns || plan.bucket->origin_ns != bucket->origin_ns)) {
    return false;
  }
  plan.bucket = bucket;
  plan.keys.push_back({.kind = Kind::kBucket});
  return true;
}

bool HasKernel(AggregateKind kind, Kind column, DataType type) {
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount: return true;
    case AggregateKind::kSum:
    case AggregateKind::kAvg: return column == Kind::kField && IsNumeric(type);
    case AggregateKind::kMin:
    case AggregateKind::kMax: return column != Kind::kField || type != DataType::kString;
    case AggregateKind::kFirst:
    case AggregateKind::kLast: return true;
    default: return false;
  }
}

bool MatchCall(const PlanNode& scan, const AggregateCall& call, RunAggregatePlan& plan) {
  if (call.is_distinct) return false;
  if (call.kind == AggregateKind::kCountStar ||
      (call.kind == AggregateKind::kCount && call.argument->kind == ExprKind::kLiteral &&
       !call.argument->literal.is_null())) {
    plan.arguments.push_back({.kind = Kind::kRows});
    return true;
  }
  const auto column = MatchColumn(scan, *call.argument);
  if (!column || !HasKernel(call.kind, column->kind, call.argument->type)) return false;
  if (call.kind == AggregateKind::kFirst || call.kind == AggregateKind::kLast) {
    const auto order = MatchColumn(scan, *call.order);
    if (!order || order->kind != Kind::kTime) return false;
  }
  plan.arguments.push_back(*column);
  return true;
}

}  // namespace

std::optional<RunAggregatePlan> MatchRunAggregate(const PlanNode& node) {
  if (node.kind != PlanKind::kAggregate || node.input->kind != PlanKind::kScan) return std::nullopt;
  RunAggregatePlan plan;
  for (const auto& key : node.exprs) {
    if (!MatchKey(*node.input, *key, plan)) return std::nullopt;
  }
  for (const auto& call : node.aggregates) {
    if (!MatchCall(*node.input, call, plan)) return std::nullopt;
  }
  return plan;
}

}  // namespace stria::query
