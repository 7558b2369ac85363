// Integers as differences to the row before, bit-packed; the few differences that need more bits
// are patches.
//
//   lane_bytes: uint8: 1, 2, 4 or 8, the narrowest that holds the greatest offset
//   base:       varint, zigzag: the least value; 0 when lane_bytes is 8
//   first:      varint: values[0] - base
//   width:      uint8, bits of a packed difference, 0 .. 8 * lane_bytes
//   least:      varint, zigzag: the least difference that is packed
//   patches:    rows, see row_positions.h, at least 1; then for each a varint, zigzag: its
//               difference
//   packed:     width x 128 bytes, see bit_packing.h: difference - least of each row; 0 for row 0,
//   for
//               patched rows and after the last
//
// The decoder sums up differences in lanes as wide as the offsets: what wraps on the way does not
// matter, for the offset itself fits. So values come out packed, in row order.
//
// Source: D. Lemire and L. Boytsov, "Decoding billions of integers per second through
// vectorization", Software: Practice and Experience 45, 2015 (prefix sums in registers; patches as
// in PFOR). Differs: neighbouring rows are subtracted, not rows a register apart.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/encoding/frame_of_reference.h"

namespace stria::storage {

/// Which differences are packed. Differences d with least <= d < least + 2^width are.
struct DeltaPlan {
  unsigned width = 0;
  int64_t least = 0;
  size_t num_bytes = 0;  ///< close to what the encoded form takes
};

/// Finds the width that takes the fewest bytes for `values[2..1024]`, which `stats` describe.
/// Differences of values that span more than int64 are not tried: num_bytes is then SIZE_MAX.
DeltaPlan PlanDelta(std::span<const uint64_t> values, const IntegerStats& stats);

/// Appends `values[1..1024]`. Requires `plan` to be one of PlanDelta(values, stats).
void EncodeDelta(std::span<const uint64_t> values, const IntegerStats& stats, const DeltaPlan& plan,
                 std::vector<std::byte>& encoded);

/// Sets lanes, base, data and num_rows of `decoded.view` from what EncodeDelta() wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or has no valid lane,
/// width or patch.
Status DecodeDelta(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the value of rows[i]: of the others no more than their sum is made. Fails
/// likewise. Requires `rows` to ascend and to be below num_rows.
Status DecodeDeltaRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
