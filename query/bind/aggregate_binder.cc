#include "query/bind/aggregate_binder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "query/bind/type_coercion.h"

namespace stria::query {
namespace {

constexpr std::array<std::pair<std::string_view, AggregateKind>, 7> kNames = {{
    {"count", AggregateKind::kCount},
    {"sum", AggregateKind::kSum},
    {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},
    {"max", AggregateKind::kMax},
    {"first", AggregateKind::kFirst},
    {"last", AggregateKind::kLast},
}};

std::optional<AggregateKind> KindOf(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, &decltype(kNames)::value_type::first);
  if (found == kNames.end()) return std::nullopt;
  return found->second;
}

bool IsFirstOrLast(AggregateKind kind) {
  return kind == AggregateKind::kFirst || kind == AggregateKind::kLast;
}

bool SameOrNull(const ExprPtr& a, const ExprPtr& b) {
  return a == nullptr || b == nullptr ? a == b : SameExpr(*a, *b);
}

QueryError WrongArguments(const AstExpr& ast, std::string_view takes) {
  return BindError(ast.position, "invalid_argument",
                   fmt::format("{}() takes {}", ast.names[0], takes));
}

Bound<DataType> ResultType(const AggregateCall& call, const AstExpr& ast) {
  const DataType type = call.argument->type;
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount: return DataType::kInt64;
    case AggregateKind::kSum:
    case AggregateKind::kAvg:
      if (type == DataType::kInterval) return type;
      if (!IsNumeric(type)) {
        return BindError(ast.args[0]->position, "type_conflict",
                         fmt::format("{}() needs numbers or intervals; {} is {}", ast.names[0],
                                     call.argument->text, DataTypeName(type)));
      }
      return call.kind == AggregateKind::kAvg ? DataType::kFloat64 : type;
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast: return type;
  }
  return type;
}

// first() and last() go by the time column unless another is given.
Bound<ExprPtr> OrderTime(const AstExpr& ast, const ExprContext& inner) {
  if (ast.args.size() == 2) {
    STRIA_BIND(ExprPtr time, BindExpr(*ast.args[1], inner));
    if (time->type == DataType::kTimestamp) return time;
    return BindError(ast.args[1]->position, "type_conflict",
                     fmt::format("{}(value, time) needs a timestamp; {} is {}", ast.names[0],
                                 time->text, DataTypeName(time->type)));
  }
  const auto time = inner.scope.FindTime();
  if (!time) {
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}() needs a time to go by, and {} has no column \"time\"",
                                 ast.names[0], inner.scope.description()),
                     fmt::format("write {}(value, time)", ast.names[0]));
  }
  return MakeColumnRef(*time, DataType::kTimestamp, "time");
}

// FILTER makes the values of other rows NULL, which aggregates pass over. count(*) counts `true`s.
Bound<ExprPtr> Filtered(const AstExpr& ast, const ExprPtr& argument, const ExprContext& inner) {
  ExprContext context = inner;
  context.clause = "FILTER";
  STRIA_BIND(ExprPtr condition, BindCondition(*ast.filter, context));
  auto filtered = std::make_shared<Expr>();
  filtered->kind = ExprKind::kCase;
  filtered->text = ast.text;
  const ExprPtr value = argument == nullptr ? MakeLiteral(Value::Bool(true), "true") : argument;
  filtered->type = value->type;
  filtered->args = {std::move(condition), value};
  return ExprPtr(filtered);
}

}  // namespace

Bound<AggregateCall> BindAggregateCall(const AstExpr& ast, const ExprContext& inner) {
  AggregateCall call{
      .kind = *KindOf(ast.names[0]), .argument = {}, .order_time = {}, .text = ast.text};
  if (ast.star) {
    if (call.kind != AggregateKind::kCount) return WrongArguments(ast, "a value, not *");
    call.kind = AggregateKind::kCountStar;
    if (ast.filter != nullptr) {
      call.kind = AggregateKind::kCount;
      STRIA_BIND(call.argument, Filtered(ast, nullptr, inner));
    }
    return call;
  }
  const size_t max_args = IsFirstOrLast(call.kind) ? 2 : 1;
  if (ast.args.empty() || ast.args.size() > max_args)
    return WrongArguments(ast, max_args == 2 ? "a value and, if wanted, a time" : "one value");
  STRIA_BIND(call.argument, BindExpr(*ast.args[0], inner));
  if (call.argument->type == DataType::kNull) {
    STRIA_BIND(call.argument, Coerce(call.argument, DataType::kFloat64, ast.position));
  }
  if (IsFirstOrLast(call.kind)) {
    STRIA_BIND(call.order_time, OrderTime(ast, inner));
  }
  STRIA_BIND(call.type, ResultType(call, ast));
  if (ast.filter != nullptr) {
    STRIA_BIND(call.argument, Filtered(ast, call.argument, inner));
  }
  return call;
}

bool IsAggregateName(std::string_view name) {
  return KindOf(name).has_value();
}

bool HasAggregate(const AstExpr& expr) {
  const auto has = [](const AstExprPtr& arg) { return HasAggregate(*arg); };
  if (expr.window == nullptr) {
    if (expr.kind == AstKind::kCall && IsAggregateName(expr.names[0])) return true;
  } else {
    const auto in_sort = [](const AstSortItem& item) { return HasAggregate(*item.expr); };
    if (std::ranges::any_of(expr.window->partition_by, has) ||
        std::ranges::any_of(expr.window->order_by, in_sort) ||
        (expr.filter != nullptr && HasAggregate(*expr.filter))) {
      return true;
    }
  }
  return std::ranges::any_of(expr.args, has);
}

Bound<ExprPtr> BindAggregate(const AstExpr& expr, const ExprContext& context) {
  if (context.aggregates == nullptr) {
    return BindError(expr.position, "invalid_argument",
                     fmt::format("{}() cannot stand in {}", expr.names[0], context.clause),
                     context.clause == "WHERE" ? "conditions on groups belong into HAVING" : "");
  }
  if (expr.distinct) {
    return BindError(expr.position, "invalid_argument",
                     fmt::format("{}(DISTINCT ...) is not supported", expr.names[0]),
                     "SELECT count(*) FROM (SELECT DISTINCT ... FROM ...) counts distinct values");
  }
  ExprContext inner = context;
  inner.aggregates = nullptr;
  inner.clause = "the argument of an aggregate";
  inner.aliases = nullptr;
  inner.windows = nullptr;
  STRIA_BIND(AggregateCall call, BindAggregateCall(expr, inner));
  auto& calls = context.aggregates->calls;
  const auto found = std::ranges::find_if(calls, [&](const AggregateCall& other) {
    return other.kind == call.kind && SameOrNull(other.argument, call.argument) &&
           SameOrNull(other.order_time, call.order_time);
  });
  const auto column = static_cast<uint32_t>(context.scope.columns().size() +
                                            static_cast<size_t>(found - calls.begin()));
  const DataType type = call.type;
  if (found == calls.end()) calls.push_back(std::move(call));
  return MakeColumnRef(column, type, expr.text);
}

}  // namespace stria::query
