// Packs 1,024 integers of `width` bits, interleaved so that compilers vectorize it.
//
// The 1,024 values are seen as rows of one 1,024-bit register: with lanes of T bits (8, 16, 32 or
// 64, the narrowest that holds `width`), a register has 1024 / T lanes and value i lies in lane i %
// (1024 / T), slot i / (1024 / T). Slots are packed one after the other inside each lane: slot s
// begins at bit s * width of the lane's bit string. So one shift and one mask serve a whole
// register, and values come back in row order.
//
//   packed: width x 128 bytes
//
// Source: A. Afroozeh and P. Boncz, "The FastLanes compression layout", VLDB 2023, section 3.
// Differs: no transposed order; slot s holds neighbouring rows.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace stria::storage {

inline constexpr size_t kPackedValues = 1024;

/// Lane bits for values of `width` bits (0..64): 8, 16, 32 or 64.
constexpr unsigned LaneBits(unsigned width) {
  return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
}

/// Bytes of 1,024 values packed to `width` bits.
constexpr size_t PackedBytes(unsigned width) {
  return size_t{width} * kPackedValues / 8;
}

/// Packs `lanes`, 1,024 values in lanes of LaneBits(width) bits, each below 2^width, into
/// `packed[PackedBytes(width)]`. Requires 1 <= width <= 64.
void PackBits(unsigned width, const std::byte* lanes, std::byte* packed);

/// The inverse. Requires 1 <= width <= 64; reads PackedBytes(width), writes 128 * LaneBits(width)
/// bytes.
void UnpackBits(unsigned width, const std::byte* packed, std::byte* lanes);

/// Value `index` (0..1023) of what PackBits() wrote, alone. Requires 1 <= width <= 64.
uint64_t UnpackOne(unsigned width, const std::byte* packed, size_t index);

}  // namespace stria::storage
