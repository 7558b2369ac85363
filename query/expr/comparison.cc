#include "query/expr/comparison.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string_view>

#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// One comparison of two plain values.
template <ExprOp kOp, typename T>
bool Holds(T left, T right) {
  if constexpr (kOp == ExprOp::kEq) return left == right;
  if constexpr (kOp == ExprOp::kNe) return left != right;
  if constexpr (kOp == ExprOp::kLt) return left < right;
  if constexpr (kOp == ExprOp::kLe) return left <= right;
  if constexpr (kOp == ExprOp::kGt) return left > right;
  if constexpr (kOp == ExprOp::kGe) return left >= right;
}

// NaN = NaN and NaN > everything else, without branches.
template <ExprOp kOp>
bool HoldsDouble(double left, double right) {
  const bool left_nan = left != left;
  const bool right_nan = right != right;
  if constexpr (kOp == ExprOp::kEq) return (left == right) | (left_nan & right_nan);
  if constexpr (kOp == ExprOp::kNe) return !((left == right) | (left_nan & right_nan));
  if constexpr (kOp == ExprOp::kLt) return (left < right) | (right_nan & !left_nan);
  if constexpr (kOp == ExprOp::kGe) return !((left < right) | (right_nan & !left_nan));
  if constexpr (kOp == ExprOp::kGt) return (right < left) | (left_nan & !right_nan);
  if constexpr (kOp == ExprOp::kLe) return !((right < left) | (left_nan & !right_nan));
}

ExprOp Mirrored(ExprOp op) {
  switch (op) {
    case ExprOp::kLt: return ExprOp::kGt;
    case ExprOp::kLe: return ExprOp::kGe;
    case ExprOp::kGt: return ExprOp::kLt;
    case ExprOp::kGe: return ExprOp::kLe;
    default: return op;
  }
}

template <ExprOp kOp, typename T>
struct Comparison {
  static bool Apply(uint64_t left, uint64_t right) {
    if constexpr (std::is_same_v<T, double>) {
      return HoldsDouble<kOp>(std::bit_cast<double>(left), std::bit_cast<double>(right));
    } else {
      return Holds<kOp>(static_cast<T>(left), static_cast<T>(right));
    }
  }
};

template <ExprOp kOp, typename T>
void CompareWords(const PlainView& left, const PlainView& right, std::span<uint8_t> truth) {
  const uint64_t* a = left.words();
  if (right.is_constant()) {
    const uint64_t b = right.Word(0);
    for (size_t row = 0; row < truth.size(); ++row)
      truth[row] = Comparison<kOp, T>::Apply(a[row], b) ? 1 : 0;
    return;
  }
  const uint64_t* b = right.words();
  for (size_t row = 0; row < truth.size(); ++row)
    truth[row] = Comparison<kOp, T>::Apply(a[row], b[row]) ? 1 : 0;
}

template <ExprOp kOp>
void CompareStrings(const PlainView& left, const PlainView& right, std::span<uint8_t> truth) {
  for (uint32_t row = 0; row < truth.size(); ++row) {
    if (!left.IsValid(row) || !right.IsValid(row)) continue;  // Becomes unknown afterwards.
    truth[row] = Holds<kOp>(left.String(row), right.String(row)) ? 1 : 0;
  }
}

template <ExprOp kOp>
void CompareTyped(DataType type, const PlainView& left, const PlainView& right,
                  std::span<uint8_t> truth) {
  switch (type) {
    case DataType::kFloat64: return CompareWords<kOp, double>(left, right, truth);
    case DataType::kUint64:
    case DataType::kBool: return CompareWords<kOp, uint64_t>(left, right, truth);
    case DataType::kTimestamp:
    case DataType::kInt64:
    case DataType::kInterval: return CompareWords<kOp, int64_t>(left, right, truth);
    case DataType::kString: return CompareStrings<kOp>(left, right, truth);
    case DataType::kNull: break;
  }
}

void CompareViews(ExprOp op, DataType type, const PlainView& left, const PlainView& right,
                  std::span<uint8_t> truth) {
  switch (op) {
    case ExprOp::kEq: return CompareTyped<ExprOp::kEq>(type, left, right, truth);
    case ExprOp::kNe: return CompareTyped<ExprOp::kNe>(type, left, right, truth);
    case ExprOp::kLt: return CompareTyped<ExprOp::kLt>(type, left, right, truth);
    case ExprOp::kLe: return CompareTyped<ExprOp::kLe>(type, left, right, truth);
    case ExprOp::kGt: return CompareTyped<ExprOp::kGt>(type, left, right, truth);
    case ExprOp::kGe: return CompareTyped<ExprOp::kGe>(type, left, right, truth);
    default: break;
  }
}

void MarkUnknown(const uint8_t* validity, std::span<uint8_t> truth) {
  if (validity == nullptr) return;
  for (size_t row = 0; row < truth.size(); ++row)
    truth[row] = validity[row] != 0 ? truth[row] : uint8_t{kUnknown};
}

// Compares narrow lanes to a constant in their own width. False where that is not possible.
template <typename Lane>
bool CompareLanes(ExprOp op, const VectorView& view, uint64_t constant, std::span<uint8_t> truth) {
  const bool is_signed = view.type == DataType::kInt64;
  const uint64_t flip = is_signed ? kSignBit : 0;
  const uint64_t low = view.base ^ flip;
  const uint64_t wanted = constant ^ flip;
  constexpr uint64_t kGreatest = std::numeric_limits<Lane>::max();
  // Outside the lanes' range the answer is the same for all rows.
  if (wanted < low || wanted - low > kGreatest) {
    const bool is_below = wanted < low;  // Every value is greater than the constant.
    const bool holds = op == ExprOp::kNe ||
                       ((op == ExprOp::kGt || op == ExprOp::kGe) && is_below) ||
                       ((op == ExprOp::kLt || op == ExprOp::kLe) && !is_below);
    std::ranges::fill(truth, holds ? uint8_t{kTrue} : uint8_t{kFalse});
    return true;
  }
  const auto limit = static_cast<Lane>(wanted - low);
  const auto* lanes = static_cast<const Lane*>(view.data);
  const auto loop = [&](auto holds) {
    for (size_t row = 0; row < truth.size(); ++row)
      truth[row] = holds(lanes[row]) ? 1 : 0;
  };
  switch (op) {
    case ExprOp::kEq: loop([limit](Lane value) { return value == limit; }); return true;
    case ExprOp::kNe: loop([limit](Lane value) { return value != limit; }); return true;
    case ExprOp::kLt: loop([limit](Lane value) { return value < limit; }); return true;
    case ExprOp::kLe: loop([limit](Lane value) { return value <= limit; }); return true;
    case ExprOp::kGt: loop([limit](Lane value) { return value > limit; }); return true;
    case ExprOp::kGe: loop([limit](Lane value) { return value >= limit; }); return true;
    default: return false;
  }
}

// The first of the offsets 0 .. end - 1 for which `is_before` is false, or `end`.
template <typename IsBefore>
uint64_t PartitionPoint(uint64_t end, const IsBefore& is_before) {
  uint64_t begin = 0;
  while (begin < end) {
    const uint64_t middle = begin + (end - begin) / 2;
    if (is_before(middle)) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Compares decimals to a constant: doubles rise with their offsets, so that the answer is a range
// of offsets, found by halving; rows are then compared in their own width.
template <typename Lane>
bool CompareDecimals(ExprOp op, const VectorView& view, uint64_t constant_bits,
                     std::span<uint8_t> truth) {
  constexpr uint64_t kEnd = uint64_t{std::numeric_limits<Lane>::max()} + 1;
  const auto constant = std::bit_cast<double>(constant_bits);
  const bool is_nan = constant != constant;  // Greater than every decimal.
  const auto value_of = [&](uint64_t offset) { return std::bit_cast<double>(view.BitsAt(offset)); };
  const uint64_t equal =
      PartitionPoint(kEnd, [&](uint64_t offset) { return is_nan || value_of(offset) < constant; });
  const uint64_t greater =
      PartitionPoint(kEnd, [&](uint64_t offset) { return !(constant < value_of(offset)); });
  uint64_t begin = 0;
  uint64_t end = kEnd;
  bool holds_inside = true;
  switch (op) {
    case ExprOp::kNe: holds_inside = false; [[fallthrough]];
    case ExprOp::kEq: begin = equal, end = greater; break;
    case ExprOp::kLt: end = equal; break;
    case ExprOp::kLe: end = greater; break;
    case ExprOp::kGt: begin = greater; break;
    case ExprOp::kGe: begin = equal; break;
    default: return false;
  }
  const uint8_t inside = holds_inside ? kTrue : kFalse;
  const uint8_t outside = holds_inside ? kFalse : kTrue;
  if (begin == end || end - begin == kEnd) {
    std::ranges::fill(truth, begin == end ? outside : inside);
    return true;
  }
  const auto* lanes = static_cast<const Lane*>(view.data);
  const auto first = static_cast<Lane>(begin);
  const auto count = static_cast<Lane>(end - begin);
  for (size_t row = 0; row < truth.size(); ++row)
    truth[row] = static_cast<Lane>(lanes[row] - first) < count ? inside : outside;
  return true;
}

template <typename Lane>
bool CompareNarrow(ExprOp op, const VectorView& view, uint64_t constant, std::span<uint8_t> truth) {
  return view.type == DataType::kFloat64 ? CompareDecimals<Lane>(op, view, constant, truth)
                                         : CompareLanes<Lane>(op, view, constant, truth);
}

bool ComparePacked(ExprOp op, const Column& left, const Column& right, std::span<uint8_t> truth) {
  if (left.form != Column::Form::kPacked || right.form != Column::Form::kConstant ||
      left.packed.all_null || right.constant.is_null() || left.type == DataType::kString) {
    return false;
  }
  const uint64_t constant = BitsOf(right.constant);
  bool done = false;
  switch (left.packed.lanes) {
    case Lanes::kU8: done = CompareNarrow<uint8_t>(op, left.packed, constant, truth); break;
    case Lanes::kU16: done = CompareNarrow<uint16_t>(op, left.packed, constant, truth); break;
    case Lanes::kU32: done = CompareNarrow<uint32_t>(op, left.packed, constant, truth); break;
    case Lanes::kConstant:
    case Lanes::k64:
    case Lanes::kString: break;
  }
  if (done) MarkUnknown(left.packed.validity, truth);
  return done;
}

// A dictionary against a constant: each run of one code is compared once.
bool CompareDictionary(ExprOp op, const Column& left, const Column& right,
                       std::span<uint8_t> truth) {
  if (left.form != Column::Form::kDictionary || right.form != Column::Form::kConstant ||
      right.constant.is_null()) {
    return false;
  }
  int32_t last_code = -1;
  uint8_t last_truth = kUnknown;
  Column one = Column::Constant(Value::String(""), DataType::kString);
  const PlainView constant(right, 1);
  for (size_t row = 0; row < truth.size(); ++row) {
    const int32_t code = left.codes[row];
    if (code != last_code) {
      last_code = code;
      last_truth = kUnknown;
      if (code >= 0) {
        one.constant = Value::String((*left.dictionary)[static_cast<size_t>(code)]);
        CompareViews(op, DataType::kString, PlainView(one, 1), constant, {&last_truth, 1});
      }
    }
    truth[row] = last_truth;
  }
  return true;
}

}  // namespace

void CompareColumns(ExprOp op, const Column& left, const Column& right, std::span<uint8_t> truth) {
  if (left.form == Column::Form::kConstant && right.form != Column::Form::kConstant) {
    return CompareColumns(Mirrored(op), right, left, truth);
  }
  if (ComparePacked(op, left, right, truth) || CompareDictionary(op, left, right, truth)) return;
  const auto num_rows = static_cast<uint32_t>(truth.size());
  const PlainView left_view(left, num_rows);
  const PlainView right_view(right, num_rows);
  if (left_view.all_null() || right_view.all_null() || left.type == DataType::kNull ||
      right.type == DataType::kNull) {
    std::ranges::fill(truth, uint8_t{kUnknown});
    return;
  }
  if (left_view.is_constant() && right_view.is_constant()) {
    uint8_t answer = kFalse;
    CompareViews(op, left.type, left_view, right_view, {&answer, 1});
    std::ranges::fill(truth, answer);
    return;
  }
  if (left_view.is_constant()) {
    CompareViews(Mirrored(op), left.type, right_view, left_view, truth);
  } else {
    CompareViews(op, left.type, left_view, right_view, truth);
  }
  MarkUnknown(left_view.validity(), truth);
  MarkUnknown(right_view.validity(), truth);
}

uint64_t CanonicalDouble(uint64_t bits) {
  const double value = std::bit_cast<double>(bits);
  if (value == 0) return 0;
  if (value != value) return std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return bits;
}

uint64_t SortableBits(DataType type, uint64_t bits) {
  switch (type) {
    case DataType::kFloat64:
      bits = CanonicalDouble(bits);
      return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
    case DataType::kTimestamp:
    case DataType::kInt64:
    case DataType::kInterval: return bits ^ kSignBit;
    case DataType::kUint64:
    case DataType::kBool:
    case DataType::kString:
    case DataType::kNull: break;
  }
  return bits;
}

int CompareBits(DataType type, uint64_t a, uint64_t b) {
  const uint64_t left = SortableBits(type, a);
  const uint64_t right = SortableBits(type, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

int CompareValues(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return (a.is_null() ? 1 : 0) - (b.is_null() ? 1 : 0);
  if (a.type == DataType::kString) {
    const int order = a.string().compare(b.string());
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return CompareBits(a.type, BitsOf(a), BitsOf(b));
}

}  // namespace stria::query
