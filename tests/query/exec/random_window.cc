#include "tests/query/exec/random_window.h"

#include <string>
#include <utility>
#include <vector>

#include "storage/types/time_range.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

class WindowMaker {
 public:
  WindowMaker(const PlanNode& input, std::mt19937_64& random, bool ties_are_decided)
      : input_(input), random_(random), knows_order_(ties_are_decided) {}

  void Make(std::vector<ExprPtr>& partition, std::vector<SortKey>& order,
            std::vector<WindowCall>& calls) {
    for (const char* name : {"a", "b", "t", "i"}) {
      if (Below(4) == 0) partition.push_back(Ref(input_, name));
    }
    for (uint64_t i = 0, count = Below(3); i < count; ++i)
      order.push_back(Key(Pick({"f", "i", "u", "s", "t", "time", "a", "b"})));
    if (Below(3) == 0) order = {Key(Pick({"f", "i", "u", "time"}))};
    if (!knows_order_ && Maybe()) {
      for (const char* name : {"time", "a", "b"})
        order.push_back(Key(name));
      knows_order_ = true;
    }
    for (uint64_t i = 0, count = 1 + Below(4); i < count; ++i)
      calls.push_back(Call(order));
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Maybe() { return Below(2) == 0; }
  const char* Pick(const std::vector<const char*>& names) { return names[Below(names.size())]; }

  SortKey Key(const char* name) { return {Ref(input_, name), Maybe(), Maybe()}; }

  Value RandomOffset(FrameUnit unit, const std::vector<SortKey>& order) {
    if (unit == FrameUnit::kRows) return Value::Int64(static_cast<int64_t>(Below(12)));
    switch (order[0].expr->type) {
      case DataType::kFloat64: return Value::Float64(static_cast<double>(Below(400)) / 4);
      case DataType::kTimestamp:
        return {DataType::kInterval, static_cast<int64_t>(Below(300)) * kNsPerSecond};
      default: return Value::Int64(static_cast<int64_t>(Below(30)));
    }
  }

  WindowFrame Frame(const std::vector<SortKey>& order) {
    WindowFrame frame;
    if (Below(4) == 0) return frame;
    if (knows_order_ && Maybe()) frame.unit = FrameUnit::kRows;
    bool takes_offset = frame.unit == FrameUnit::kRows;
    if (order.size() == 1) {
      const DataType type = order[0].expr->type;
      takes_offset |= IsNumeric(type) || type == DataType::kTimestamp;
    }
    do {
      frame.begin.kind = static_cast<FrameBoundKind>(Below(4));
      frame.end.kind = static_cast<FrameBoundKind>(1 + Below(4));
    } while (frame.begin.kind > frame.end.kind || (!takes_offset && HasOffset(frame)));
    for (auto* bound : {&frame.begin, &frame.end}) {
      if (IsOffset(bound->kind)) bound->offset = RandomOffset(frame.unit, order);
    }
    return frame;
  }

  static bool IsOffset(FrameBoundKind kind) {
    return kind == FrameBoundKind::kPreceding || kind == FrameBoundKind::kFollowing;
  }
  static bool HasOffset(const WindowFrame& frame) {
    return IsOffset(frame.begin.kind) || IsOffset(frame.end.kind);
  }

  ExprPtr Any() { return Ref(input_, Pick({"f", "i", "u", "s", "t", "a", "b", "time"})); }
  static ExprPtr Number(int64_t number) { return Literal(Value::Int64(number)); }

  WindowCall Call(const std::vector<SortKey>& order) {
    constexpr WindowKind kWithoutOrder[] = {WindowKind::kRank, WindowKind::kDenseRank,
                                            WindowKind::kPercentRank, WindowKind::kCumeDist};
    if (Maybe()) return Aggregate(order);
    if (!knows_order_) return MakeWindowCall(kWithoutOrder[Below(4)], {});
    const auto kind = static_cast<WindowKind>(Below(11));
    switch (kind) {
      case WindowKind::kNtile:
        return MakeWindowCall(kind, {Number(1 + static_cast<int64_t>(Below(9)))});
      case WindowKind::kLag:
      case WindowKind::kLead: return Shift(kind);
      case WindowKind::kFirstValue:
      case WindowKind::kLastValue: return MakeWindowCall(kind, {Any()}, Frame(order));
      case WindowKind::kNthValue:
        return MakeWindowCall(kind, {Any(), Number(1 + static_cast<int64_t>(Below(5)))},
                              Frame(order));
      default: return MakeWindowCall(kind, {});
    }
  }

  WindowCall Shift(WindowKind kind) {
    std::vector<ExprPtr> args = {Any()};
    // A column as offset has NULLs and negative numbers.
    if (Maybe())
      args.push_back(Maybe() ? Ref(input_, "i") : Number(static_cast<int64_t>(Below(9)) - 4));
    if (args.size() == 2 && Maybe()) {
      const char* const names[] = {"f", "i", "u", "s"};
      const char* name = names[Below(4)];
      args[0] = Ref(input_, name);
      args.push_back(Maybe() ? Ref(input_, name)
                             : Literal(args[0]->type == DataType::kString
                                           ? Value::String("none")
                                           : Value::Null(args[0]->type)));
    }
    return MakeWindowCall(kind, std::move(args));
  }

  WindowCall Aggregate(const std::vector<SortKey>& order) {
    const auto kind = static_cast<AggregateKind>(Below(8));
    std::vector<ExprPtr> args;
    switch (kind) {
      case AggregateKind::kCountStar: break;
      case AggregateKind::kSum:
      case AggregateKind::kAvg: args = {Ref(input_, Pick({"f", "i", "u"}))}; break;
      case AggregateKind::kFirst:
      case AggregateKind::kLast: args = {Any(), Ref(input_, "time")}; break;
      default: args = {Any()}; break;
    }
    return MakeWindowCall(WindowKind::kAggregate, std::move(args), Frame(order), kind);
  }

  const PlanNode& input_;
  std::mt19937_64& random_;
  bool knows_order_;
};

}  // namespace

PlanPtr MakeRandomWindow(PlanPtr input, std::mt19937_64& random, bool ties_are_decided) {
  std::vector<ExprPtr> partition;
  std::vector<SortKey> order;
  std::vector<WindowCall> calls;
  WindowMaker(*input, random, ties_are_decided).Make(partition, order, calls);
  return WindowOf(std::move(partition), std::move(order), std::move(calls), std::move(input));
}

}  // namespace stria::query
