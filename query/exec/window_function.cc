#include "query/exec/window_function.h"

#include <bit>
#include <limits>
#include <string_view>

#include "query/aggregate/basic_accumulator.h"
#include "query/aggregate/moments.h"
#include "query/aggregate/numbers.h"
#include "query/exec/sliding_fold.h"
#include "query/exec/window_frame.h"
#include "query/expr/evaluator.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

constexpr uint32_t kNoPosition = std::numeric_limits<uint32_t>::max();

bool IsValid(const Column& column, uint32_t position) {
  return column.validity.empty() || column.validity[position] != 0;
}

int64_t Int64At(const Column& column, uint32_t position) {
  return static_cast<int64_t>(column.bits[position]);
}

class Computation {
 public:
  Computation(const WindowInput& input, WindowPartition partition, Column& result)
      : input_(input), partition_(partition), result_(result) {}

  Status Run() {
    switch (input_.call.kind) {
      case WindowKind::kRowNumber:
        for (uint32_t p = partition_.begin; p < partition_.end; ++p)
          Set(p, p - partition_.begin + 1);
        return Status::Ok();
      case WindowKind::kRank:
      case WindowKind::kDenseRank:
      case WindowKind::kPercentRank:
      case WindowKind::kCumeDist: RankPeers(); return Status::Ok();
      case WindowKind::kNtile: return NumberBuckets();
      case WindowKind::kLag:
      case WindowKind::kLead: Shift(); return Status::Ok();
      case WindowKind::kFirstValue:
      case WindowKind::kLastValue: PickEnd(); return Status::Ok();
      case WindowKind::kNthValue: return PickNth();
      case WindowKind::kAggregate: return Aggregate();
    }
    return Status::Ok();
  }

 private:
  uint32_t num_rows() const { return partition_.end - partition_.begin; }

  void Set(uint32_t position, uint64_t bits) {
    result_.bits[position] = bits;
    result_.validity[position] = 1;
  }

  void SetNumber(uint32_t position, double number) {
    Set(position, std::bit_cast<uint64_t>(number));
  }

  // The result at `position` becomes what `from` has at `source`.
  void Copy(uint32_t position, const Column& from, uint32_t source) {
    if (!IsValid(from, source)) return;
    result_.validity[position] = 1;
    if (result_.type == DataType::kString) {
      result_.strings[position] = from.strings[source];
    } else {
      result_.bits[position] = from.bits[source];
    }
  }

  WindowFrames Frames() const {
    return {input_.call.frame, input_.rows, partition_, input_.key, input_.order};
  }

  void RankPeers() {
    uint64_t dense_rank = 0;
    for (uint32_t begin = partition_.begin; begin < partition_.end;) {
      uint32_t end = begin + 1;
      while (end < partition_.end && !input_.rows.IsFirstPeer(end))
        ++end;
      ++dense_rank;
      const uint32_t before = begin - partition_.begin;
      for (uint32_t p = begin; p < end; ++p) {
        switch (input_.call.kind) {
          case WindowKind::kRank: Set(p, before + 1); break;
          case WindowKind::kDenseRank: Set(p, dense_rank); break;
          case WindowKind::kPercentRank:
            SetNumber(p, num_rows() == 1 ? 0.0 : double{1} * before / (num_rows() - 1));
            break;
          default: SetNumber(p, double{1} * (end - partition_.begin) / num_rows()); break;
        }
      }
      begin = end;
    }
  }

  // The first buckets get one row more where the rows do not divide evenly.
  Status NumberBuckets() {
    const Column& counts = input_.args[0];
    if (!IsValid(counts, partition_.begin)) return Status::Ok();
    const int64_t count = Int64At(counts, partition_.begin);
    if (count <= 0)
      return InvalidArgument("ntile() needs a number of buckets that is 1 or more, not {}", count);
    const auto num_buckets = static_cast<uint64_t>(count);
    const uint64_t size = num_rows() / num_buckets;
    const uint64_t num_larger = num_rows() % num_buckets;
    const uint64_t in_larger = num_larger * (size + 1);
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      const uint64_t row = p - partition_.begin;
      Set(p, row < in_larger ? row / (size + 1) + 1 : num_larger + (row - in_larger) / size + 1);
    }
    return Status::Ok();
  }

  // The position `offset` rows later than `position`; kNoPosition outside of the partition.
  uint32_t Shifted(uint32_t position, int64_t offset) const {
    const int64_t first = int64_t{partition_.begin} - position;
    const int64_t last = int64_t{partition_.end} - 1 - position;
    if (offset < first || offset > last) return kNoPosition;
    return static_cast<uint32_t>(position + offset);
  }

  void Shift() {
    const auto& args = input_.args;
    const bool is_lag = input_.call.kind == WindowKind::kLag;
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      if (args.size() > 1 && !IsValid(args[1], p)) continue;
      int64_t offset = args.size() > 1 ? Int64At(args[1], p) : 1;
      // The least offset has no opposite; both ways it is out of the partition.
      if (is_lag && offset != std::numeric_limits<int64_t>::min()) offset = -offset;
      const uint32_t source = Shifted(p, offset);
      if (source != kNoPosition) {
        Copy(p, args[0], source);
      } else if (args.size() > 2) {
        Copy(p, args[2], p);
      }
    }
  }

  void PickEnd() {
    WindowFrames frames = Frames();
    const bool is_first = input_.call.kind == WindowKind::kFirstValue;
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      const auto [begin, end] = frames.Next();
      if (begin < end) Copy(p, input_.args[0], is_first ? begin : end - 1);
    }
  }

  Status PickNth() {
    WindowFrames frames = Frames();
    const Column& numbers = input_.args[1];
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      const auto [begin, end] = frames.Next();
      if (!IsValid(numbers, p)) continue;
      const int64_t number = Int64At(numbers, p);
      if (number <= 0)
        return InvalidArgument("nth_value() needs a position that is 1 or more, not {}", number);
      if (number <= int64_t{end} - begin)
        Copy(p, input_.args[0], begin + static_cast<uint32_t>(number - 1));
    }
    return Status::Ok();
  }

  // Folds the frame of each position, and hands it to `finish(position, state)`.
  template <typename State, typename ValueOf, typename Combine, typename Finish>
  Status Fold(ValueOf value_of, Combine combine, Finish finish) {
    WindowFrames frames = Frames();
    SlidingFold<State, ValueOf, Combine> fold(partition_.begin, value_of, combine);
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      const auto [begin, end] = frames.Next();
      STRIA_RETURN_IF_ERROR(finish(p, fold.Of(begin, end)));
    }
    return Status::Ok();
  }

  Status Aggregate() {
    switch (input_.call.aggregate) {
      case AggregateKind::kCountStar: return CountRows();
      case AggregateKind::kCount: return CountValues();
      case AggregateKind::kSum:
      case AggregateKind::kAvg:
        return input_.args[0].type == DataType::kFloat64 ? SumNumbers() : SumIntegers();
      case AggregateKind::kMin:
      case AggregateKind::kMax:
      case AggregateKind::kFirst:
      case AggregateKind::kLast:
      case AggregateKind::kMinBy:
      case AggregateKind::kMaxBy: return PickBest();
      case AggregateKind::kStddevSamp:
      case AggregateKind::kStddevPop:
      case AggregateKind::kVarSamp:
      case AggregateKind::kVarPop: return FoldMoments();
      default: return InvalidArgument("{} takes no OVER", input_.call.text);
    }
  }

  Status CountRows() {
    WindowFrames frames = Frames();
    for (uint32_t p = partition_.begin; p < partition_.end; ++p) {
      const auto [begin, end] = frames.Next();
      Set(p, end - begin);
    }
    return Status::Ok();
  }

  Status CountValues() {
    const Column& values = input_.args[0];
    return Fold<uint64_t>([&](uint32_t p) { return uint64_t{IsValid(values, p)}; },
                          [](uint64_t a, uint64_t b) { return a + b; },
                          [&](uint32_t p, uint64_t count) {
                            Set(p, count);
                            return Status::Ok();
                          });
  }

  template <typename Sum>
  struct SumAndCount {
    Sum sum = 0;
    uint64_t count = 0;
  };

  template <typename Sum, typename ValueOf, typename Finish>
  Status FoldSums(ValueOf value_of, Finish finish) {
    using State = SumAndCount<Sum>;
    const Column& values = input_.args[0];
    return Fold<State>(
        [&](uint32_t p) {
          return IsValid(values, p) ? State{value_of(values.bits[p]), 1} : State{};
        },
        [](const State& a, const State& b) {
          return State{a.sum + b.sum, a.count + b.count};
        },
        [&](uint32_t p, const State& state) -> Status {
          return state.count == 0 ? Status::Ok() : finish(p, state);
        });
  }

  Status SumNumbers() {
    const bool is_average = input_.call.aggregate == AggregateKind::kAvg;
    return FoldSums<double>(
        [](uint64_t bits) { return std::bit_cast<double>(bits); },
        [&](uint32_t p, const auto& state) {
          SetNumber(p, is_average ? state.sum / static_cast<double>(state.count) : state.sum);
          return Status::Ok();
        });
  }

  Status SumIntegers() {
    const bool is_average = input_.call.aggregate == AggregateKind::kAvg;
    const bool is_unsigned = input_.args[0].type == DataType::kUint64;
    return FoldSums<Int128>(
        [&](uint64_t bits) {
          return is_unsigned ? Int128{bits} : Int128{static_cast<int64_t>(bits)};
        },
        [&](uint32_t p, const auto& state) -> Status {
          if (is_average) {
            Set(p, AverageBits(state.sum, state.count, input_.call.type));
            return Status::Ok();
          }
          STRIA_ASSIGN_OR_RETURN(const uint64_t bits,
                                 IntegerSumBits(state.sum, input_.call.type, input_.call.text));
          Set(p, bits);
          return Status::Ok();
        });
  }

  Status FoldMoments() {
    const Column& values = input_.args[0];
    return Fold<MomentState>(
        [&](uint32_t p) {
          MomentState state;
          if (IsValid(values, p)) state.Add(NumberOf(values.type, values.bits[p]));
          return state;
        },
        [](const MomentState& a, const MomentState& b) {
          MomentState both = a;
          both.Merge(b);
          return both;
        },
        [&](uint32_t p, const MomentState& state) {
          const auto result = state.ResultOf(input_.call.aggregate);
          if (result) SetNumber(p, *result);
          return Status::Ok();
        });
  }

  // The position of the best value: the least or greatest, or that of the
  // least or greatest order.
  struct Best {
    uint32_t position = kNoPosition;
  };

  int OrderOf(const Column& column, uint32_t a, uint32_t b) const {
    if (column.type != DataType::kString)
      return CompareBits(column.type, column.bits[a], column.bits[b]);
    const int order = column.strings[a].compare(column.strings[b]);
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }

  Status PickBest() {
    const AggregateKind kind = input_.call.aggregate;
    const bool wants_smaller = kind == AggregateKind::kMin || kind == AggregateKind::kFirst ||
                               kind == AggregateKind::kMinBy;
    const Column& values = input_.args[0];
    const Column* times = input_.args.size() > 1 ? &input_.args[1] : nullptr;
    const auto value_of = [&](uint32_t p) {
      const bool counts = IsValid(values, p) && (times == nullptr || IsValid(*times, p));
      return Best{counts ? p : kNoPosition};
    };
    const auto better = [&](const Best& a, const Best& b) {
      if (a.position == kNoPosition) return b;
      if (b.position == kNoPosition) return a;
      int order = times == nullptr ? 0 : OrderOf(*times, a.position, b.position);
      if (order == 0) order = OrderOf(values, a.position, b.position);
      if (order == 0) return a;
      return (order < 0) == wants_smaller ? a : b;
    };
    return Fold<Best>(value_of, better, [&](uint32_t p, const Best& best) {
      if (best.position != kNoPosition) Copy(p, values, best.position);
      return Status::Ok();
    });
  }

  const WindowInput& input_;
  const WindowPartition partition_;
  Column& result_;
};

}  // namespace

Status ComputeWindow(const WindowInput& input, WindowPartition partition, Column& result) {
  return Computation(input, partition, result).Run();
}

}  // namespace stria::query
