#include "query/bind/aggregate_binder.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "query/bind/type_coercion.h"

namespace stria::query {
namespace {

struct NamedAggregate {
  std::string_view name;
  AggregateKind kind;
  size_t min_args = 1;
  size_t max_args = 1;
  std::string_view takes = "one value";
};

constexpr std::string_view kTakesTime = "a value and, if wanted, a time";
constexpr std::string_view kTakesOrder = "a value and what to go by";
constexpr std::string_view kTakesFraction = "a value and a fraction from 0 to 1";

constexpr NamedAggregate kNames[] = {
    {"count", AggregateKind::kCount},
    {"sum", AggregateKind::kSum},
    {"avg", AggregateKind::kAvg},
    {"min", AggregateKind::kMin},
    {"max", AggregateKind::kMax},
    {"first", AggregateKind::kFirst, 1, 2, kTakesTime},
    {"last", AggregateKind::kLast, 1, 2, kTakesTime},
    {"min_by", AggregateKind::kMinBy, 2, 2, kTakesOrder},
    {"max_by", AggregateKind::kMaxBy, 2, 2, kTakesOrder},
    {"stddev", AggregateKind::kStddevSamp},
    {"stddev_samp", AggregateKind::kStddevSamp},
    {"stddev_pop", AggregateKind::kStddevPop},
    {"variance", AggregateKind::kVarSamp},
    {"var_samp", AggregateKind::kVarSamp},
    {"var_pop", AggregateKind::kVarPop},
    {"median", AggregateKind::kPercentileCont},
    {"percentile", AggregateKind::kPercentileCont, 2, 2, kTakesFraction},
    {"percentile_disc", AggregateKind::kPercentileDisc, 2, 2, kTakesFraction},
    {"approx_percentile", AggregateKind::kApproxPercentile, 2, 2, kTakesFraction},
    {"mode", AggregateKind::kMode},
    {"approx_count_distinct", AggregateKind::kApproxCountDistinct},
    {"histogram", AggregateKind::kHistogram, 4, 4,
     "a value, its low and high end and a number of buckets"},
    {"increase", AggregateKind::kIncrease, 1, 2, kTakesTime},
    {"rate", AggregateKind::kRate, 1, 2, kTakesTime},
    {"delta", AggregateKind::kDelta, 1, 2, kTakesTime},
    {"derivative", AggregateKind::kDerivative, 1, 2, kTakesTime},
    {"time_weighted_avg", AggregateKind::kTimeWeightedAvg, 1, 2, kTakesTime},
};

const NamedAggregate* FindAggregate(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, &NamedAggregate::name);
  return found == std::end(kNames) ? nullptr : found;
}

bool SameOrNull(const ExprPtr& a, const ExprPtr& b) {
  return a == nullptr || b == nullptr ? a == b : SameExpr(*a, *b);
}

QueryError WrongArguments(const AstExpr& ast, std::string_view takes) {
  return BindError(ast.position, "invalid_argument",
                   fmt::format("{}() takes {}", ast.names[0], takes));
}

// Fails unless the argument is a number, or an interval where `takes_intervals`.
std::optional<QueryError> CheckNumber(const AggregateCall& call, const AstExpr& ast,
                                      bool takes_intervals) {
  const DataType type = call.argument->type;
  if (IsNumeric(type) || (takes_intervals && type == DataType::kInterval)) return std::nullopt;
  return BindError(
      ast.args[0]->position, "type_conflict",
      fmt::format("{}() needs numbers{}; {} is {}", ast.names[0],
                  takes_intervals ? " or intervals" : "", call.argument->text, DataTypeName(type)));
}

Bound<DataType> ResultType(const AggregateCall& call, const AstExpr& ast) {
  const DataType type = call.argument->type;
  switch (call.kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kApproxCountDistinct: return DataType::kInt64;
    case AggregateKind::kSum:
      if (auto error = CheckNumber(call, ast, true)) return *std::move(error);
      return type;
    case AggregateKind::kAvg:
    case AggregateKind::kPercentileCont:
      if (auto error = CheckNumber(call, ast, true)) return *std::move(error);
      return type == DataType::kInterval ? type : DataType::kFloat64;
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
    case AggregateKind::kMinBy:
    case AggregateKind::kMaxBy:
    case AggregateKind::kMode: return type;
    case AggregateKind::kPercentileDisc:
      if (type != DataType::kString) return type;
      return BindError(ast.args[0]->position, "type_conflict",
                       fmt::format("{}() has no percentiles of strings", ast.names[0]));
    case AggregateKind::kHistogram:
      if (auto error = CheckNumber(call, ast, false)) return *std::move(error);
      return DataType::kString;
    default:
      if (auto error = CheckNumber(call, ast, false)) return *std::move(error);
      return DataType::kFloat64;
  }
}

// What goes by a time goes by the time column unless another is given.
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

// A number that is the same for all rows.
Bound<double> ConstantNumber(const AstExpr& ast, std::string_view function,
                             const ExprContext& inner) {
  STRIA_BIND(ExprPtr expr, BindExpr(ast, inner));
  if (expr->kind == ExprKind::kLiteral && !expr->literal.is_null() && IsNumeric(expr->type)) {
    STRIA_BIND(expr, Coerce(expr, DataType::kFloat64, ast.position));
    return expr->literal.float64();
  }
  return BindError(
      ast.position, "invalid_argument",
      fmt::format("{}() needs a constant number here; {} is none", function, expr->text));
}

// The arguments after the first that are constants.
Bound<std::vector<double>> Parameters(AggregateKind kind, const AstExpr& ast,
                                      const ExprContext& inner) {
  const std::string& name = ast.names[0];
  std::vector<double> numbers;
  if (kind == AggregateKind::kPercentileCont && ast.args.size() == 1) return std::vector{0.5};
  for (size_t i = 1; i < ast.args.size(); ++i) {
    STRIA_BIND(const double number, ConstantNumber(*ast.args[i], name, inner));
    numbers.push_back(number);
  }
  if (kind == AggregateKind::kHistogram) {
    if (!(numbers[0] < numbers[1]) || !std::isfinite(numbers[1] - numbers[0])) {
      return BindError(ast.args[2]->position, "invalid_argument",
                       fmt::format("{}() needs a low end below its high end; {} is not below {}",
                                   name, numbers[0], numbers[1]));
    }
    const bool is_whole = numbers[2] == std::floor(numbers[2]);
    if (!is_whole || numbers[2] < 1 || numbers[2] > kMaxHistogramBuckets) {
      return BindError(ast.args[3]->position, "invalid_argument",
                       fmt::format("{}() takes from 1 to {} buckets, not {}", name,
                                   kMaxHistogramBuckets, numbers[2]));
    }
    return numbers;
  }
  if (!(numbers[0] >= 0 && numbers[0] <= 1)) {
    return BindError(ast.args[1]->position, "invalid_argument",
                     fmt::format("{}() takes a fraction from 0 to 1, not {}", name, numbers[0]),
                     numbers[0] > 1 && numbers[0] <= 100
                         ? fmt::format("the {}th percentile is {}", numbers[0], numbers[0] / 100)
                         : "");
  }
  return numbers;
}

// Whether a value that is there twice can make a difference, and DISTINCT has a meaning.
enum class Distinct : uint8_t { kCounts, kMakesNoDifference, kMakesNoSense };

Distinct DistinctOf(AggregateKind kind) {
  if (GoesByTime(kind)) return Distinct::kMakesNoSense;
  switch (kind) {
    case AggregateKind::kMinBy:
    case AggregateKind::kMaxBy: return Distinct::kMakesNoSense;
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kApproxCountDistinct: return Distinct::kMakesNoDifference;
    default: return Distinct::kCounts;
  }
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
  const NamedAggregate& named = *FindAggregate(ast.names[0]);
  AggregateCall call{.kind = named.kind,
                     .argument = {},
                     .order = {},
                     .parameters = {},
                     .is_distinct = false,
                     .type = DataType::kInt64,
                     .text = ast.text};
  if (ast.star) {
    if (call.kind != AggregateKind::kCount) return WrongArguments(ast, "a value, not *");
    call.kind = AggregateKind::kCountStar;
    if (ast.filter != nullptr) {
      call.kind = AggregateKind::kCount;
      STRIA_BIND(call.argument, Filtered(ast, nullptr, inner));
    }
    return call;
  }
  if (ast.args.size() < named.min_args || ast.args.size() > named.max_args)
    return WrongArguments(ast, named.takes);
  STRIA_BIND(call.argument, BindExpr(*ast.args[0], inner));
  if (call.argument->type == DataType::kNull) {
    STRIA_BIND(call.argument, Coerce(call.argument, DataType::kFloat64, ast.position));
  }
  if (GoesByTime(call.kind)) {
    STRIA_BIND(call.order, OrderTime(ast, inner));
  } else if (call.kind == AggregateKind::kMinBy || call.kind == AggregateKind::kMaxBy) {
    STRIA_BIND(call.order, BindExpr(*ast.args[1], inner));
  } else if (named.max_args > 1 || named.name == "median") {
    STRIA_BIND(call.parameters, Parameters(call.kind, ast, inner));
  }
  if (ast.distinct) {
    const Distinct distinct = DistinctOf(call.kind);
    if (distinct == Distinct::kMakesNoSense) {
      return BindError(
          ast.position, "invalid_argument",
          fmt::format("{}() takes no DISTINCT: its values belong to rows", ast.names[0]));
    }
    call.is_distinct = distinct == Distinct::kCounts;
  }
  STRIA_BIND(call.type, ResultType(call, ast));
  if (ast.filter != nullptr) {
    STRIA_BIND(call.argument, Filtered(ast, call.argument, inner));
  }
  return call;
}

bool IsAggregateName(std::string_view name) {
  return FindAggregate(name) != nullptr;
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
  ExprContext inner = context;
  inner.aggregates = nullptr;
  inner.clause = "the argument of an aggregate";
  inner.aliases = nullptr;
  inner.windows = nullptr;
  STRIA_BIND(AggregateCall call, BindAggregateCall(expr, inner));
  auto& calls = context.aggregates->calls;
  const auto found = std::ranges::find_if(calls, [&](const AggregateCall& other) {
    return other.kind == call.kind && SameOrNull(other.argument, call.argument) &&
           SameOrNull(other.order, call.order) && other.parameters == call.parameters &&
           other.is_distinct == call.is_distinct;
  });
  const auto column = static_cast<uint32_t>(context.scope.columns().size() +
                                            static_cast<size_t>(found - calls.begin()));
  const DataType type = call.type;
  if (found == calls.end()) calls.push_back(std::move(call));
  return MakeColumnRef(column, type, expr.text);
}

}  // namespace stria::query
