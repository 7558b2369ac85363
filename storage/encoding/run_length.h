// Integers that keep their value for many rows: each run of equal values once, with its length.
//
//   num_runs: varint, at least 1
//   lengths:  num_runs x varint, each at least 1; they sum to the number of rows
//   values:   num_runs values in the narrow form of frame_of_reference.h

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/encoding/frame_of_reference.h"

namespace stria::storage {

/// Close to the bytes that the encoded form takes.
size_t RunLengthBytes(const IntegerStats& stats, size_t num_runs);

/// How many runs of equal values `values` has. Requires one value.
size_t CountValueRuns(std::span<const uint64_t> values);

/// Appends `values[1..1024]`, which `stats` describe.
void EncodeRunLength(std::span<const uint64_t> values, const IntegerStats& stats,
                     std::vector<std::byte>& encoded);

/// Sets lanes, base, data and num_rows of `decoded.view` from what EncodeRunLength() wrote.
///
/// Fails with kCorruption if `encoded` is cut short, has bytes left over, or covers another number
/// of rows.
Status DecodeRunLength(std::span<const std::byte> encoded, uint32_t num_rows,
                       DecodedVector& decoded);

/// Sets bits[i] to the value of rows[i], and fills in no run; fails likewise. Requires `rows` to
/// ascend and to be below num_rows.
Status DecodeRunLengthRows(std::span<const std::byte> encoded, uint32_t num_rows,
                           std::span<const uint32_t> rows, uint64_t* bits);

}  // namespace stria::storage
