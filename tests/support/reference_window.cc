#include "tests/support/reference_window.h"

#include <algorithm>

#include "storage/base/int128.h"
#include "tests/support/reference_aggregate.h"

namespace stria::query {
namespace {

using Rows = std::vector<ReferenceRow>;

// -1, 0 or 1 as `value` is less than, equal to or greater than `from` plus `sign` times `offset`.
int OrderToMoved(const Value& value, const Value& from, int sign, const Value& offset) {
  if (value.type == DataType::kFloat64) {
    const Value moved = Value::Float64(from.float64() + sign * offset.float64());
    return ReferenceOrderOf(value, moved);
  }
  const auto wide = [](const Value& v) {
    return v.type == DataType::kUint64 ? Int128{v.uint64()} : Int128{v.int64()};
  };
  const Int128 moved = wide(from) + Int128{sign} * offset.int64();
  return wide(value) < moved ? -1 : wide(value) > moved ? 1 : 0;
}

// The partition of one row, in order, and the row's place in it.
class Place {
 public:
  Place(const PlanNode& node, const Rows& rows, size_t index)
      : node_(node), rows_(rows), index_(index) {}

  Value Compute(const WindowCall& call) const {
    const auto count = [](size_t n) { return Value::Int64(static_cast<int64_t>(n)); };
    const auto num_rows = static_cast<double>(rows_.size());
    switch (call.kind) {
      case WindowKind::kRowNumber: return count(index_ + 1);
      case WindowKind::kRank: return count(NumBefore() + 1);
      case WindowKind::kDenseRank: return count(NumKeysBefore() + 1);
      case WindowKind::kPercentRank:
        return Value::Float64(
            rows_.size() == 1 ? 0.0 : static_cast<double>(NumBefore()) / (num_rows - 1));
      case WindowKind::kCumeDist:
        return Value::Float64(static_cast<double>(NumNotAfter()) / num_rows);
      case WindowKind::kNtile: return Bucket(call);
      case WindowKind::kLag: return Shifted(call, -1);
      case WindowKind::kLead: return Shifted(call, 1);
      default: break;
    }
    Rows frame;
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (IsFromBegin(i, call.frame) && IsToEnd(i, call.frame)) frame.push_back(rows_[i]);
    }
    const Value nothing = Value::Null(call.type);
    switch (call.kind) {
      case WindowKind::kFirstValue:
        return frame.empty() ? nothing : ReferenceValue(*call.args[0], frame.front());
      case WindowKind::kLastValue:
        return frame.empty() ? nothing : ReferenceValue(*call.args[0], frame.back());
      case WindowKind::kNthValue: {
        const Value number = ReferenceValue(*call.args[1], rows_[index_]);
        if (number.is_null() || static_cast<uint64_t>(number.int64()) > frame.size())
          return nothing;
        return ReferenceValue(*call.args[0], frame[static_cast<size_t>(number.int64() - 1)]);
      }
      default: break;
    }
    return ReferenceAggregate({.kind = call.aggregate,
                               .argument = call.args.empty() ? nullptr : call.args[0],
                               .order = call.args.size() > 1 ? call.args[1] : nullptr,
                               .parameters = {},
                               .is_distinct = false,
                               .type = call.type,
                               .text = {}},
                              frame);
  }

 private:
  int OrderToHere(size_t i) const {
    return ReferenceOrder(node_.sort_keys, rows_[i], rows_[index_]);
  }

  size_t NumBefore() const {
    size_t count = 0;
    for (size_t i = 0; i < rows_.size(); ++i)
      count += OrderToHere(i) < 0 ? 1U : 0U;
    return count;
  }

  size_t NumNotAfter() const {
    size_t count = 0;
    for (size_t i = 0; i < rows_.size(); ++i)
      count += OrderToHere(i) <= 0 ? 1U : 0U;
    return count;
  }

  size_t NumKeysBefore() const {
    size_t count = 0;
    for (size_t i = 0; i < rows_.size(); ++i) {
      const bool is_new = i == 0 || ReferenceOrder(node_.sort_keys, rows_[i - 1], rows_[i]) != 0;
      count += is_new && OrderToHere(i) < 0 ? 1U : 0U;
    }
    return count;
  }

  // Deals the rows out one by one: the first buckets get what is left over.
  Value Bucket(const WindowCall& call) const {
    const Value buckets = ReferenceValue(*call.args[0], rows_[0]);
    if (buckets.is_null()) return Value::Null(DataType::kInt64);
    const auto num_buckets = static_cast<size_t>(buckets.int64());
    std::vector<size_t> sizes(std::min(num_buckets, rows_.size()), 0);
    for (size_t i = 0; i < rows_.size(); ++i)
      ++sizes[i % num_buckets];
    size_t end = 0;
    for (size_t bucket = 0; bucket < sizes.size(); ++bucket) {
      end += sizes[bucket];
      if (index_ < end) return Value::Int64(static_cast<int64_t>(bucket + 1));
    }
    return Value::Null(DataType::kInt64);
  }

  Value Shifted(const WindowCall& call, int sign) const {
    Value offset = Value::Int64(1);
    if (call.args.size() > 1) offset = ReferenceValue(*call.args[1], rows_[index_]);
    if (offset.is_null()) return Value::Null(call.type);
    const Int128 target = Int128{index_} + Int128{sign} * offset.int64();
    if (target >= 0 && target < Int128{rows_.size()})
      return ReferenceValue(*call.args[0], rows_[static_cast<size_t>(target)]);
    if (call.args.size() > 2) return ReferenceValue(*call.args[2], rows_[index_]);
    return Value::Null(call.type);
  }

  // How row i stands to a bound with an offset: -1 before it, 1 after it. A NULL is near to NULLs
  // only.
  int SideOfBound(size_t i, const FrameBound& bound) const {
    const SortKey& key = node_.sort_keys[0];
    const Value here = ReferenceValue(*key.expr, rows_[index_]);
    const Value there = ReferenceValue(*key.expr, rows_[i]);
    if (here.is_null() || there.is_null()) return OrderToHere(i);
    const bool is_down = (bound.kind == FrameBoundKind::kPreceding) != key.descending;
    const int order = OrderToMoved(there, here, is_down ? -1 : 1, bound.offset);
    return key.descending ? -order : order;
  }

  static Int128 RowOfBound(size_t index, const FrameBound& bound) {
    if (bound.kind == FrameBoundKind::kCurrentRow) return Int128{index};
    const Int128 offset = bound.offset.int64();
    return bound.kind == FrameBoundKind::kPreceding ? Int128{index} - offset
                                                    : Int128{index} + offset;
  }

  bool IsFromBegin(size_t i, const WindowFrame& frame) const {
    if (frame.begin.kind == FrameBoundKind::kUnboundedPreceding) return true;
    if (frame.unit == FrameUnit::kRows) return Int128{i} >= RowOfBound(index_, frame.begin);
    if (frame.begin.kind == FrameBoundKind::kCurrentRow) return OrderToHere(i) >= 0;
    return SideOfBound(i, frame.begin) >= 0;
  }

  bool IsToEnd(size_t i, const WindowFrame& frame) const {
    if (frame.end.kind == FrameBoundKind::kUnboundedFollowing) return true;
    if (frame.unit == FrameUnit::kRows) return Int128{i} <= RowOfBound(index_, frame.end);
    if (frame.end.kind == FrameBoundKind::kCurrentRow) return OrderToHere(i) <= 0;
    return SideOfBound(i, frame.end) <= 0;
  }

  const PlanNode& node_;
  const Rows& rows_;
  size_t index_;
};

}  // namespace

std::vector<ReferenceRow> ReferenceWindow(const PlanNode& node,
                                          const std::vector<ReferenceRow>& input) {
  // The number of a row is its last column while it is sorted.
  Rows numbered = input;
  for (size_t i = 0; i < numbered.size(); ++i)
    numbered[i].push_back(Value::Int64(static_cast<int64_t>(i)));
  const auto keys_of = [&](const ReferenceRow& row) {
    ReferenceRow keys;
    for (const auto& expr : node.exprs)
      keys.push_back(ReferenceValue(*expr, row));
    return keys;
  };
  Rows output = input;
  std::vector<bool> done(input.size());
  for (size_t first = 0; first < input.size(); ++first) {
    if (done[first]) continue;
    Rows partition;
    for (const auto& row : numbered) {
      if (SameReferenceKeys(keys_of(row), keys_of(input[first]))) partition.push_back(row);
    }
    std::ranges::stable_sort(partition, [&](const ReferenceRow& a, const ReferenceRow& b) {
      return ReferenceOrder(node.sort_keys, a, b) < 0;
    });
    for (size_t i = 0; i < partition.size(); ++i) {
      const auto row = static_cast<size_t>(partition[i].back().int64());
      done[row] = true;
      const Place place(node, partition, i);
      for (const auto& call : node.window_calls)
        output[row].push_back(place.Compute(call));
    }
  }
  return output;
}

}  // namespace stria::query
