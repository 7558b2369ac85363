#include "query/optimize/conditions.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace stria::query {
namespace {

// What NOT makes of a comparison; right for NULL and NaN too, which have a place in the order.
ExprOp Opposite(ExprOp op) {
  switch (op) {
    case ExprOp::kEq: return ExprOp::kNe;
    case ExprOp::kNe: return ExprOp::kEq;
    case ExprOp::kLt: return ExprOp::kGe;
    case ExprOp::kLe: return ExprOp::kGt;
    case ExprOp::kGt: return ExprOp::kLe;
    case ExprOp::kGe: return ExprOp::kLt;
    default: return op;
  }
}

std::string_view OpText(ExprOp op) {
  switch (op) {
    case ExprOp::kEq: return "=";
    case ExprOp::kNe: return "<>";
    case ExprOp::kLt: return "<";
    case ExprOp::kLe: return "<=";
    case ExprOp::kGt: return ">";
    default: return ">=";
  }
}

void SplitNegated(const ExprPtr& negated, const ExprPtr& whole, std::vector<ExprPtr>& conditions) {
  switch (negated->kind) {
    case ExprKind::kNot: SplitConditions(negated->args[0], conditions); return;
    case ExprKind::kOr:
      for (const auto& arg : negated->args) {
        auto inverse = std::make_shared<Expr>();
        inverse->kind = ExprKind::kNot;
        inverse->type = DataType::kBool;
        inverse->text = fmt::format("NOT {}", arg->text);
        inverse->args = {arg};
        SplitConditions(inverse, conditions);
      }
      return;
    case ExprKind::kCompare: {
      auto inverse = std::make_shared<Expr>(*negated);
      inverse->op = Opposite(negated->op);
      inverse->text = fmt::format("{} {} {}", negated->args[0]->text, OpText(inverse->op),
                                  negated->args[1]->text);
      conditions.push_back(std::move(inverse));
      return;
    }
    default: conditions.push_back(whole);
  }
}

bool IsTrue(const Expr& condition) {
  return condition.kind == ExprKind::kLiteral && !condition.literal.is_null() &&
         condition.literal.boolean();
}

ExprPtr Join(std::vector<ExprPtr> conditions) {
  if (conditions.size() == 1) return conditions[0];
  auto joined = std::make_shared<Expr>();
  joined->kind = ExprKind::kAnd;
  joined->type = DataType::kBool;
  for (const auto& condition : conditions) {
    const bool is_or = condition->kind == ExprKind::kOr;
    if (!joined->text.empty()) joined->text += " AND ";
    joined->text += is_or ? fmt::format("({})", condition->text) : condition->text;
  }
  joined->args = std::move(conditions);
  return joined;
}

}  // namespace

void SplitConditions(const ExprPtr& predicate, std::vector<ExprPtr>& conditions) {
  if (predicate->kind == ExprKind::kAnd) {
    for (const auto& arg : predicate->args)
      SplitConditions(arg, conditions);
  } else if (predicate->kind == ExprKind::kNot) {
    SplitNegated(predicate->args[0], predicate, conditions);
  } else {
    conditions.push_back(predicate);
  }
}

void AddFilter(PlanPtr& node, const std::vector<ExprPtr>& conditions) {
  std::vector<ExprPtr> needed;
  std::ranges::copy_if(conditions, std::back_inserter(needed),
                       [](const ExprPtr& condition) { return !IsTrue(*condition); });
  if (needed.empty()) return;
  auto filter = std::make_unique<PlanNode>();
  filter->kind = PlanKind::kFilter;
  filter->output = node->output;
  filter->predicate = Join(std::move(needed));
  filter->input = std::move(node);
  node = std::move(filter);
}

void TakeConditions(PlanPtr& plan,
                    const std::function<bool(const Expr& condition, PlanNode& scan)>& take) {
  PlanPtr* place = &plan;
  while (*place != nullptr) {
    PlanNode& node = **place;
    if (node.kind != PlanKind::kFilter || node.input->kind != PlanKind::kScan) {
      place = &node.input;
      continue;
    }
    std::vector<ExprPtr> conditions;
    SplitConditions(node.predicate, conditions);
    const auto taken = std::erase_if(
        conditions, [&](const ExprPtr& condition) { return take(*condition, *node.input); });
    if (taken == 0) return;
    PlanPtr scan = std::move(node.input);
    scan->output = std::move(node.output);  // The names above may be other ones.
    AddFilter(scan, conditions);
    *place = std::move(scan);
    return;
  }
}

ExprOp Mirrored(ExprOp op) {
  switch (op) {
    case ExprOp::kLt: return ExprOp::kGt;
    case ExprOp::kLe: return ExprOp::kGe;
    case ExprOp::kGt: return ExprOp::kLt;
    case ExprOp::kGe: return ExprOp::kLe;
    default: return op;
  }
}

std::optional<ColumnComparison> MatchComparison(const Expr& condition, bool through_casts) {
  if (condition.kind != ExprKind::kCompare) return std::nullopt;
  const Expr* column = condition.args[0].get();
  const Expr* literal = condition.args[1].get();
  ExprOp op = condition.op;
  if (column->kind == ExprKind::kLiteral) {
    std::swap(column, literal);
    op = Mirrored(op);
  }
  if (through_casts && column->kind == ExprKind::kCast && column->type == DataType::kFloat64 &&
      IsNumeric(column->args[0]->type)) {
    column = column->args[0].get();
  }
  if (column->kind != ExprKind::kColumn || literal->kind != ExprKind::kLiteral ||
      literal->literal.is_null()) {
    return std::nullopt;
  }
  return ColumnComparison{.column = column->column, .op = op, .literal = &literal->literal};
}

bool IsNeverTrue(const Expr& condition) {
  const auto is_null = [](const Expr& expr) {
    return expr.kind == ExprKind::kLiteral && expr.literal.is_null();
  };
  if (is_null(condition)) return true;
  if (condition.kind == ExprKind::kLiteral) return !condition.literal.boolean();
  return condition.kind == ExprKind::kCompare &&
         (is_null(*condition.args[0]) || is_null(*condition.args[1]));
}

}  // namespace stria::query
