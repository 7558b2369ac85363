// Integers as offsets from the least of them, bit-packed (frame of reference).
//
//   base:   varint, zigzag: the least value
//   width:  uint8, bits of the greatest offset, 1..64
//   packed: width x 128 bytes, see bit_packing.h; offsets after the last row are 0
//
// Short vectors use the narrow form instead, whole bytes and nothing after the last row:
//
//   base:    varint, zigzag
//   bytes:   uint8, bytes of an offset: 1, 2, 4 or 8
//   offsets: num_rows x bytes
//
// Sums and differences are modulo 2^64, so that every int64 and uint64 fits. Source: J. Goldstein
// et al., "Compressing relations and indexes", ICDE 1998.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Signed numbers as unsigned ones that are small when the number is near 0.
constexpr uint64_t ZigZag(uint64_t value) {
  return (value << 1) ^ (uint64_t{0} - (value >> 63));
}
constexpr uint64_t UnZigZag(uint64_t value) {
  return (value >> 1) ^ (uint64_t{0} - (value & 1));
}
/// Bytes of a varint.
size_t VarintBytes(uint64_t value);

/// What an encoder must know of a vector before it begins.
struct IntegerStats {
  uint64_t least = 0;
  uint64_t greatest_offset = 0;  ///< from `least`, modulo 2^64
};

/// Bytes that each form takes.
size_t FrameOfReferenceBytes(const IntegerStats& stats);
size_t NarrowBytes(const IntegerStats& stats, size_t num_rows);

/// Appends `values[num_rows]`, num_rows <= 1024. Requires `stats` to describe them.
void EncodeFrameOfReference(std::span<const uint64_t> values, const IntegerStats& stats,
                            std::vector<std::byte>& encoded);
void EncodeNarrow(std::span<const uint64_t> values, const IntegerStats& stats,
                  std::vector<std::byte>& encoded);

/// Appends offsets below 2^width, 1 <= width <= 64, in PackedBytes(width).
void AppendPacked(std::span<const uint64_t, 1024> offsets, unsigned width,
                  std::vector<std::byte>& encoded);

/// Points `decoded.view` at its lanes, which hold offsets from `base` of `lane_bits` each. Lanes of
/// 64 bits hold whole values in a view, so that `base` is added to them.
void SetPackedView(unsigned lane_bits, uint64_t base, uint32_t num_rows, DecodedVector& decoded);

/// Sets lanes, base, data and num_rows of `decoded.view` from what the encoder wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or has no valid width.
Status DecodeFrameOfReference(std::span<const std::byte> encoded, uint32_t num_rows,
                              DecodedVector& decoded);
Status DecodeNarrow(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the value of rows[i], and decodes no other. Requires `rows` to be below
/// num_rows.
///
/// Fails with kCorruption as the decoder of whole vectors does.
Status DecodeFrameOfReferenceRows(std::span<const std::byte> encoded, uint32_t num_rows,
                                  std::span<const uint32_t> rows, uint64_t* bits);
Status DecodeNarrowRows(std::span<const std::byte> encoded, uint32_t num_rows,
                        std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
