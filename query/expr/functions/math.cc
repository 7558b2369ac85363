// abs, sign, floor, ceil, trunc, round, sqrt, ln, log10, log2, exp, power, mod.

#include <bit>
#include <cmath>
#include <limits>

#include "query/expr/arithmetic.h"
#include "query/expr/functions/families.h"
#include "query/expr/functions/row_loop.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

using enum DataType;
using Args = std::span<const Column>;

template <double (*kFunction)(double)>
Status MapDouble(Args args, uint32_t num_rows, Column& result) {
  return ForEachWord(args, num_rows, result, [](uint64_t word) {
    return std::bit_cast<uint64_t>(kFunction(std::bit_cast<double>(word)));
  });
}

// Half away from zero, as PostgreSQL rounds numerics; rint would say round(0.5) = 0.
double Round(double value) {
  return std::round(value);
}
double Floor(double value) {
  return std::floor(value);
}
double Ceil(double value) {
  return std::ceil(value);
}
double Trunc(double value) {
  return std::trunc(value);
}
double Exp(double value) {
  return std::exp(value);
}
double Abs(double value) {
  return std::abs(value);
}
double Sign(double value) {
  return value > 0 ? 1.0 : value < 0 ? -1.0 : value;
}

Status Unchanged(Args args, uint32_t num_rows, Column& result) {
  return ForEachWord(args, num_rows, result, [](uint64_t word) { return word; });
}

Status AbsInt64(Args args, uint32_t num_rows, Column& result) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto value = static_cast<int64_t>(view.Word(row));
    if (value == std::numeric_limits<int64_t>::min()) {
      return OutOfRange("abs({}) does not fit int64", value);
    }
    result.bits[row] = static_cast<uint64_t>(value < 0 ? -value : value);
    return Status::Ok();
  });
}

Status SignInt64(Args args, uint32_t num_rows, Column& result) {
  return ForEachWord(args, num_rows, result, [](uint64_t word) {
    const auto value = static_cast<int64_t>(word);
    return static_cast<uint64_t>(int64_t{value > 0 ? 1 : 0} - int64_t{value < 0 ? 1 : 0});
  });
}

Status RoundDigits(Args args, uint32_t num_rows, Column& result) {
  const PlainView value(args[0], num_rows);
  const PlainView digits(args[1], num_rows);
  const PlainView* const views[] = {&value, &digits};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto number = std::bit_cast<double>(value.Word(row));
    const auto places = static_cast<int64_t>(digits.Word(row));
    if (places < -308 || places > 308) {
      return InvalidArgument("round: {} digits; it takes -308 to 308", places);
    }
    double rounded = number;
    if (places >= 0 && places <= 22) {
      const double scale = std::pow(10.0, static_cast<double>(places));
      const double scaled = number * scale;
      // From 2^52 on there is nothing behind the point.
      if (std::abs(scaled) < 0x1p52) rounded = std::round(scaled) / scale;
    } else if (places < 0) {
      const double scale = std::pow(10.0, static_cast<double>(-places));
      rounded = std::round(number / scale) * scale;
    }
    result.bits[row] = std::bit_cast<uint64_t>(rounded);
    return Status::Ok();
  });
}

// A function of one number that some numbers are not in the domain of. NaN passes.
template <double (*kFunction)(double), bool kZeroAllowed>
Status MapPositive(Args args, uint32_t num_rows, Column& result) {
  const PlainView view(args[0], num_rows);
  const PlainView* const views[] = {&view};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto value = std::bit_cast<double>(view.Word(row));
    if (value < 0 || (value == 0 && !kZeroAllowed)) {
      return InvalidArgument(kZeroAllowed ? "square root of a negative number"
                                          : "logarithm of a number that is not positive");
    }
    result.bits[row] = std::bit_cast<uint64_t>(kFunction(value));
    return Status::Ok();
  });
}

Status Power(Args args, uint32_t num_rows, Column& result) {
  const PlainView base(args[0], num_rows);
  const PlainView exponent(args[1], num_rows);
  const PlainView* const views[] = {&base, &exponent};
  return ForEachValidRow(views, num_rows, result, [&](uint32_t row) -> Status {
    const auto number = std::bit_cast<double>(base.Word(row));
    const auto power = std::bit_cast<double>(exponent.Word(row));
    if (number == 0 && power < 0) return InvalidArgument("zero to a negative power");
    if (number < 0 && std::isfinite(power) && power != std::floor(power)) {
      return InvalidArgument("a negative number to a power that is not whole has no real result");
    }
    result.bits[row] = std::bit_cast<uint64_t>(std::pow(number, power));
    return Status::Ok();
  });
}

Status Modulo(Args args, uint32_t num_rows, Column& result) {
  STRIA_ASSIGN_OR_RETURN(
      result, ComputeArithmetic(ExprOp::kModulo, args[0], args[1], result.type, num_rows));
  return Status::Ok();
}

}  // namespace

void AddMathFunctions(std::vector<FunctionDef>& functions) {
  const auto add = [&](std::string name, std::vector<DataType> args, DataType result,
                       std::string doc, FunctionImpl impl) {
    functions.push_back({.name = std::move(name),
                         .args = std::move(args),
                         .variadic = false,
                         .result = result,
                         .doc = std::move(doc),
                         .impl = impl});
  };
  add("abs", {kInt64}, kInt64, "The absolute value.", AbsInt64);
  add("abs", {kUint64}, kUint64, "The absolute value.", Unchanged);
  add("abs", {kFloat64}, kFloat64, "The absolute value.", MapDouble<Abs>);
  add("sign", {kInt64}, kInt64, "-1, 0 or 1, as the number is below, at or above zero.", SignInt64);
  add("sign", {kFloat64}, kFloat64, "-1, 0 or 1, as the number is below, at or above zero.",
      MapDouble<Sign>);
  for (const DataType type : {kInt64, kUint64}) {
    add("floor", {type}, type, "The greatest whole number that is not above the argument.",
        Unchanged);
    add("ceil", {type}, type, "The least whole number that is not below the argument.", Unchanged);
    add("trunc", {type}, type, "The whole part, rounded toward zero.", Unchanged);
    add("round", {type}, type, "The nearest whole number; halves go away from zero.", Unchanged);
  }
  add("floor", {kFloat64}, kFloat64, "The greatest whole number that is not above the argument.",
      MapDouble<Floor>);
  add("ceil", {kFloat64}, kFloat64, "The least whole number that is not below the argument.",
      MapDouble<Ceil>);
  add("trunc", {kFloat64}, kFloat64, "The whole part, rounded toward zero.", MapDouble<Trunc>);
  add("round", {kFloat64}, kFloat64, "The nearest whole number; halves go away from zero.",
      MapDouble<Round>);
  add("round", {kFloat64, kInt64}, kFloat64,
      "The number rounded to so many decimal places; halves go away from zero.", RoundDigits);
  add("sqrt", {kFloat64}, kFloat64, "The square root.",
      MapPositive<static_cast<double (*)(double)>(std::sqrt), true>);
  add("ln", {kFloat64}, kFloat64, "The natural logarithm.",
      MapPositive<static_cast<double (*)(double)>(std::log), false>);
  add("log10", {kFloat64}, kFloat64, "The logarithm to base 10.",
      MapPositive<static_cast<double (*)(double)>(std::log10), false>);
  add("log2", {kFloat64}, kFloat64, "The logarithm to base 2.",
      MapPositive<static_cast<double (*)(double)>(std::log2), false>);
  add("exp", {kFloat64}, kFloat64, "e to the power of the argument.", MapDouble<Exp>);
  for (const char* name : {"power", "pow"}) {
    add(name, {kFloat64, kFloat64}, kFloat64, "The first argument to the power of the second.",
        Power);
  }
  for (const DataType type : {kInt64, kUint64, kFloat64}) {
    add("mod", {type, type}, type,
        "The remainder of the division, with the sign of the first argument.", Modulo);
  }
}

}  // namespace stria::query
