// Decimal digits eight at a time, for the hot loop of the line protocol.
//
// A word holds eight characters, the first in the lowest byte. NumLeadingDigits() finds how many of
// them are digits, DigitsValue() gives their value, both without a branch: the lengths of numbers
// in telemetry are random, and a mispredicted branch costs more than all of this.
//
// Source: the pairwise combination is D. Lemire, "Quickly parsing eight digits" (2018).

#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

namespace stria::ingest {

inline uint64_t LoadWord(const char* text) {
  uint64_t word;
  std::memcpy(&word, text, sizeof(word));
  return word;
}

/// How many of the eight characters of `word` are digits before the first that is not: 0 to 8.
inline unsigned NumLeadingDigits(uint64_t word) {
  // A digit is 0x30..0x39: its high nibble is 3, and stays 3 when 6 is added. A byte of 0xFA and
  // more carries into the next one, but has then been found as not a digit itself.
  const uint64_t others = ((word & 0xF0F0F0F0F0F0F0F0) ^ 0x3030303030303030) |
                          (((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) ^ 0x3030303030303030);
  return others == 0 ? 8 : static_cast<unsigned>(std::countr_zero(others)) / 8;
}

/// The value of the first `count` characters of `word`, which are digits. Requires count in [1, 8].
inline uint64_t DigitsValue(uint64_t word, unsigned count) {
  // Moves the digits to the high end; zero bytes in front count as leading zeros.
  word = (word & 0x0F0F0F0F0F0F0F0F) << (64 - 8 * count);
  word = (word * 10) + (word >> 8);
  word = (((word & 0x000000FF000000FF) * 0x000F424000000064) +
          (((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >>
         32;
  return word;
}

inline constexpr std::array<uint64_t, 9> kPowersOfTen = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

/// 10^n as exact doubles, n <= 15.
inline constexpr std::array<double, 16> kDoublePowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

}  // namespace stria::ingest
