#include "query/expr/arithmetic.h"

#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "storage/base/errors.h"

namespace stria::query {
namespace {

// What went wrong with a row; the rows of a batch are or-ed together.
enum Fault : uint8_t { kNone = 0, kOverflow = 1, kDivisionByZero = 2 };

std::string_view OpName(ExprOp op) {
  switch (op) {
    case ExprOp::kAdd: return "+";
    case ExprOp::kSubtract: return "-";
    case ExprOp::kMultiply: return "*";
    case ExprOp::kDivide: return "/";
    case ExprOp::kModulo: return "%";
    default: return "?";
  }
}

template <ExprOp kOp, typename T>
uint8_t ApplyInteger(uint64_t left_bits, uint64_t right_bits, uint64_t& result) {
  const auto left = static_cast<T>(left_bits);
  const auto right = static_cast<T>(right_bits);
  T value = 0;
  uint8_t fault = kNone;
  if constexpr (kOp == ExprOp::kAdd) {
    fault = __builtin_add_overflow(left, right, &value) ? kOverflow : kNone;
  } else if constexpr (kOp == ExprOp::kSubtract) {
    fault = __builtin_sub_overflow(left, right, &value) ? kOverflow : kNone;
  } else if constexpr (kOp == ExprOp::kMultiply) {
    fault = __builtin_mul_overflow(left, right, &value) ? kOverflow : kNone;
  } else {
    if (right == 0) return kDivisionByZero;
    // The least int64 by -1 has no quotient, and a trap instead of a remainder.
    const bool by_minus_one = std::is_signed_v<T> && right == static_cast<T>(-1);
    if constexpr (kOp == ExprOp::kDivide) {
      if (by_minus_one) {
        fault = __builtin_sub_overflow(T{0}, left, &value) ? kOverflow : kNone;
      } else {
        value = static_cast<T>(left / right);
      }
    } else {
      value = by_minus_one ? T{0} : static_cast<T>(left % right);
    }
  }
  result = static_cast<uint64_t>(value);
  return fault;
}

template <ExprOp kOp>
uint8_t ApplyDouble(uint64_t left_bits, uint64_t right_bits, uint64_t& result) {
  const auto left = std::bit_cast<double>(left_bits);
  const auto right = std::bit_cast<double>(right_bits);
  double value = 0;
  uint8_t fault = kNone;
  if constexpr (kOp == ExprOp::kAdd) value = left + right;
  if constexpr (kOp == ExprOp::kSubtract) value = left - right;
  if constexpr (kOp == ExprOp::kMultiply) value = left * right;
  if constexpr (kOp == ExprOp::kDivide) {
    fault = right == 0 ? kDivisionByZero : kNone;
    value = left / right;
  }
  if constexpr (kOp == ExprOp::kModulo) {
    fault = right == 0 ? kDivisionByZero : kNone;
    value = std::fmod(left, right);
  }
  result = std::bit_cast<uint64_t>(value);
  return fault;
}

// interval * float64 and interval / float64, rounded to whole ns.
template <ExprOp kOp>
uint8_t ApplyScale(uint64_t interval, uint64_t factor_bits, uint64_t& result) {
  const auto ns = static_cast<double>(static_cast<int64_t>(interval));
  const auto factor = std::bit_cast<double>(factor_bits);
  if (kOp == ExprOp::kDivide && factor == 0) return kDivisionByZero;
  const double value = std::nearbyint(kOp == ExprOp::kDivide ? ns / factor : ns * factor);
  // Also refuses NaN.
  if (!(value >= -0x1p63 && value < 0x1p63)) return kOverflow;
  result = static_cast<uint64_t>(static_cast<int64_t>(value));
  return kNone;
}

uint8_t ApplyRatio(uint64_t left, uint64_t right, uint64_t& result) {
  if (right == 0) return kDivisionByZero;
  result = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(left)) /
                                   static_cast<double>(static_cast<int64_t>(right)));
  return kNone;
}

// A function as a type, so that the loops over it are compiled with it inside.
template <auto kApply>
struct Inlined {
  uint8_t operator()(uint64_t left, uint64_t right, uint64_t& result) const {
    return kApply(left, right, result);
  }
};

// Where both sides stand, as plain arrays, with the rows that are not NULL.
struct Sides {
  const PlainView& left;
  const PlainView& right;
  bool IsValid(uint32_t row) const { return left.IsValid(row) && right.IsValid(row); }
};

// Runs `apply` over all rows. Garbage in NULL rows may fault, so faults are only looked at twice
// when there were some.
template <typename Apply>
uint8_t ApplyRows(const Sides& sides, uint32_t num_rows, Apply apply, uint64_t* result) {
  uint8_t faults = kNone;
  const uint64_t* left = sides.left.words();
  const uint64_t* right = sides.right.words();
  if (sides.right.is_constant()) {
    const uint64_t constant = right[0];
    for (uint32_t row = 0; row < num_rows; ++row)
      faults |= apply(left[row], constant, result[row]);
  } else if (sides.left.is_constant()) {
    const uint64_t constant = left[0];
    for (uint32_t row = 0; row < num_rows; ++row)
      faults |= apply(constant, right[row], result[row]);
  } else {
    for (uint32_t row = 0; row < num_rows; ++row)
      faults |= apply(left[row], right[row], result[row]);
  }
  if (faults == kNone) return kNone;
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!sides.IsValid(row)) continue;
    const uint8_t fault = apply(sides.left.Word(row), sides.right.Word(row), result[row]);
    if (fault != kNone) return fault;
  }
  return kNone;
}

template <typename T>
uint8_t IntegerRows(ExprOp op, const Sides& sides, uint32_t num_rows, uint64_t* result) {
  switch (op) {
    case ExprOp::kAdd:
      return ApplyRows(sides, num_rows, Inlined<ApplyInteger<ExprOp::kAdd, T>>(), result);
    case ExprOp::kSubtract:
      return ApplyRows(sides, num_rows, Inlined<ApplyInteger<ExprOp::kSubtract, T>>(), result);
    case ExprOp::kMultiply:
      return ApplyRows(sides, num_rows, Inlined<ApplyInteger<ExprOp::kMultiply, T>>(), result);
    case ExprOp::kDivide:
      return ApplyRows(sides, num_rows, Inlined<ApplyInteger<ExprOp::kDivide, T>>(), result);
    case ExprOp::kModulo:
      return ApplyRows(sides, num_rows, Inlined<ApplyInteger<ExprOp::kModulo, T>>(), result);
    default: return kNone;
  }
}

uint8_t DoubleRows(ExprOp op, const Sides& sides, uint32_t num_rows, uint64_t* result) {
  switch (op) {
    case ExprOp::kAdd:
      return ApplyRows(sides, num_rows, Inlined<ApplyDouble<ExprOp::kAdd>>(), result);
    case ExprOp::kSubtract:
      return ApplyRows(sides, num_rows, Inlined<ApplyDouble<ExprOp::kSubtract>>(), result);
    case ExprOp::kMultiply:
      return ApplyRows(sides, num_rows, Inlined<ApplyDouble<ExprOp::kMultiply>>(), result);
    case ExprOp::kDivide:
      return ApplyRows(sides, num_rows, Inlined<ApplyDouble<ExprOp::kDivide>>(), result);
    case ExprOp::kModulo:
      return ApplyRows(sides, num_rows, Inlined<ApplyDouble<ExprOp::kModulo>>(), result);
    default: return kNone;
  }
}

// The result's type decides; its sides have been told apart by ArithmeticType().
uint8_t ComputeRows(ExprOp op, DataType left, DataType right, const Sides& sides, uint32_t num_rows,
                    uint64_t* result) {
  if (left == DataType::kInterval && right == DataType::kInterval && op == ExprOp::kDivide) {
    return ApplyRows(sides, num_rows, ApplyRatio, result);
  }
  if (left == DataType::kInterval && right == DataType::kFloat64) {
    return op == ExprOp::kDivide
               ? ApplyRows(sides, num_rows, ApplyScale<ExprOp::kDivide>, result)
               : ApplyRows(sides, num_rows, ApplyScale<ExprOp::kMultiply>, result);
  }
  if (left == DataType::kFloat64) return DoubleRows(op, sides, num_rows, result);
  if (left == DataType::kUint64) return IntegerRows<uint64_t>(op, sides, num_rows, result);
  return IntegerRows<int64_t>(op, sides, num_rows, result);
}

Status FaultStatus(uint8_t fault, ExprOp op, DataType type) {
  if (fault == kDivisionByZero) {
    return InvalidArgument("division by zero; nullif(x, 0) gives NULL instead");
  }
  return OutOfRange("{} overflows in {}", DataTypeName(type), OpName(op));
}

}  // namespace

DataType ArithmeticType(ExprOp op, DataType left, DataType right) {
  using enum DataType;
  if (left == right && IsNumeric(left)) return left;
  const bool is_sum = op == ExprOp::kAdd || op == ExprOp::kSubtract;
  const bool is_factor = right == kInt64 || right == kFloat64;
  if (left == kTimestamp && right == kInterval && is_sum) return kTimestamp;
  if (left == kInterval && right == kTimestamp && op == ExprOp::kAdd) return kTimestamp;
  if (left == kTimestamp && right == kTimestamp && op == ExprOp::kSubtract) return kInterval;
  if (left == kInterval && right == kInterval) {
    if (is_sum || op == ExprOp::kModulo) return kInterval;
    return op == ExprOp::kDivide ? kFloat64 : kNull;
  }
  if (left == kInterval && is_factor && (op == ExprOp::kMultiply || op == ExprOp::kDivide)) {
    return kInterval;
  }
  if (right == kInterval && (left == kInt64 || left == kFloat64) && op == ExprOp::kMultiply) {
    return kInterval;
  }
  return kNull;
}

Result<Column> ComputeArithmetic(ExprOp op, const Column& left, const Column& right, DataType type,
                                 uint32_t num_rows) {
  if (left.type == DataType::kNull || right.type == DataType::kNull) {
    return Column::Constant(Value::Null(type), type);
  }
  if (right.type == DataType::kInterval && IsNumeric(left.type)) {
    return ComputeArithmetic(op, right, left, type, num_rows);  // 2 * interval.
  }
  const DataType result_type = ArithmeticType(op, left.type, right.type);
  if (result_type == DataType::kNull) {
    return InvalidArgument("no operator {} {} {}", DataTypeName(left.type), OpName(op),
                           DataTypeName(right.type));
  }
  const PlainView left_view(left, num_rows);
  const PlainView right_view(right, num_rows);
  if (left_view.all_null() || right_view.all_null()) {
    return Column::Constant(Value::Null(type), type);
  }
  const Sides sides{left_view, right_view};
  if (left_view.is_constant() && right_view.is_constant()) {
    uint64_t word = 0;
    const uint8_t fault = ComputeRows(op, left.type, right.type, sides, 1, &word);
    if (fault != kNone && num_rows > 0) return FaultStatus(fault, op, result_type);
    return Column::Constant(ValueOfBits(type, word), type);
  }
  Column result;
  result.type = type;
  result.bits.resize(num_rows);
  const uint8_t fault = ComputeRows(op, left.type, right.type, sides, num_rows, result.bits.data());
  if (fault != kNone) return FaultStatus(fault, op, result_type);
  for (const PlainView* view : {&left_view, &right_view}) {
    if (view->validity() == nullptr) continue;
    if (result.validity.empty()) result.validity.assign(num_rows, 1);
    for (uint32_t row = 0; row < num_rows; ++row)
      result.validity[row] &= view->validity()[row];
  }
  return result;
}

Result<Column> NegateColumn(const Column& column, DataType type, uint32_t num_rows) {
  if (column.type == DataType::kFloat64) {
    // Not 0 - x, which would lose the sign of zero.
    return ComputeArithmetic(ExprOp::kMultiply, column,
                             Column::Constant(Value::Float64(-1), DataType::kFloat64), type,
                             num_rows);
  }
  Value zero = ValueOfBits(column.type, 0);
  return ComputeArithmetic(ExprOp::kSubtract, Column::Constant(std::move(zero), column.type),
                           column, type, num_rows);
}

}  // namespace stria::query
