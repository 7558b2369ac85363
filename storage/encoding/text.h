// Strings as they are: their lengths, then their bytes, packed where that saves enough.
//
//   lengths: integers[number of strings], see integers.h
//   packed:  uint8, 0 = as it is, 1 = an LZ4 block, 2 = a zstd frame
//   size:    varint, bytes of all strings, unpacked
//   bytes:   to the end
//
// Text of 512 bytes and more is packed: hot by LZ4 where that saves an eighth, dense by zstd where
// that saves a fifth.

#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Appends any number of strings.
void EncodeText(std::span<const std::string_view> strings, EncodingProfile profile,
                std::vector<std::byte>& encoded);

/// Fills `strings[num_strings]` with views into `encoded` or `unpacked`, which must live as long.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or cannot be unpacked.
Status DecodeText(std::span<const std::byte> encoded, size_t num_strings,
                  std::vector<std::string_view>& strings, std::vector<std::byte>& unpacked);

}  // namespace stria::storage
