#include "tests/support/plan_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "query/expr/function_registry.h"
#include "storage/base/check.h"

namespace stria::query {
namespace {

PlanPtr NodeOf(PlanKind kind, PlanPtr input) {
  auto node = std::make_unique<PlanNode>();
  node->kind = kind;
  if (input != nullptr) node->output = input->output;
  node->input = std::move(input);
  return node;
}

}  // namespace

ExprPtr Ref(const PlanNode& input, std::string_view name) {
  const auto found = std::ranges::find(input.output, name, &OutputColumn::name);
  STRIA_CHECK(found != input.output.end());
  return MakeColumnRef(static_cast<uint32_t>(found - input.output.begin()), found->type,
                       std::string(name));
}

ExprPtr Literal(Value value) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kLiteral;
  expr->type = value.type;
  expr->text = "literal";
  expr->literal = std::move(value);
  return expr;
}

ExprPtr MakeExpr(ExprKind kind, std::vector<ExprPtr> args, ExprOp op) {
  auto expr = std::make_shared<Expr>();
  expr->kind = kind;
  expr->op = op;
  expr->type = kind == ExprKind::kArith ? args[0]->type : DataType::kBool;
  for (const auto& arg : args)
    expr->text += (expr->text.empty() ? "(" : " ? ") + arg->text;
  expr->text += ")";
  expr->args = std::move(args);
  return expr;
}

ExprPtr BucketOf(int64_t width_ns, ExprPtr time, std::optional<int64_t> origin_ns) {
  auto expr = std::make_shared<Expr>();
  expr->kind = ExprKind::kCall;
  expr->args = {Literal(Value::Interval(width_ns)), std::move(time)};
  if (origin_ns) expr->args.push_back(Literal(Value::Timestamp(*origin_ns)));
  std::vector<DataType> types;
  for (const auto& arg : expr->args)
    types.push_back(arg->type);
  const auto match = FindFunction("time_bucket", types);
  STRIA_CHECK(match.has_value());
  expr->function = match->function;
  expr->type = match->function->result;
  expr->text = fmt::format("time_bucket_{}", width_ns);
  return expr;
}

AggregateCall MakeAggregate(AggregateKind kind, ExprPtr argument, ExprPtr time) {
  AggregateCall call;
  call.kind = kind;
  call.argument = std::move(argument);
  call.order = std::move(time);
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
    case AggregateKind::kApproxCountDistinct: call.type = DataType::kInt64; break;
    case AggregateKind::kSum:
    case AggregateKind::kMin:
    case AggregateKind::kMax:
    case AggregateKind::kFirst:
    case AggregateKind::kLast:
    case AggregateKind::kMinBy:
    case AggregateKind::kMaxBy:
    case AggregateKind::kMode:
    case AggregateKind::kPercentileDisc: call.type = call.argument->type; break;
    case AggregateKind::kHistogram: call.type = DataType::kString; break;
    default: call.type = DataType::kFloat64; break;
  }
  call.text = fmt::format("aggregate{}({})", static_cast<int>(kind),
                          call.argument == nullptr ? "*" : call.argument->text);
  return call;
}

WindowCall MakeWindowCall(WindowKind kind, std::vector<ExprPtr> args, WindowFrame frame,
                          AggregateKind aggregate) {
  WindowCall call;
  call.kind = kind;
  call.aggregate = aggregate;
  call.frame = std::move(frame);
  std::string arguments;
  for (const auto& arg : args)
    arguments += (arguments.empty() ? "" : ", ") + arg->text;
  switch (kind) {
    case WindowKind::kAggregate:
      call.type = MakeAggregate(aggregate, args.empty() ? nullptr : args[0]).type;
      break;
    case WindowKind::kPercentRank:
    case WindowKind::kCumeDist: call.type = DataType::kFloat64; break;
    case WindowKind::kRowNumber:
    case WindowKind::kRank:
    case WindowKind::kDenseRank:
    case WindowKind::kNtile: call.type = DataType::kInt64; break;
    default: call.type = args[0]->type; break;
  }
  call.args = std::move(args);
  const auto bound = [](const FrameBound& end) {
    return fmt::format("{}:{}", static_cast<int>(end.kind),
                       end.offset.is_null() ? 0.0
                       : end.offset.type == DataType::kFloat64
                           ? end.offset.float64()
                           : static_cast<double>(end.offset.int64()));
  };
  call.text = fmt::format("window{}_{}({}) {} {} to {}", static_cast<int>(kind),
                          static_cast<int>(aggregate), arguments,
                          call.frame.unit == FrameUnit::kRows ? "rows" : "range",
                          bound(call.frame.begin), bound(call.frame.end));
  return call;
}

PlanPtr ScanOf(TableSchemaPtr table, const std::vector<std::string>& columns, TimeRange time) {
  auto node = NodeOf(PlanKind::kScan, nullptr);
  for (const auto& name : columns) {
    const ColumnSchema* column = table->Find(name);
    STRIA_CHECK(column != nullptr);
    node->columns.push_back(*column);
    node->output.push_back({name, column->type});
    if (column->role == ColumnRole::kField) node->request.fields.push_back(column->id);
  }
  node->request.table = std::move(table);
  node->request.time = time;
  return node;
}

PlanPtr FilterOf(ExprPtr predicate, PlanPtr input) {
  auto node = NodeOf(PlanKind::kFilter, std::move(input));
  node->predicate = std::move(predicate);
  return node;
}

PlanPtr ProjectOf(std::vector<ExprPtr> exprs, PlanPtr input) {
  auto node = NodeOf(PlanKind::kProject, std::move(input));
  node->output.clear();
  for (const auto& expr : exprs)
    node->output.push_back({expr->text, expr->type});
  node->exprs = std::move(exprs);
  return node;
}

PlanPtr AggregateOf(std::vector<ExprPtr> keys, std::vector<AggregateCall> calls, PlanPtr input) {
  auto node = NodeOf(PlanKind::kAggregate, std::move(input));
  node->output.clear();
  for (const auto& key : keys)
    node->output.push_back({key->text, key->type});
  for (const auto& call : calls)
    node->output.push_back({call.text, call.type});
  node->exprs = std::move(keys);
  node->aggregates = std::move(calls);
  return node;
}

PlanPtr SortOf(std::vector<SortKey> keys, PlanPtr input, std::optional<uint64_t> top) {
  auto node = NodeOf(PlanKind::kSort, std::move(input));
  node->sort_keys = std::move(keys);
  node->top = top;
  return node;
}

PlanPtr LimitOf(std::optional<uint64_t> limit, uint64_t offset, PlanPtr input) {
  auto node = NodeOf(PlanKind::kLimit, std::move(input));
  node->limit = limit;
  node->offset = offset;
  return node;
}

PlanPtr WindowOf(std::vector<ExprPtr> partition, std::vector<SortKey> order,
                 std::vector<WindowCall> calls, PlanPtr input) {
  auto node = NodeOf(PlanKind::kWindow, std::move(input));
  node->output = node->input->output;
  for (const auto& call : calls)
    node->output.push_back({call.text, call.type});
  node->exprs = std::move(partition);
  node->sort_keys = std::move(order);
  node->window_calls = std::move(calls);
  return node;
}

PlanPtr DistinctOnOf(std::vector<ExprPtr> keys, std::vector<SortKey> order, PlanPtr input) {
  auto node = NodeOf(PlanKind::kDistinctOn, std::move(input));
  node->exprs = std::move(keys);
  node->sort_keys = std::move(order);
  return node;
}

bool CollectingSink::OnBatch(const Batch& batch) {
  ++num_batches;
  largest_batch = std::max(largest_batch, batch.num_rows);
  for (uint32_t row = 0; row < batch.num_rows; ++row) {
    auto& values = rows.emplace_back();
    for (const auto& column : batch.columns)
      values.push_back(column.ValueAt(row));
  }
  return rows.size() < stop_after_rows;
}

}  // namespace stria::query
