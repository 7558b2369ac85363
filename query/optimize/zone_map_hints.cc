#include "query/optimize/zone_map_hints.h"

#include <cmath>
#include <optional>

#include "query/optimize/conditions.h"

namespace stria::query {
namespace {

using storage::CompareOp;

// Integers up to here are themselves as float64; beyond, a rounded bound could skip a row too many.
constexpr double kMaxExactInteger = 0x1p53;

std::optional<double> BoundOf(const Value& literal, DataType column) {
  double bound = 0;
  switch (literal.type) {
    case DataType::kFloat64: bound = literal.float64(); break;
    case DataType::kInt64: bound = static_cast<double>(literal.int64()); break;
    case DataType::kUint64: bound = static_cast<double>(literal.uint64()); break;
    default: return std::nullopt;
  }
  if (std::isnan(bound)) return std::nullopt;
  if (column != DataType::kFloat64 && std::abs(bound) >= kMaxExactInteger) return std::nullopt;
  return bound;
}

// `<>` skips hardly ever, and is no hint.
std::optional<CompareOp> HintOp(ExprOp op) {
  switch (op) {
    case ExprOp::kEq: return CompareOp::kEq;
    case ExprOp::kLt: return CompareOp::kLt;
    case ExprOp::kLe: return CompareOp::kLe;
    case ExprOp::kGt: return CompareOp::kGt;
    case ExprOp::kGe: return CompareOp::kGe;
    default: return std::nullopt;
  }
}

bool Hint(const Expr& condition, PlanNode& scan) {
  const auto comparison = MatchComparison(condition, /*through_casts=*/true);
  if (!comparison) return false;
  const ColumnSchema& column = scan.columns[comparison->column];
  if (column.role != ColumnRole::kField || !IsNumeric(column.type)) return false;
  const auto op = HintOp(comparison->op);
  const auto bound = BoundOf(*comparison->literal, column.type);
  if (op && bound) scan.request.hints.push_back({.column = column.id, .op = *op, .value = *bound});
  return false;  // It stays in the filter.
}

}  // namespace

void AddZoneMapHints(PlanPtr& plan) {
  TakeConditions(plan, Hint);
}

}  // namespace stria::query
