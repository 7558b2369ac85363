#include "tests/query/exec/random_plan.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/query/exec/random_table.h"
#include "tests/query/exec/random_window.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

class PlanMaker {
 public:
  explicit PlanMaker(std::mt19937_64& random) : random_(random) {}

  RandomPlan Make(const TableSchemaPtr& table) {
    PlanPtr plan = Scan(table);
    const bool is_filtered = Below(5) < 2;
    if (is_filtered) {
      ExprPtr predicate = Predicate(*plan);
      plan = FilterOf(std::move(predicate), std::move(plan));
    }
    switch (Below(7)) {
      case 0: return {Projected(std::move(plan)), false};
      case 1: return {DistinctOn(std::move(plan), !is_filtered), true};
      case 2: return SortedRows(std::move(plan));
      case 3: return {MakeRandomWindow(std::move(plan), random_, false), false};
      default: return Aggregated(std::move(plan));
    }
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Maybe() { return Below(2) == 0; }

  int64_t RandomTime() {
    const int64_t base = Maybe() ? 0 : kNsPerDay;
    return base + (static_cast<int64_t>(Below(2400)) - 1200) * RandomTable::kStep / 2;
  }

  PlanPtr Scan(const TableSchemaPtr& table) {
    std::vector<std::string> columns = {"time", "a", "b", "f", "i", "u", "s", "t"};
    std::ranges::shuffle(columns, random_);
    TimeRange time;
    if (Maybe()) time.begin = RandomTime();
    if (Maybe()) time.end = RandomTime();
    PlanPtr plan = ScanOf(table, columns, time);
    using storage::TagOp;
    if (Below(4) == 0) {
      plan->request.tags.push_back({.tag = "a",
                                    .op = Maybe() ? TagOp::kIn : TagOp::kNotIn,
                                    .values = {"a1", "a3", "nobody"},
                                    .low = {},
                                    .high = {}});
    }
    if (Below(6) == 0) {
      plan->request.tags.push_back({.tag = "b",
                                    .op = Maybe() ? TagOp::kIsNull : TagOp::kIsNotNull,
                                    .values = {},
                                    .low = {},
                                    .high = {}});
    }
    return plan;
  }

  ExprPtr Compare(ExprPtr left, Value right) {
    constexpr ExprOp kOps[] = {ExprOp::kEq, ExprOp::kNe, ExprOp::kLt,
                               ExprOp::kLe, ExprOp::kGt, ExprOp::kGe};
    return MakeExpr(ExprKind::kCompare, {std::move(left), Literal(std::move(right))},
                    kOps[Below(6)]);
  }

  ExprPtr Condition(const PlanNode& input) {
    switch (Below(7)) {
      case 0: return Compare(Ref(input, "f"), Value::Float64(static_cast<double>(Below(500))));
      case 1: return Compare(Ref(input, "i"), Value::Int64(static_cast<int64_t>(Below(40)) - 20));
      case 2: return Compare(Ref(input, "u"), Value::Uint64(Below(300)));
      case 3: return Compare(Ref(input, "s"), Value::String("text 3"));
      case 4: return Compare(Ref(input, "a"), Value::String("a2"));
      case 5: return Compare(Ref(input, "time"), Value::Timestamp(RandomTime()));
      default: return MakeExpr(ExprKind::kIsNull, {Ref(input, Maybe() ? "b" : "f")});
    }
  }

  ExprPtr Predicate(const PlanNode& input) {
    ExprPtr condition = Condition(input);
    if (Below(3) == 0) condition = MakeExpr(ExprKind::kNot, {condition});
    if (Maybe()) return condition;
    return MakeExpr(Maybe() ? ExprKind::kAnd : ExprKind::kOr, {condition, Condition(input)});
  }

  PlanPtr Projected(PlanPtr input) {
    std::vector<ExprPtr> exprs = {Ref(*input, "time"), Ref(*input, "a"), Ref(*input, "s")};
    exprs.push_back(MakeExpr(ExprKind::kArith, {Ref(*input, "i"), Literal(Value::Int64(3))},
                             ExprOp::kMultiply));
    exprs.push_back(MakeExpr(ExprKind::kArith, {Ref(*input, "f"), Ref(*input, "f")}, ExprOp::kAdd));
    exprs.push_back(MakeExpr(ExprKind::kIsNull, {Ref(*input, "u")}));
    return ProjectOf(std::move(exprs), std::move(input));
  }

  SortKey Key(ExprPtr expr) { return {std::move(expr), Maybe(), Maybe()}; }

  PlanPtr DistinctOn(PlanPtr input, bool may_read_last_only) {
    const bool wants_last = Maybe();
    std::vector<ExprPtr> keys = {Ref(*input, "a")};
    if (Maybe()) keys.push_back(Ref(*input, "b"));
    std::vector<SortKey> order;
    for (const auto& key : keys)
      order.push_back(Key(key));
    order.push_back({.expr = Ref(*input, "time"), .descending = wants_last});
    order.push_back(Key(Ref(*input, "b")));
    // What the optimizer does when nothing but the last row can come first.
    if (wants_last && may_read_last_only && Maybe()) input->request.last_row_only = true;
    return DistinctOnOf(std::move(keys), std::move(order), std::move(input));
  }

  RandomPlan SortedRows(PlanPtr input) {
    std::vector<SortKey> keys;
    for (const char* name : {"f", "i", "s", "t", "u"}) {
      if (Below(3) == 0) keys.push_back(Key(Ref(*input, name)));
    }
    for (const char* name : {"time", "a", "b"})
      keys.push_back(Key(Ref(*input, name)));
    return {Cut(std::move(keys), std::move(input)), true};
  }

  // ORDER BY keys, and one of: nothing, LIMIT, LIMIT with OFFSET.
  PlanPtr Cut(std::vector<SortKey> keys, PlanPtr input) {
    const uint64_t kind = Below(3);
    if (kind == 0) return SortOf(std::move(keys), std::move(input));
    const uint64_t limit = Below(40);
    const uint64_t offset = kind == 1 ? 0 : Below(40);
    return LimitOf(limit, offset, SortOf(std::move(keys), std::move(input), limit + offset));
  }

  ExprPtr GroupKey(const PlanNode& input) {
    constexpr int64_t kWidths[] = {7 * kNsPerSecond, 60 * kNsPerSecond, 600 * kNsPerSecond,
                                   3600 * kNsPerSecond, kNsPerDay};
    switch (Below(7)) {
      case 0:
      case 1: return Ref(input, "a");
      case 2: return Ref(input, "b");
      case 3: return BucketOf(kWidths[1 + Below(4)], Ref(input, "time"));
      case 4: return BucketOf(kWidths[2 + Below(3)], Ref(input, "time"), 17 * kNsPerSecond);
      case 5: return Ref(input, Maybe() ? "s" : "t");
      default: return Ref(input, "i");
    }
  }

  AggregateCall Call(const PlanNode& input) {
    constexpr AggregateKind kKinds[] = {
        AggregateKind::kCountStar, AggregateKind::kCount, AggregateKind::kSum,
        AggregateKind::kAvg,       AggregateKind::kMin,   AggregateKind::kMax,
        AggregateKind::kFirst,     AggregateKind::kLast,  AggregateKind::kMinBy,
        AggregateKind::kMaxBy,     AggregateKind::kMode};
    const AggregateKind kind = kKinds[Below(std::size(kKinds))];
    const std::vector<const char*> any = {"f", "i", "u", "s", "t", "a", "b", "time"};
    switch (kind) {
      case AggregateKind::kCountStar: return MakeAggregate(kind, nullptr);
      case AggregateKind::kSum:
      case AggregateKind::kAvg: return MakeAggregate(kind, Ref(input, Pick({"f", "i", "u"})));
      case AggregateKind::kFirst:
      case AggregateKind::kLast:
        return MakeAggregate(kind, Ref(input, Pick(any)), Ref(input, "time"));
      case AggregateKind::kMinBy:
      case AggregateKind::kMaxBy:
        return MakeAggregate(kind, Ref(input, Pick(any)), Ref(input, Pick(any)));
      default: break;
    }
    AggregateCall call = MakeAggregate(kind, Ref(input, Pick(any)));
    call.is_distinct = kind == AggregateKind::kCount && Maybe();
    return call;
  }

  const char* Pick(const std::vector<const char*>& names) { return names[Below(names.size())]; }

  RandomPlan Aggregated(PlanPtr input) {
    std::vector<ExprPtr> keys;
    for (uint64_t i = 0, count = Below(4); i < count; ++i)
      keys.push_back(GroupKey(*input));
    std::vector<AggregateCall> calls;
    for (uint64_t i = 0, count = Below(6); i < count; ++i)
      calls.push_back(Call(*input));
    if (calls.empty() && keys.empty()) calls.push_back(Call(*input));
    const size_t num_keys = keys.size();
    PlanPtr plan = AggregateOf(std::move(keys), std::move(calls), std::move(input));
    if (Maybe()) return {std::move(plan), false};
    std::vector<SortKey> order;
    for (uint32_t i = 0; i < num_keys; ++i)
      order.push_back(Key(MakeColumnRef(i, plan->output[i].type, plan->output[i].name)));
    std::ranges::shuffle(order, random_);
    return {Cut(std::move(order), std::move(plan)), true};
  }

  std::mt19937_64& random_;
};

}  // namespace

RandomPlan MakeRandomPlan(const TableSchemaPtr& table, std::mt19937_64& random) {
  return PlanMaker(random).Make(table);
}

}  // namespace stria::query
