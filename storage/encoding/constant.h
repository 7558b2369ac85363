// One value for all rows.
//
//   value: uint64

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Appends `value`.
void EncodeConstant(uint64_t value, std::vector<std::byte>& encoded);

/// Sets lanes, base and num_rows of `decoded.view`. Fails with kCorruption on any other size.
Status DecodeConstant(std::span<const std::byte> encoded, uint32_t num_rows,
                      DecodedVector& decoded);

}  // namespace stria::storage
