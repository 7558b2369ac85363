// Up to any number of integers in the smallest of the integer encodings: what the formats use for
// their own columns (directories, zone maps, lengths, codes).
//
//   blocks: for each 1,024 values: { encoding: uint8, length: varint, bytes }
//
// The number of values is known to the reader.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/encoding/frame_of_reference.h"

namespace stria::storage {

/// Least value and greatest offset of `values`, compared as int64 or as uint64. Requires one value.
IntegerStats DescribeIntegers(std::span<const uint64_t> values, bool is_signed);

/// Picks the encoding for `values[1..1024]` and appends its bytes; returns which it was: of those
/// that `profile` allows the smallest, where differences must save a twentieth to be worth their
/// sums.
EncodingId EncodeSmallest(std::span<const uint64_t> values, bool is_signed, EncodingProfile profile,
                          std::vector<std::byte>& encoded);

/// Decodes one of kPlain, kConstant, kFrameOfReference, kNarrow, kRunLength and kDelta into
/// `decoded.view`.
Status DecodeFixedWidth(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                        DecodedVector& decoded);

/// Sets bits[i] to the value of rows[i], and decodes no other where the encoding allows that; fails
/// likewise. Requires `rows` to ascend and to be below num_rows.
Status DecodeFixedWidthRows(EncodingId encoding, std::span<const std::byte> encoded,
                            uint32_t num_rows, std::span<const uint32_t> rows, uint64_t* bits);

/// Appends any number of values, densely.
void EncodeIntegers(std::span<const uint64_t> values, bool is_signed,
                    std::vector<std::byte>& encoded);

/// Reads `values.size()` values that EncodeIntegers() wrote from the front of `reader`.
Status DecodeIntegers(ByteReader& reader, std::span<uint64_t> values);

/// Reads the next block of them, of `num_rows` values, into `decoded.view`.
Status DecodeIntegerBlock(ByteReader& reader, uint32_t num_rows, DecodedVector& decoded);

}  // namespace stria::storage
