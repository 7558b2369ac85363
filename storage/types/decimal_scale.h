// Doubles that are decimals in disguise: an integer and how many of its digits come after the
// point.
//
// 20.25 is 2025 with two digits: the double nearest to 2025 / 10^2, as a parser of text makes it.
// For one scale the double never falls where the integer rises, which is why integers may stand for
// their doubles in comparisons.
//
// The division is done by two fused multiplications of the error of a first guess. They give the
// very double that a division gives: what they leave is below 2^-51 of a last place, and no
// quotient of an integer below 2^53 and a power of ten up to 10^14 is so near to the middle of two
// doubles. Source: P. Markstein, "Computation of elementary functions on the IBM RISC System/6000
// processor", IBM Journal of Research and Development 34, 1990.

#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace stria {

/// A double is integer / 10^digits. Requires digits <= kMaxDecimalDigits.
struct DecimalScale {
  uint8_t digits = 0;

  friend bool operator==(DecimalScale, DecimalScale) = default;
};

inline constexpr uint8_t kMaxDecimalDigits = 14;

inline constexpr std::array<double, kMaxDecimalDigits + 1> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
inline constexpr std::array<double, kMaxDecimalDigits + 1> kInversePowersOfTen = {
    1e-0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14};

/// integer / power, rounded once. Requires a whole number below 2^53 and a power of ten up to 10^14
/// with the double nearest to its inverse; of greater numbers the last bit may differ.
inline double DivideByPower(double integer, double power, double inverse) {
  const double guess = integer * inverse;
  const double rest = std::fma(-guess, power, integer);
  return std::fma(rest, inverse, guess);
}

inline double DecimalValue(double integer, DecimalScale scale) {
  return DivideByPower(integer, kPowersOfTen[scale.digits], kInversePowersOfTen[scale.digits]);
}

}  // namespace stria
