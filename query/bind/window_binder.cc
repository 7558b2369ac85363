#include "query/bind/window_binder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "query/bind/aggregate_binder.h"
#include "query/bind/type_coercion.h"
#include "storage/base/nearest_name.h"

namespace stria::query {
namespace {

struct NamedFunction {
  std::string_view name;
  WindowKind kind;
  size_t min_args;
  size_t max_args;
  std::string_view takes;
};

constexpr std::array<NamedFunction, 11> kFunctions = {{
    {"row_number", WindowKind::kRowNumber, 0, 0, "no arguments"},
    {"rank", WindowKind::kRank, 0, 0, "no arguments"},
    {"dense_rank", WindowKind::kDenseRank, 0, 0, "no arguments"},
    {"percent_rank", WindowKind::kPercentRank, 0, 0, "no arguments"},
    {"cume_dist", WindowKind::kCumeDist, 0, 0, "no arguments"},
    {"ntile", WindowKind::kNtile, 1, 1, "a number of buckets"},
    {"lag", WindowKind::kLag, 1, 3, "a value and, if wanted, an offset and a default"},
    {"lead", WindowKind::kLead, 1, 3, "a value and, if wanted, an offset and a default"},
    {"first_value", WindowKind::kFirstValue, 1, 1, "one value"},
    {"last_value", WindowKind::kLastValue, 1, 1, "one value"},
    {"nth_value", WindowKind::kNthValue, 2, 2, "a value and a position"},
}};

const NamedFunction* FindWindowFunction(std::string_view name) {
  const auto* const found = std::ranges::find(kFunctions, name, &NamedFunction::name);
  return found == kFunctions.end() ? nullptr : found;
}

bool UsesFrame(WindowKind kind) {
  return kind >= WindowKind::kFirstValue;
}

// Types of results by kind; kNull: that of the value.
DataType ResultTypeOf(WindowKind kind) {
  switch (kind) {
    case WindowKind::kRowNumber:
    case WindowKind::kRank:
    case WindowKind::kDenseRank:
    case WindowKind::kNtile: return DataType::kInt64;
    case WindowKind::kPercentRank:
    case WindowKind::kCumeDist: return DataType::kFloat64;
    default: return DataType::kNull;
  }
}

std::string BoundText(const AstFrameBound& bound) {
  switch (bound.kind) {
    case FrameBoundKind::kUnboundedPreceding: return "unbounded preceding";
    case FrameBoundKind::kPreceding: return bound.offset->text + " preceding";
    case FrameBoundKind::kCurrentRow: return "current row";
    case FrameBoundKind::kFollowing: return bound.offset->text + " following";
    case FrameBoundKind::kUnboundedFollowing: return "unbounded following";
  }
  return {};
}

std::string CallText(const AstExpr& ast, const AstFrame* frame) {
  std::string text = ast.names[0] + (ast.star ? "(*" : "(");
  for (size_t i = 0; i < ast.args.size(); ++i)
    text += (i == 0 ? "" : ", ") + ast.args[i]->text;
  text += ")";
  if (ast.filter != nullptr) text += fmt::format(" filter (where {})", ast.filter->text);
  if (frame == nullptr) return text;
  return text + fmt::format(" {} between {} and {}",
                            frame->unit == FrameUnit::kRows ? "rows" : "range",
                            BoundText(frame->begin), BoundText(frame->end));
}

std::optional<QueryError> CheckEnds(const AstFrame& frame) {
  if (frame.begin.kind == FrameBoundKind::kUnboundedFollowing) {
    return BindError(frame.begin.position, "invalid_argument",
                     "a frame cannot begin with UNBOUNDED FOLLOWING");
  }
  if (frame.end.kind == FrameBoundKind::kUnboundedPreceding) {
    return BindError(frame.end.position, "invalid_argument",
                     "a frame cannot end with UNBOUNDED PRECEDING");
  }
  if (frame.begin.kind <= frame.end.kind) return std::nullopt;
  return BindError(frame.begin.position, "invalid_argument",
                   fmt::format("a frame cannot begin with {} and end with {}",
                               BoundText(frame.begin), BoundText(frame.end)),
                   "the earlier bound comes first");
}

// Not NULL, negative, NaN or infinite.
bool IsDistance(const Value& value) {
  if (value.is_null()) return false;
  if (value.type == DataType::kFloat64)
    return std::isfinite(value.float64()) && value.float64() >= 0;
  return value.int64() >= 0;
}

// The type of what is added to an ORDER BY value; kNull where there is none.
DataType DistanceType(DataType key) {
  switch (key) {
    case DataType::kTimestamp:
    case DataType::kInterval: return DataType::kInterval;
    case DataType::kInt64:
    case DataType::kUint64: return DataType::kInt64;
    case DataType::kFloat64: return DataType::kFloat64;
    default: return DataType::kNull;
  }
}

Bound<FrameBound> BindFrameBound(const AstFrameBound& ast, FrameUnit unit,
                                 const std::vector<SortKey>& order, const ExprContext& context) {
  FrameBound bound{.kind = ast.kind, .offset = {}};
  if (ast.offset == nullptr) return bound;
  STRIA_BIND(ExprPtr offset, BindExpr(*ast.offset, context));
  const bool is_rows = unit == FrameUnit::kRows;
  if (offset->kind != ExprKind::kLiteral) {
    return BindError(
        ast.position, "invalid_argument",
        fmt::format("the offset of a frame has to be a constant; found {}", ast.offset->text));
  }
  DataType type = DataType::kInt64;
  if (!is_rows) {
    if (order.size() != 1) {
      return BindError(ast.position, "invalid_argument",
                       fmt::format("RANGE with an offset needs one expression in ORDER BY; there "
                                   "are {}",
                                   order.size()),
                       "ROWS counts rows, whatever their order");
    }
    type = DistanceType(order[0].expr->type);
    if (type == DataType::kNull) {
      return BindError(ast.position, "type_conflict",
                       fmt::format("RANGE with an offset needs an order by times or numbers; {} is "
                                   "{}",
                                   order[0].expr->text, DataTypeName(order[0].expr->type)));
    }
  }
  STRIA_BIND(offset, Coerce(offset, type, ast.position));
  if (!IsDistance(offset->literal)) {
    return BindError(
        ast.position, "invalid_argument",
        fmt::format("the offset of a frame has to be {}, 0 or more; found {}",
                    is_rows ? "a whole number" : "a finite distance", ast.offset->text));
  }
  bound.offset = offset->literal;
  return bound;
}

Bound<WindowFrame> BindFrame(const AstFrame* ast, const std::vector<SortKey>& order,
                             const ExprContext& context) {
  WindowFrame frame;
  if (ast == nullptr) return frame;
  if (auto error = CheckEnds(*ast)) return *std::move(error);
  frame.unit = ast->unit;
  STRIA_BIND(frame.begin, BindFrameBound(ast->begin, ast->unit, order, context));
  STRIA_BIND(frame.end, BindFrameBound(ast->end, ast->unit, order, context));
  return frame;
}

std::optional<QueryError> CheckCount(size_t count, Position position, std::string_view what) {
  if (count <= kMaxWindowKeys) return std::nullopt;
  return BindError(position, "invalid_argument",
                   fmt::format("{} more than {} expressions", what, kMaxWindowKeys));
}

}  // namespace

bool IsWindowName(std::string_view name) {
  return FindWindowFunction(name) != nullptr;
}

Bound<WindowList::Spec> WindowList::Resolve(const AstWindow& window, size_t num_visible) const {
  Spec spec{.partition_by = &window.partition_by,
            .order_by = &window.order_by,
            .frame = window.frame ? &*window.frame : nullptr};
  if (window.base.empty()) return spec;
  const auto end = select_.windows.begin() + static_cast<ptrdiff_t>(num_visible);
  const auto found =
      std::ranges::find(select_.windows.begin(), end, window.base, &AstNamedWindow::first);
  if (found == end) {
    std::vector<std::string> names;
    for (const auto& named : select_.windows)
      names.push_back(named.first);
    const std::string nearest = NearestName(window.base, names);
    return BindError(window.position, "invalid_argument",
                     fmt::format("there is no window \"{}\"", window.base),
                     nearest.empty() ? fmt::format("WINDOW {} AS (...) makes one", window.base)
                                     : fmt::format("Did you mean \"{}\"?", nearest));
  }
  STRIA_BIND(const Spec base,
             Resolve(found->second, static_cast<size_t>(found - select_.windows.begin())));
  if (window.is_name) return base;
  const auto refuse = [&](std::string_view why) {
    return BindError(window.position, "invalid_argument",
                     fmt::format("window \"{}\" cannot be gone on from: {}", window.base, why));
  };
  if (!window.partition_by.empty()) return refuse("PARTITION BY has to be its own");
  if (!window.order_by.empty() && !base.order_by->empty()) return refuse("it has an ORDER BY");
  if (base.frame != nullptr) return refuse("it has a frame");
  spec.partition_by = base.partition_by;
  if (window.order_by.empty()) spec.order_by = base.order_by;
  return spec;
}

// An expression over the rows that the calls see.
Bound<ExprPtr> WindowList::BindBelow(const AstExpr& ast, const ExprContext& context) const {
  STRIA_BIND(ExprPtr expr, BindExpr(ast, context));
  if (grouping_ != nullptr) {
    STRIA_BIND(expr, grouping_->Lift(expr, ast, context));
  }
  if (expr->type != DataType::kNull) return expr;
  return MakeLiteral(Value::Null(DataType::kString), expr->text);
}

Bound<WindowList::Window> WindowList::BindWindow(const Spec& spec,
                                                 const ExprContext& context) const {
  Window window;
  for (const auto& ast : *spec.partition_by) {
    if (auto error = CheckCount(spec.partition_by->size(), ast->position, "PARTITION BY has"))
      return *std::move(error);
    STRIA_BIND(ExprPtr key, BindBelow(*ast, context));
    const auto is_same = [&](const ExprPtr& other) { return SameExpr(*other, *key); };
    if (key->kind != ExprKind::kLiteral && std::ranges::none_of(window.partition, is_same))
      window.partition.push_back(std::move(key));
  }
  for (const auto& item : *spec.order_by) {
    if (auto error = CheckCount(spec.order_by->size(), item.expr->position, "ORDER BY has"))
      return *std::move(error);
    STRIA_BIND(ExprPtr key, BindBelow(*item.expr, context));
    if (key->kind == ExprKind::kLiteral) continue;
    window.order.push_back({.expr = std::move(key),
                            .descending = item.descending,
                            .nulls_first = item.nulls_first.value_or(item.descending)});
  }
  return window;
}

Bound<WindowCall> WindowList::BindAggregate(const AstExpr& ast, const ExprContext& context) const {
  STRIA_BIND(const AggregateCall aggregate, BindAggregateCall(ast, context));
  if (aggregate.kind > AggregateKind::kVarPop) {
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}() takes no OVER", ast.names[0]),
                     "GROUP BY computes it for each group; a join brings it back to the rows");
  }
  WindowCall call{.kind = WindowKind::kAggregate,
                  .aggregate = aggregate.kind,
                  .args = {},
                  .frame = {},
                  .type = aggregate.type,
                  .text = {}};
  for (const auto& arg : {aggregate.argument, aggregate.order}) {
    if (arg == nullptr) continue;
    if (grouping_ == nullptr) {
      call.args.push_back(arg);
      continue;
    }
    STRIA_BIND(ExprPtr lifted, grouping_->Lift(arg, ast, context));
    call.args.push_back(std::move(lifted));
  }
  return call;
}

Bound<WindowCall> WindowList::BindFunction(const AstExpr& ast, const ExprContext& context) const {
  const std::string& name = ast.names[0];
  const NamedFunction* function = FindWindowFunction(name);
  if (function == nullptr) {
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}() is neither a window function nor an aggregate, and takes no "
                                 "OVER",
                                 name));
  }
  if (ast.filter != nullptr) {
    return BindError(ast.filter->position, "invalid_argument",
                     fmt::format("FILTER is for aggregates; {}() is none", name));
  }
  if (ast.star || ast.args.size() < function->min_args || ast.args.size() > function->max_args) {
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}() takes {}", name, function->takes));
  }
  WindowCall call;
  call.kind = function->kind;
  for (size_t i = 0; i < ast.args.size(); ++i) {
    STRIA_BIND(ExprPtr arg, BindBelow(*ast.args[i], context));
    const bool is_number = call.kind == WindowKind::kNtile || i == 1;
    if (is_number && arg->kind == ExprKind::kLiteral && arg->literal.is_null())
      arg = MakeLiteral(Value::Null(DataType::kInt64), arg->text);
    if (is_number) {
      STRIA_BIND(arg, Coerce(arg, DataType::kInt64, ast.args[i]->position));
    }
    call.args.push_back(std::move(arg));
  }
  if (call.args.size() == 3) {
    STRIA_BIND(const DataType type, UnifyTypes(call.args[0], call.args[2], ast.position));
    for (const size_t i : {size_t{0}, size_t{2}}) {
      STRIA_BIND(call.args[i], Coerce(call.args[i], type, ast.args[i]->position));
    }
  }
  call.type = ResultTypeOf(call.kind);
  if (call.type == DataType::kNull) call.type = call.args[0]->type;
  return call;
}

WindowList::Window& WindowList::FindOrAdd(Window&& window) {
  const auto same_key = [](const SortKey& a, const SortKey& b) {
    return a.descending == b.descending && a.nulls_first == b.nulls_first &&
           SameExpr(*a.expr, *b.expr);
  };
  const auto same_expr = [](const ExprPtr& a, const ExprPtr& b) { return SameExpr(*a, *b); };
  const auto found = std::ranges::find_if(windows_, [&](const Window& other) {
    return std::ranges::equal(other.partition, window.partition, same_expr) &&
           std::ranges::equal(other.order, window.order, same_key);
  });
  if (found != windows_.end()) return *found;
  windows_.push_back(std::move(window));
  return windows_.back();
}

Bound<ExprPtr> WindowList::Bind(const AstExpr& ast, const ExprContext& context) {
  if (ast.distinct) {
    return BindError(ast.position, "invalid_argument",
                     fmt::format("{}(DISTINCT ...) OVER is not supported", ast.names[0]));
  }
  ExprContext inner = context;
  inner.windows = nullptr;
  inner.clause = "a window function";
  inner.aliases = nullptr;
  STRIA_BIND(WindowCall call,
             IsAggregateName(ast.names[0]) ? BindAggregate(ast, inner) : BindFunction(ast, inner));
  inner.clause = "a window";
  inner.aliases = &select_.items;
  STRIA_BIND(const Spec spec, Resolve(*ast.window, select_.windows.size()));
  STRIA_BIND(Window bound, BindWindow(spec, inner));
  STRIA_BIND(WindowFrame frame, BindFrame(spec.frame, bound.order, inner));
  const bool uses_frame = UsesFrame(call.kind);
  if (uses_frame) call.frame = std::move(frame);
  call.text = CallText(ast, uses_frame ? spec.frame : nullptr);
  Window& window = FindOrAdd(std::move(bound));
  const auto is_same = [&](const WindowCall& other) { return SameCall(call, other); };
  const auto found = std::ranges::find_if(window.calls, is_same);
  const DataType type = call.type;
  const auto index = static_cast<size_t>(found - window.calls.begin());
  if (found == window.calls.end()) {
    window.calls.push_back(std::move(call));
    window.numbers.push_back(num_calls_++);
  }
  return MakeColumnRef(kFirstWindowColumn + window.numbers[index], type, ast.text);
}

std::optional<QueryError> WindowList::CheckNamed(const ExprContext& context) const {
  if (select_.windows.size() > kMaxWindowKeys) {
    return BindError(select_.windows[kMaxWindowKeys].second.position, "invalid_argument",
                     fmt::format("WINDOW has more than {} windows", kMaxWindowKeys));
  }
  ExprContext inner = context;
  inner.windows = nullptr;
  inner.clause = "a window";
  inner.aliases = &select_.items;
  for (size_t i = 0; i < select_.windows.size(); ++i) {
    const auto spec = Resolve(select_.windows[i].second, i);
    if (!spec) return spec.error();
    const auto window = BindWindow(*spec, inner);
    if (!window) return window.error();
    const auto frame = BindFrame((*spec).frame, (*window).order, inner);
    if (!frame) return frame.error();
  }
  return std::nullopt;
}

PlanPtr WindowList::AddNodes(PlanPtr plan) {
  places_.resize(num_calls_);
  for (auto& window : windows_) {
    auto node = std::make_unique<PlanNode>();
    node->kind = PlanKind::kWindow;
    node->output = plan->output;
    for (size_t i = 0; i < window.calls.size(); ++i) {
      places_[window.numbers[i]] = static_cast<uint32_t>(node->output.size());
      node->output.push_back({window.calls[i].text, window.calls[i].type});
    }
    node->exprs = std::move(window.partition);
    node->sort_keys = std::move(window.order);
    node->window_calls = std::move(window.calls);
    node->input = std::move(plan);
    plan = std::move(node);
  }
  return plan;
}

ExprPtr WindowList::Lift(const ExprPtr& expr) const {
  if (expr->kind == ExprKind::kColumn) {
    if (expr->column < kFirstWindowColumn) return expr;
    return MakeColumnRef(places_[expr->column - kFirstWindowColumn], expr->type, expr->text);
  }
  if (expr->args.empty()) return expr;
  auto lifted = std::make_shared<Expr>(*expr);
  for (auto& arg : lifted->args)
    arg = Lift(arg);
  return lifted;
}

}  // namespace stria::query
