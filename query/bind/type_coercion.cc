#include "query/bind/type_coercion.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include <fmt/core.h>

#include "query/expr/cast.h"
#include "query/expr/evaluator.h"
#include "query/expr/function_registry.h"
#include "query/expr/time_text.h"

namespace stria::query {
namespace {

bool IsLiteral(const Expr& expr) {
  return expr.kind == ExprKind::kLiteral;
}

bool IsStringLiteral(const Expr& expr) {
  return IsLiteral(expr) && expr.type == DataType::kString && !expr.literal.is_null();
}

bool IsInteger(DataType type) {
  return type == DataType::kInt64 || type == DataType::kUint64;
}

// The number as `to` when nothing is lost, else nothing.
std::optional<Value> ExactInteger(const Value& value, DataType to) {
  if (value.is_null()) return std::nullopt;
  if (value.type == DataType::kFloat64) {
    const double number = value.float64();
    if (std::trunc(number) != number) return std::nullopt;
    if (to == DataType::kInt64 && number >= -0x1p63 && number < 0x1p63)
      return Value::Int64(static_cast<int64_t>(number));
    if (to == DataType::kUint64 && number >= 0 && number < 0x1p64)
      return Value::Uint64(static_cast<uint64_t>(number));
    return std::nullopt;
  }
  if (value.type == DataType::kInt64 && to == DataType::kUint64 && value.int64() >= 0)
    return Value::Uint64(static_cast<uint64_t>(value.int64()));
  if (value.type == DataType::kUint64 && to == DataType::kInt64 &&
      value.uint64() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return Value::Int64(static_cast<int64_t>(value.uint64()));
  }
  return std::nullopt;
}

Bound<ExprPtr> ParseLiteral(const Expr& literal, DataType to, Position position) {
  const std::string& text = literal.literal.string();
  const auto ns = to == DataType::kTimestamp ? ParseTimestamp(text) : ParseInterval(text);
  if (!ns) return BindError(position, ns.error());
  return MakeLiteral({to, *ns}, literal.text);
}

// Tries to make a literal side fit the other side's type; whether it did.
Bound<bool> AdaptLiteral(ExprPtr& literal, DataType to, Position position) {
  if (!IsLiteral(*literal)) return false;
  if (IsStringLiteral(*literal) && (to == DataType::kTimestamp || to == DataType::kInterval)) {
    STRIA_BIND(literal, ParseLiteral(*literal, to, position));
    return true;
  }
  if (to == DataType::kTimestamp && literal->type == DataType::kInt64 &&
      !literal->literal.is_null()) {
    literal = MakeLiteral(Value::Timestamp(literal->literal.int64()), literal->text);
    return true;
  }
  if (!IsInteger(to)) return false;
  const auto exact = ExactInteger(literal->literal, to);
  if (exact) literal = MakeLiteral(*exact, literal->text);
  return exact.has_value();
}

QueryError Mismatch(const Expr& left, const Expr& right, Position position) {
  std::string hint;
  if (left.type == DataType::kString && IsNumeric(right.type) && IsLiteral(right))
    hint = fmt::format("write '{}' with quotes, or CAST({} AS float64)", right.text, left.text);
  return BindError(position, "type_conflict",
                   fmt::format("{} is {} and {} is {}: they cannot be compared", left.text,
                               DataTypeName(left.type), right.text, DataTypeName(right.type)),
                   std::move(hint));
}

}  // namespace

ExprPtr MakeLiteral(Value value, std::string text) {
  auto literal = std::make_shared<Expr>();
  literal->kind = ExprKind::kLiteral;
  literal->type = value.type;
  literal->literal = std::move(value);
  literal->text = std::move(text);
  return literal;
}

ExprPtr Fold(ExprPtr expr) {
  if (IsLiteral(*expr)) return expr;
  for (const auto& arg : expr->args) {
    if (!IsLiteral(*arg)) return expr;
  }
  if (expr->kind == ExprKind::kColumn) return expr;
  auto value = EvaluateConstant(*expr);
  if (!value) return expr;  // Fails when, and if, a row gets there.
  if (value->is_null()) value = Value::Null(expr->type);
  return MakeLiteral(*std::move(value), expr->text);
}

Bound<ExprPtr> MakeCast(ExprPtr expr, DataType to, std::string text, Position position) {
  if (expr->type == to) return expr;
  if (IsLiteral(*expr) && expr->literal.is_null())
    return MakeLiteral(Value::Null(to), std::move(text));
  if (!CanCast(expr->type, to)) {
    return BindError(position, "type_conflict",
                     fmt::format("{} is {}, which cannot become {}", expr->text,
                                 DataTypeName(expr->type), DataTypeName(to)));
  }
  auto cast = std::make_shared<Expr>();
  cast->kind = ExprKind::kCast;
  cast->type = to;
  cast->text = std::move(text);
  cast->args = {std::move(expr)};
  if (IsLiteral(*cast->args[0])) {
    const auto value = EvaluateConstant(*cast);
    if (!value) return BindError(position, value.error());
  }
  return Fold(cast);
}

Bound<ExprPtr> Coerce(ExprPtr expr, DataType to, Position position) {
  if (expr->type == to) return expr;
  STRIA_BIND(const bool adapted, AdaptLiteral(expr, to, position));
  if (adapted) return expr;
  if (ImplicitCastRank(expr->type, to) >= 0) {
    std::string text = expr->text;
    return MakeCast(std::move(expr), to, std::move(text), position);
  }
  return BindError(position, "type_conflict",
                   fmt::format("{} is {} where {} is needed", expr->text, DataTypeName(expr->type),
                               DataTypeName(to)),
                   CanCast(expr->type, to)
                       ? fmt::format("CAST({} AS {}) converts it", expr->text, DataTypeName(to))
                       : std::string());
}

Bound<DataType> UnifyTypes(ExprPtr& left, ExprPtr& right, Position position) {
  if (left->type == right->type) return left->type;
  if (left->type == DataType::kNull || right->type == DataType::kNull) {
    ExprPtr& null = left->type == DataType::kNull ? left : right;
    const DataType type = (&null == &left ? right : left)->type;
    STRIA_BIND(null, Coerce(null, type, position));
    return type;
  }
  if (!IsLiteral(*right) || IsLiteral(*left)) {
    STRIA_BIND(const bool adapted, AdaptLiteral(left, right->type, position));
    if (adapted) return right->type;
  }
  STRIA_BIND(const bool adapted, AdaptLiteral(right, left->type, position));
  if (adapted) return left->type;
  if (IsNumeric(left->type) && IsNumeric(right->type)) {
    STRIA_BIND(left, Coerce(left, DataType::kFloat64, position));
    STRIA_BIND(right, Coerce(right, DataType::kFloat64, position));
    return DataType::kFloat64;
  }
  return Mismatch(*left, *right, position);
}

DataType TypeOfName(const std::string& name) {
  static const std::unordered_map<std::string, DataType> kTypes = {
      {"timestamp", DataType::kTimestamp}, {"timestamptz", DataType::kTimestamp},
      {"float64", DataType::kFloat64},     {"double", DataType::kFloat64},
      {"float", DataType::kFloat64},       {"float8", DataType::kFloat64},
      {"real", DataType::kFloat64},        {"int64", DataType::kInt64},
      {"int", DataType::kInt64},           {"integer", DataType::kInt64},
      {"bigint", DataType::kInt64},        {"int8", DataType::kInt64},
      {"uint64", DataType::kUint64},       {"bool", DataType::kBool},
      {"boolean", DataType::kBool},        {"string", DataType::kString},
      {"text", DataType::kString},         {"varchar", DataType::kString},
      {"interval", DataType::kInterval}};
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? DataType::kNull : found->second;
}

}  // namespace stria::query
