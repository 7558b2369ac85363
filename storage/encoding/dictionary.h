// Strings that repeat: the distinct ones, and a code a row.
//
//   num_distinct: varint
//   codes:        integers[num_rows], see integers.h
//   distinct:     text of the distinct strings, in the order of their first row, see text.h

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// The distinct strings of a vector, and where they are.
struct StringCodes {
  std::vector<std::string_view> distinct;
  std::vector<uint64_t> codes;  ///< [num_rows], indexes into `distinct`
};

StringCodes FindDistinct(std::span<const std::string_view> strings);

/// Appends the strings that `codes` was made of.
void EncodeDictionary(const StringCodes& codes, EncodingProfile profile,
                      std::vector<std::byte>& encoded);

/// Sets `decoded.strings` and `decoded.text`. Views may point into `encoded`, which must live as
/// long.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or codes without a
/// string.
Status DecodeDictionary(std::span<const std::byte> encoded, uint32_t num_rows,
                        DecodedVector& decoded);

}  // namespace stria::storage
