#include "query/optimize/predicate_pushdown.h"

#include <algorithm>
#include <utility>

#include "query/expr/evaluator.h"
#include "query/optimize/conditions.h"

namespace stria::query {
namespace {

using Conditions = std::vector<ExprPtr>;

// `expr` with column i replaced by exprs[i].
ExprPtr Substitute(const ExprPtr& expr, const std::vector<ExprPtr>& exprs) {
  if (expr->kind == ExprKind::kColumn) return exprs[expr->column];
  if (expr->args.empty()) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  for (auto& arg : copy->args)
    arg = Substitute(arg, exprs);
  return copy;
}

// Whether `condition` has columns, and all of them satisfy `is_key`.
template <typename IsKey>
bool IsAboutKeys(const Expr& condition, const IsKey& is_key) {
  std::vector<uint32_t> columns;
  CollectColumns(condition, columns);
  return !columns.empty() && std::ranges::all_of(columns, is_key);
}

// Takes those that pass out of `conditions`.
template <typename Passes>
Conditions TakeIf(Conditions& conditions, const Passes& passes) {
  Conditions taken;
  std::erase_if(conditions, [&](const ExprPtr& condition) {
    if (!passes(*condition)) return false;
    taken.push_back(condition);
    return true;
  });
  return taken;
}

// Makes the rows of `node` satisfy `conditions` too.
void Push(PlanPtr& node, Conditions conditions) {
  switch (node->kind) {
    case PlanKind::kFilter: {
      SplitConditions(node->predicate, conditions);
      PlanPtr input = std::move(node->input);
      input->output = std::move(node->output);  // The names above may be other ones.
      node = std::move(input);
      Push(node, std::move(conditions));
      return;
    }
    case PlanKind::kProject:
      for (auto& condition : conditions)
        condition = Substitute(condition, node->exprs);
      Push(node->input, std::move(conditions));
      return;
    case PlanKind::kSort: Push(node->input, std::move(conditions)); return;
    case PlanKind::kAggregate: {
      Conditions below = TakeIf(conditions, [&](const Expr& condition) {
        return IsAboutKeys(condition, [&](uint32_t column) { return column < node->exprs.size(); });
      });
      for (auto& condition : below)
        condition = Substitute(condition, node->exprs);
      Push(node->input, std::move(below));
      break;
    }
    // Either way, conditions on keys drop whole groups, or none of their rows.
    case PlanKind::kWindow:
    case PlanKind::kDistinctOn: {
      const auto is_key = [&](uint32_t column) {
        return std::ranges::any_of(node->exprs, [&](const ExprPtr& key) {
          return key->kind == ExprKind::kColumn && key->column == column;
        });
      };
      Conditions below =
          TakeIf(conditions, [&](const Expr& condition) { return IsAboutKeys(condition, is_key); });
      Push(node->input, std::move(below));
      break;
    }
    case PlanKind::kLimit: Push(node->input, {}); break;
    case PlanKind::kScan:
    case PlanKind::kVirtualScan:
    case PlanKind::kOneRow: break;
  }
  AddFilter(node, conditions);
}

}  // namespace

void PushPredicates(PlanPtr& plan) {
  Push(plan, {});
}

}  // namespace stria::query
