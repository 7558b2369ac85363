// A bit a row: bools, and which rows of a vector have a value.
//
//   bitmap: (num_rows + 7) / 8 bytes, bit i % 8 of byte i / 8 is row i; bits after the last row are
//   0

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Appends `flags`, of which every other than 0 is a 1.
void EncodeBitmap(std::span<const uint8_t> flags, std::vector<std::byte>& encoded);

/// Takes the bitmap of `flags.size()` rows from the front of `reader`, a byte 0 or 1 each. Fails
/// with kCorruption if it is cut short or has bits after the last row.
Status DecodeBitmap(ByteReader& reader, std::span<uint8_t> flags);

/// Likewise, but sets flags[i] to that of rows[i] alone. Requires `rows` to be below num_rows.
Status DecodeBitmapRows(ByteReader& reader, uint32_t num_rows, std::span<const uint32_t> rows,
                        uint8_t* flags);

/// Appends `values[1..1024]`, all 0 or 1.
void EncodeBools(std::span<const uint64_t> values, std::vector<std::byte>& encoded);

/// Sets lanes, base, data and num_rows of `decoded.view` from what EncodeBools() wrote, and nothing
/// else: kCorruption.
Status DecodeBools(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the bool of rows[i], and decodes no other; fails likewise. Requires `rows` to be
/// below num_rows.
Status DecodeBoolsRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
