// Doubles that are decimals in disguise, as integers; those that are not are exceptions.
//
//   digits:     uint8, 0 .. 14: how many of an integer come after the point, see decimal_scale.h
//   exceptions: rows, see row_positions.h; then for each its 8 bytes
//   encoding:   uint8, one of the encodings of integers
//   integers:   to the end, by that encoding; an exception has the integer of the row before it
//
// A double is an exception when the integer does not give back its very bits: -0, NaN, infinities,
// more digits than 2^51 holds. A vector without exceptions comes out packed, one with some as
// doubles.
//
// Source: A. Afroozeh, L. Kuffo and P. Boncz, "ALP: Adaptive lossless floating-point compression",
// SIGMOD 2024. Differs: one division, done by fused multiplications, takes the place of the two
// multiplications by powers of ten, so that no decimal of up to 15 digits is an exception (theirs
// makes exceptions of 0.8 % of values with five digits after the point); the integers take
// whichever encoding of integers suits them, not only the frame of reference.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/encoding/row_positions.h"
#include "storage/types/decimal_scale.h"

namespace stria::storage {

/// The integers of a vector under one scale.
struct Decimals {
  DecimalScale scale;
  std::array<uint64_t, kVectorRows> integers;  ///< int64; of each row
  RowPositions exceptions;
};

/// Fills `decimals` with `bits[1..1024]` under the scale that takes the fewest bytes, by a sample.
/// False where more than an eighth would be exceptions.
bool FindDecimals(std::span<const uint64_t> bits, Decimals& decimals);

/// Sets `integers[i]`, int64, to those of all `bits[i]` under one scale. None, with `integers`
/// undefined, where no scale gives back every double. Requires as many integers as bits, and one.
std::optional<DecimalScale> ToExactDecimals(std::span<const uint64_t> bits,
                                            std::span<uint64_t> integers);

/// Appends `bits[1..1024]`, which FindDecimals() made `decimals` of.
void EncodeAlp(std::span<const uint64_t> bits, const Decimals& decimals, EncodingProfile profile,
               std::vector<std::byte>& encoded);

/// The magnitude below which FindDecimals() and ToExactDecimals() keep the integers.
inline constexpr int64_t kMaxDecimal = int64_t{1} << 51;

/// Sets lanes, base, data, scale and num_rows of `decoded.view`, of type kFloat64, from what
/// EncodeAlp() wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or holds integers that no
/// double gave.
Status DecodeAlp(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the bits of the double at rows[i], and decodes as few others as the integers
/// inside allow; fails likewise. Requires `rows` to ascend and to be below num_rows.
Status DecodeAlpRows(std::span<const std::byte> encoded, uint32_t num_rows,
                     std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
