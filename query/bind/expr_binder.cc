#include "query/bind/expr_binder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "query/bind/aggregate_binder.h"
#include "query/bind/type_coercion.h"
#include "query/bind/window_binder.h"
#include "query/expr/arithmetic.h"
#include "query/expr/function_registry.h"
#include "query/expr/time_text.h"
#include "storage/types/regex_pattern.h"

namespace stria::query {
namespace {

class ExprBinder {
 public:
  explicit ExprBinder(const ExprContext& context) : context_(context) {}

  Bound<ExprPtr> Bind(const AstExpr& ast) {
    STRIA_BIND(ExprPtr expr, BindNode(ast));
    return Fold(std::move(expr));
  }

 private:
  Bound<ExprPtr> BindNode(const AstExpr& ast) {
    switch (ast.kind) {
      case AstKind::kColumn: return BindColumn(ast);
      case AstKind::kLiteral: return MakeLiteral(ast.literal, ast.text);
      case AstKind::kCompare: return BindCompare(ast);
      case AstKind::kArith: return BindArith(ast);
      case AstKind::kAnd: return BindLogic(ast, ExprKind::kAnd);
      case AstKind::kOr: return BindLogic(ast, ExprKind::kOr);
      case AstKind::kNot: return BindLogic(ast, ExprKind::kNot);
      case AstKind::kIsNull: return BindIsNull(ast);
      case AstKind::kIn: return BindIn(ast);
      case AstKind::kBetween: return BindBetween(ast);
      case AstKind::kLike: return BindLike(ast);
      case AstKind::kRegex: return BindRegex(ast);
      case AstKind::kCast: return BindCast(ast);
      case AstKind::kCall: return BindCall(ast);
      case AstKind::kCase: return BindCase(ast);
    }
    return BindError(ast.position, "parse", "an expression of an unknown kind");
  }

  static std::shared_ptr<Expr> New(ExprKind kind, DataType type, std::string text) {
    auto expr = std::make_shared<Expr>();
    expr->kind = kind;
    expr->type = type;
    expr->text = std::move(text);
    return expr;
  }

  Bound<ExprPtr> BindColumn(const AstExpr& ast) {
    if (const auto column = context_.scope.Find(ast.names)) {
      if (context_.scope.IsAmbiguous(*column)) {
        return BindError(ast.position, "invalid_argument",
                         fmt::format("column \"{}\" is ambiguous: {} has several of that name",
                                     ast.names.back(), context_.scope.description()),
                         "give them different names with AS");
      }
      return MakeColumnRef(*column, context_.scope.columns()[*column].type, ast.names.back());
    }
    if (context_.aliases != nullptr && ast.names.size() == 1) {
      for (const auto& item : *context_.aliases) {
        if (item.expr == nullptr || item.alias != ast.names[0]) continue;
        ExprContext inner = context_;
        inner.aliases = nullptr;
        return ExprBinder(inner).Bind(*item.expr);
      }
    }
    return context_.scope.UnknownColumn(ast);
  }

  Bound<std::vector<ExprPtr>> BindAll(const std::vector<AstExprPtr>& asts) {
    std::vector<ExprPtr> exprs;
    for (const auto& ast : asts) {
      STRIA_BIND(ExprPtr expr, Bind(*ast));
      exprs.push_back(std::move(expr));
    }
    return exprs;
  }

  static Bound<ExprPtr> Compare(ExprOp op, ExprPtr left, ExprPtr right, const std::string& text,
                                Position position) {
    STRIA_BIND(const DataType type, UnifyTypes(left, right, position));
    static_cast<void>(type);
    auto expr = New(ExprKind::kCompare, DataType::kBool, text);
    expr->op = op;
    expr->args = {std::move(left), std::move(right)};
    return ExprPtr(expr);
  }

  Bound<ExprPtr> BindCompare(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    return Compare(ast.op, args[0], args[1], ast.text, ast.position);
  }

  // A text or NULL next to a time, interval or number takes the type that makes sense there.
  static Bound<ExprPtr> AdaptOperand(ExprOp op, const ExprPtr& operand, DataType other,
                                     Position position) {
    if (operand->kind != ExprKind::kLiteral) return operand;
    if (operand->type == DataType::kNull) {
      return Coerce(operand, other == DataType::kTimestamp ? DataType::kInterval : other, position);
    }
    if (operand->type != DataType::kString) return operand;
    if (other != DataType::kTimestamp && other != DataType::kInterval) return operand;
    auto interval = Coerce(operand, DataType::kInterval, position);
    if (interval || op != ExprOp::kSubtract || other != DataType::kTimestamp) return interval;
    return Coerce(operand, DataType::kTimestamp, position);
  }

  Bound<ExprPtr> BindArith(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    auto expr = New(ExprKind::kArith, DataType::kNull, ast.text);
    expr->op = ast.op;
    if (ast.op == ExprOp::kNegate) {
      if (!IsNumeric(args[0]->type) && args[0]->type != DataType::kInterval)
        return NoArithmetic(ast, fmt::format("-{}", DataTypeName(args[0]->type)));
      expr->type = args[0]->type == DataType::kUint64 ? DataType::kInt64 : args[0]->type;
      if (args[0]->type == DataType::kUint64) {
        STRIA_BIND(args[0], MakeCast(args[0], DataType::kInt64, args[0]->text, ast.position));
      }
      expr->args = std::move(args);
      return ExprPtr(expr);
    }
    STRIA_BIND(args[0], AdaptOperand(ast.op, args[0], args[1]->type, ast.position));
    STRIA_BIND(args[1], AdaptOperand(ast.op, args[1], args[0]->type, ast.position));
    if (IsNumeric(args[0]->type) && IsNumeric(args[1]->type) && args[0]->type != args[1]->type) {
      STRIA_BIND(const DataType type, UnifyNumbers(args[0], args[1], ast.position));
      static_cast<void>(type);
    }
    expr->type = ArithmeticType(ast.op, args[0]->type, args[1]->type);
    if (expr->type == DataType::kNull && args[0]->type != DataType::kNull) {
      return NoArithmetic(
          ast, fmt::format("{} and {}", DataTypeName(args[0]->type), DataTypeName(args[1]->type)));
    }
    expr->args = std::move(args);
    return ExprPtr(expr);
  }

  // Unlike in a comparison, a float literal stays one: 7 / 2.0 is 3.5 whatever the column's type.
  static Bound<DataType> UnifyNumbers(ExprPtr& left, ExprPtr& right, Position position) {
    if (left->type != DataType::kFloat64 && right->type != DataType::kFloat64)
      return UnifyTypes(left, right, position);
    STRIA_BIND(left, Coerce(left, DataType::kFloat64, position));
    STRIA_BIND(right, Coerce(right, DataType::kFloat64, position));
    return DataType::kFloat64;
  }

  static QueryError NoArithmetic(const AstExpr& ast, const std::string& types) {
    return BindError(ast.position, "type_conflict",
                     fmt::format("{}: there is no such arithmetic for {}", ast.text, types));
  }

  Bound<ExprPtr> BindLogic(const AstExpr& ast, ExprKind kind) {
    auto expr = New(kind, DataType::kBool, ast.text);
    for (const auto& arg : ast.args) {
      STRIA_BIND(ExprPtr condition, Condition(*arg));
      expr->args.push_back(std::move(condition));
    }
    return ExprPtr(expr);
  }

  Bound<ExprPtr> Condition(const AstExpr& ast) {
    STRIA_BIND(ExprPtr expr, Bind(ast));
    if (expr->type == DataType::kBool) return expr;
    if (expr->type == DataType::kNull) return Coerce(expr, DataType::kBool, ast.position);
    return BindError(
        ast.position, "type_conflict",
        fmt::format("{} is {} where a condition is needed", expr->text, DataTypeName(expr->type)),
        fmt::format("compare it, as in {} <> {}", expr->text,
                    expr->type == DataType::kString ? "''" : "0"));
  }

  static ExprPtr Negated(ExprPtr expr, bool negated) {
    if (!negated) return expr;
    auto outer = New(ExprKind::kNot, DataType::kBool, expr->text);
    outer->args = {std::move(expr)};
    return outer;
  }

  Bound<ExprPtr> BindIsNull(const AstExpr& ast) {
    auto expr = New(ExprKind::kIsNull, DataType::kBool, ast.text);
    STRIA_BIND(expr->args, BindAll(ast.args));
    return Negated(expr, ast.negated);
  }

  Bound<ExprPtr> BindIn(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    for (size_t i = 1; i < args.size(); ++i) {
      STRIA_BIND(const DataType type, UnifyTypes(args[0], args[i], ast.args[i]->position));
      static_cast<void>(type);
    }
    bool all_literals = true;
    for (size_t i = 1; i < args.size(); ++i) {
      STRIA_BIND(args[i], Coerce(args[i], args[0]->type, ast.args[i]->position));
      all_literals &= args[i]->kind == ExprKind::kLiteral;
    }
    if (all_literals) {
      auto expr = New(ExprKind::kIn, DataType::kBool, ast.text);
      expr->args = std::move(args);
      return Negated(expr, ast.negated);
    }
    auto expr = New(ExprKind::kOr, DataType::kBool, ast.text);
    for (size_t i = 1; i < args.size(); ++i) {
      STRIA_BIND(ExprPtr equal, Compare(ExprOp::kEq, args[0], args[i],
                                        args[0]->text + " = " + args[i]->text, ast.position));
      expr->args.push_back(std::move(equal));
    }
    return Negated(expr, ast.negated);
  }

  Bound<ExprPtr> BindBetween(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    STRIA_BIND(ExprPtr low,
               Compare(ExprOp::kGe, args[0], args[1],
                       fmt::format("{} >= {}", args[0]->text, args[1]->text), ast.position));
    STRIA_BIND(ExprPtr high,
               Compare(ExprOp::kLe, args[0], args[2],
                       fmt::format("{} <= {}", args[0]->text, args[2]->text), ast.position));
    auto expr = New(ExprKind::kAnd, DataType::kBool, ast.text);
    expr->args = {std::move(low), std::move(high)};
    return Negated(expr, ast.negated);
  }

  Bound<ExprPtr> BindLike(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    for (size_t i = 0; i < 2; ++i) {
      STRIA_BIND(args[i], Coerce(args[i], DataType::kString, ast.args[i]->position));
    }
    if (args[1]->kind != ExprKind::kLiteral) {
      return BindError(ast.args[1]->position, "invalid_argument",
                       "the pattern of LIKE has to be a literal", "as in name LIKE 'truck_%'");
    }
    auto expr = New(ExprKind::kLike, DataType::kBool, ast.text);
    expr->args = std::move(args);
    return Negated(expr, ast.negated);
  }

  Bound<ExprPtr> BindRegex(const AstExpr& ast) {
    STRIA_BIND(auto args, BindAll(ast.args));
    for (size_t i = 0; i < 2; ++i) {
      STRIA_BIND(args[i], Coerce(args[i], DataType::kString, ast.args[i]->position));
    }
    const Position position = ast.args[1]->position;
    if (args[1]->kind != ExprKind::kLiteral) {
      return BindError(position, "invalid_argument", "a regular expression has to be a literal",
                       "as in name ~ '^truck_[0-9]+$'");
    }
    auto expr = New(ExprKind::kRegex, DataType::kBool, ast.text);
    if (!args[1]->literal.is_null()) {
      std::string pattern = args[1]->literal.string();
      // As it was written first: what is wrong should not be told of what was put before it.
      auto regex = RegexPattern::Compile(pattern);
      if (regex && ast.ignores_case) {
        pattern = "(?i)" + pattern;
        args[1] = MakeLiteral(Value::String(pattern), args[1]->text);
        regex = RegexPattern::Compile(pattern);
      }
      if (!regex) return BindError(position, regex.error());
      expr->regex = std::make_shared<const RegexPattern>(*std::move(regex));
    }
    expr->args = std::move(args);
    return Negated(expr, ast.negated);
  }

  Bound<ExprPtr> BindCast(const AstExpr& ast) {
    const DataType to = TypeOfName(ast.names[0]);
    if (to == DataType::kNull) {
      return BindError(ast.position, "parse", fmt::format("there is no type \"{}\"", ast.names[0]),
                       "types are timestamp, float64, int64, uint64, bool, string and interval");
    }
    STRIA_BIND(ExprPtr arg, Bind(*ast.args[0]));
    return MakeCast(std::move(arg), to, ast.text, ast.position);
  }

  Bound<ExprPtr> BindCall(const AstExpr& ast) {
    const std::string& name = ast.names[0];
    if (ast.window != nullptr) return BindWindowCall(ast);
    if (IsAggregateName(name)) return BindAggregate(ast, context_);
    if (IsWindowName(name)) {
      return BindError(ast.position, "invalid_argument", fmt::format("{}() needs a window", name),
                       fmt::format("as in {} OVER (ORDER BY time)", ast.text));
    }
    if (ast.filter != nullptr) {
      return BindError(ast.filter->position, "invalid_argument",
                       fmt::format("FILTER is for aggregates; {}() is none", name));
    }
    if (ast.star || ast.distinct) {
      return BindError(ast.position, "parse",
                       fmt::format("{}() is no aggregate: it takes neither * nor DISTINCT", name));
    }
    if ((name == "now" || name == "current_timestamp") && ast.args.empty())
      return MakeLiteral(Value::Timestamp(context_.now_ns), ast.text);
    STRIA_BIND(auto args, BindAll(ast.args));
    std::vector<DataType> types;
    std::vector<uint8_t> string_literals;
    for (const auto& arg : args) {
      types.push_back(arg->type);
      string_literals.push_back(arg->kind == ExprKind::kLiteral ? 1 : 0);
    }
    const auto match = FindFunction(name, types, string_literals);
    if (!match)
      return BindError(ast.position, "invalid_argument", std::string(match.error().message()));
    auto expr = New(ExprKind::kCall, match->function->result, ast.text);
    expr->function = match->function;
    for (size_t i = 0; i < args.size(); ++i) {
      STRIA_BIND(args[i], Coerce(args[i], match->arg_types[i], ast.args[i]->position));
    }
    expr->args = std::move(args);
    return ExprPtr(expr);
  }

  Bound<ExprPtr> BindWindowCall(const AstExpr& ast) {
    if (context_.windows != nullptr) return context_.windows->Bind(ast, context_);
    const bool is_inside = context_.clause == "a window" || context_.clause == "a window function";
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}() OVER cannot stand in {}", ast.names[0], context_.clause),
                     is_inside ? "compute the inner one in a subquery"
                               : "compute it in a subquery, and use its name outside");
  }

  Bound<ExprPtr> BindCase(const AstExpr& ast) {
    auto expr = New(ExprKind::kCase, DataType::kNull, ast.text);
    std::vector<size_t> results;  // Positions of THEN and ELSE.
    for (size_t i = 0; i < ast.args.size(); ++i) {
      const bool is_result = i % 2 == 1 || i + 1 == ast.args.size();
      STRIA_BIND(ExprPtr arg, is_result ? Bind(*ast.args[i]) : Condition(*ast.args[i]));
      if (is_result) results.push_back(i);
      expr->args.push_back(std::move(arg));
    }
    ExprPtr common = expr->args[results[0]];
    for (const size_t i : results) {
      STRIA_BIND(expr->type, UnifyTypes(common, expr->args[i], ast.args[i]->position));
    }
    for (const size_t i : results) {
      STRIA_BIND(expr->args[i], Coerce(expr->args[i], expr->type, ast.args[i]->position));
    }
    return ExprPtr(expr);
  }

  const ExprContext& context_;
};

}  // namespace

Bound<ExprPtr> BindExpr(const AstExpr& expr, const ExprContext& context) {
  return ExprBinder(context).Bind(expr);
}

Bound<ExprPtr> BindCondition(const AstExpr& expr, const ExprContext& context) {
  STRIA_BIND(ExprPtr condition, BindExpr(expr, context));
  if (condition->type == DataType::kNull) return Coerce(condition, DataType::kBool, expr.position);
  if (condition->type == DataType::kBool) return condition;
  return BindError(expr.position, "type_conflict",
                   fmt::format("{} needs a condition; {} is {}", context.clause, condition->text,
                               DataTypeName(condition->type)));
}

}  // namespace stria::query
