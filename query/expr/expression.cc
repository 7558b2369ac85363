#include "query/expr/expression.h"

#include <utility>

namespace stria::query {

bool SameExpr(const Expr& a, const Expr& b) {
  if (&a == &b) return true;
  if (a.kind != b.kind || a.op != b.op || a.type != b.type || a.column != b.column ||
      a.function != b.function || a.args.size() != b.args.size() || !(a.literal == b.literal)) {
    return false;
  }
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (!SameExpr(*a.args[i], *b.args[i])) return false;
  }
  return true;
}

bool GoesByTime(AggregateKind kind) {
  return kind == AggregateKind::kFirst || kind == AggregateKind::kLast ||
         kind >= AggregateKind::kIncrease;
}

ExprPtr MapColumns(const ExprPtr& expr, const std::vector<uint32_t>& mapping) {
  if (expr->kind == ExprKind::kColumn) {
    if (mapping[expr->column] == expr->column) return expr;
    auto copy = std::make_shared<Expr>(*expr);
    copy->column = mapping[expr->column];
    return copy;
  }
  std::vector<ExprPtr> args;
  bool changed = false;
  for (const auto& arg : expr->args) {
    args.push_back(MapColumns(arg, mapping));
    changed |= args.back() != arg;
  }
  if (!changed) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  copy->args = std::move(args);
  return copy;
}

ExprPtr MakeColumnRef(uint32_t column, DataType type, std::string text) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kColumn;
  expr->type = type;
  expr->column = column;
  expr->text = std::move(text);
  return expr;
}

}  // namespace stria::query
