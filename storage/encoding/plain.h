// 8 bytes a value: the fallback, and the reference in tests.
//
//   values: num_rows x uint64

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"

namespace stria::storage {

/// Appends `values[num_rows]`.
void EncodePlain(std::span<const uint64_t> values, std::vector<std::byte>& encoded);

/// Sets lanes, data and num_rows of `decoded.view`. Fails with kCorruption on any other size.
Status DecodePlain(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded);

/// Sets bits[i] to the value of rows[i], and decodes no other; fails likewise. Requires `rows` to
/// be below num_rows.
Status DecodePlainRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
