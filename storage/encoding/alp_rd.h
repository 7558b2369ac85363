// Doubles of full precision: the front bits of each, of which a vector has few, by a dictionary;
// the rest as it is.
//
//   rest_bits:  uint8, 48 .. 63: bits of the rest
//   num_fronts: uint8, 1 .. 8
//   fronts:     num_fronts x uint16, the most common first
//   exceptions: rows, see row_positions.h; then for each a uint16, its front
//   codes:      width x 128 bytes, width = bits of num_fronts - 1 (none when it is 1); see
//               bit_packing.h; 0 for exceptions and after the last row
//   rests:      rest_bits x 128 bytes; 0 after the last row
//
// A double is front << rest_bits | rest. Source: A. Afroozeh, L. Kuffo and P. Boncz, "ALP: Adaptive
// lossless floating-point compression", SIGMOD 2024, section 3.4 (ALP for real doubles).

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

inline constexpr size_t kMaxFronts = 8;

/// Where doubles are cut, and what is common in front of the cut.
struct FrontPlan {
  unsigned rest_bits = 0;
  size_t num_fronts = 0;
  std::array<uint16_t, kMaxFronts> fronts{};
  size_t num_bytes = 0;  ///< close to what the encoded form takes
};

/// Finds the cut that takes the fewest bytes for `bits[1..1024]`, by all of them.
FrontPlan PlanFronts(std::span<const uint64_t> bits);

/// Appends `bits[1..1024]`.
void EncodeAlpRd(std::span<const uint64_t> bits, const FrontPlan& plan,
                 std::vector<std::byte>& encoded);

/// Sets lanes, data and num_rows of `decoded.view` from what EncodeAlpRd() wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or codes without a front.
Status DecodeAlpRd(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the bits of rows[i], and decodes no other; fails likewise, but for codes of
/// other rows. Requires `rows` to ascend and to be below num_rows.
Status DecodeAlpRdRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
