// Filters as lists of conditions that must all hold, for the rules that move conditions.

#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "query/plan/logical_plan.h"

namespace stria::query {

/// Appends the conditions of `predicate`: ANDs are flattened, and NOT is moved inwards where that
/// gives a plainer condition (a comparison, or an AND from an OR).
void SplitConditions(const ExprPtr& predicate, std::vector<ExprPtr>& conditions);

/// Puts a filter of `conditions` above `node`. Conditions that are always true are left out, and so
/// is the filter when none is left.
void AddFilter(PlanPtr& node, const std::vector<ExprPtr>& conditions);

/// Shows each condition of each filter right above a scan to `take`. Those for which it returns
/// true leave the filter, because the scan sees to them now.
void TakeConditions(PlanPtr& plan,
                    const std::function<bool(const Expr& condition, PlanNode& scan)>& take);

/// `op` with its sides exchanged: a < b is b > a.
ExprOp Mirrored(ExprOp op);

/// A comparison of a column with a literal that is not NULL, whichever side it was written on.
struct ColumnComparison {
  uint32_t column = 0;
  ExprOp op = ExprOp::kNone;
  const Value* literal = nullptr;
};
/// `through_casts`: a column that is cast to float64 counts too; the literal is one then.
std::optional<ColumnComparison> MatchComparison(const Expr& condition, bool through_casts = false);

/// Whether no row can satisfy `condition`: FALSE, NULL or a comparison with NULL.
bool IsNeverTrue(const Expr& condition);

}  // namespace stria::query
