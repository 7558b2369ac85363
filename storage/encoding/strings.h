// The choice between the encodings of strings: text (see text.h) or a dictionary (see
// dictionary.h).

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
EncodingId EncodeStrings(std::span<const std::string_view> strings, EncodingProfile profile,
                         std::vector<std::byte>& encoded);

/// Sets strings, text and view of `decoded`. Views may point into `encoded`, which must live as
/// long.
///
/// Fails with kCorruption if `encoded` is not what EncodeStrings() wrote.
Status DecodeStrings(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                     DecodedVector& decoded);

}  // namespace stria::storage
