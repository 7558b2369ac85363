// Strings: their lengths and bytes, or a dictionary of the distinct ones and a code a row. Text of
// 512 bytes and more is packed with LZ4 where that saves an eighth.
//
//   plain strings:  text
//   dictionary:     num_distinct: varint
//                   codes:        integers[num_rows], see integers.h
//                   distinct:     text of the distinct strings, in the order of their first row
//   text:           lengths:      integers[number of strings]
//                   packed:       uint8, 0 = as it is, 1 = an LZ4 block
//                   size:         varint, bytes of all strings, unpacked
//                   bytes:        to the end

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Appends `strings[1..1024]` in the smaller form; returns which.
EncodingId EncodeStrings(std::span<const std::string_view> strings,
                         std::vector<std::byte>& encoded);

/// Sets strings, text and view of `decoded`. Views may point into `encoded`, which must live as
/// long.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or codes without a
/// string.
Status DecodeStrings(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                     DecodedVector& decoded);

/// The `text` of the picture above, for the formats' own strings.
void EncodeText(std::span<const std::string_view> strings, std::vector<std::byte>& encoded);
Status DecodeText(std::span<const std::byte> encoded, size_t num_strings,
                  std::vector<std::string_view>& strings, std::vector<std::byte>& unpacked);

}  // namespace stria::storage
