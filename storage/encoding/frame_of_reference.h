// Integers as offsets from the least of them, bit-packed (frame of reference).
//
//   base:   uint64, the least value
//   width:  uint8, bits of the greatest offset, 1..64
//   packed: width x 128 bytes, see bit_packing.h; offsets after the last row are 0
//
// Short vectors use the narrow form instead, whole bytes and nothing after the last row:
//
//   base:    uint64
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

/// Sets lanes, base, data and num_rows of `decoded.view` from what the encoder wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or has no valid width.
Status DecodeFrameOfReference(std::span<const std::byte> encoded, uint32_t num_rows,
                              DecodedVector& decoded);
Status DecodeNarrow(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

}  // namespace stria::storage
