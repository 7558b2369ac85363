#include "query/bind/grouping.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "query/bind/window_binder.h"

namespace stria::query {

void Grouping::AddKey(ExprPtr key) {
  const auto same = [&](const ExprPtr& other) { return SameExpr(*key, *other); };
  if (std::ranges::none_of(keys_, same)) keys_.push_back(std::move(key));
}

// Null when some column is neither grouped nor aggregated.
ExprPtr Grouping::TryLift(const ExprPtr& expr) const {
  for (uint32_t i = 0; i < keys_.size(); ++i) {
    if (SameExpr(*expr, *keys_[i])) return MakeColumnRef(i, expr->type, expr->text);
  }
  if (expr->kind == ExprKind::kColumn) {
    const size_t num_columns = scope_.columns().size();
    if (expr->column < num_columns) return nullptr;
    if (expr->column >= kFirstWindowColumn) return expr;
    const size_t call = expr->column - num_columns;
    return MakeColumnRef(static_cast<uint32_t>(keys_.size() + call), expr->type, expr->text);
  }
  if (expr->args.empty()) return expr;
  auto lifted = std::make_shared<Expr>(*expr);
  for (auto& arg : lifted->args) {
    arg = TryLift(arg);
    if (arg == nullptr) return nullptr;
  }
  return lifted;
}

Bound<ExprPtr> Grouping::Lift(const ExprPtr& expr, const AstExpr& ast,
                              const ExprContext& context) const {
  ExprPtr lifted = TryLift(expr);
  if (lifted == nullptr) return NotGrouped(ast, context);
  return lifted;
}

Bound<ExprPtr> Grouping::LiftColumn(const ExprPtr& column, Position position) const {
  ExprPtr lifted = TryLift(column);
  if (lifted == nullptr) return NotGrouped(column->text, position);
  return lifted;
}

// Goes down to the smallest part that cannot be lifted. Binding the parts again is slow, and fine
// for an error.
QueryError Grouping::NotGrouped(const AstExpr& ast, const ExprContext& context) const {
  const bool is_aggregate = ast.kind == AstKind::kCall && IsAggregateName(ast.names[0]);
  if (!is_aggregate) {
    for (const auto& arg : ast.args) {
      const auto bound = BindExpr(*arg, context);
      if (bound && TryLift(*bound) == nullptr) return NotGrouped(*arg, context);
    }
  }
  return NotGrouped(ast.kind == AstKind::kColumn ? ast.names.back() : ast.text, ast.position);
}

QueryError Grouping::NotGrouped(const std::string& name, Position position) const {
  return BindError(
      position, "invalid_argument",
      fmt::format("column \"{}\" is neither in GROUP BY nor in an aggregate", name),
      fmt::format("add it to GROUP BY, or write {}({})", scope_.FindTime() ? "last" : "max", name));
}

}  // namespace stria::query
