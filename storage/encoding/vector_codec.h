// One vector of a column with its NULLs, in the encoding that suits it.
//
//   validity: uint8, 0 = every row has a value, 1 = bitmap, 2 = all NULL (then nothing follows),
//             3 = the rows that are NULL
//   bitmap:   only with validity 1: see bitmap.h, 1 = value
//   NULLs:    only with validity 3: see row_positions.h
//   encoding: uint8, see EncodingId. Of floats plain and constant are their bit patterns
//   values:   to the end
//
// A NULL slot holds the value of the row before it (the first ones: the first value), so that it
// widens nothing and ends no run.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/types/data_type.h"

namespace stria::storage {

/// Rows [0, num_rows) of a column. `bits`, or for kString `strings`, has num_rows entries;
/// `validity` has them or none (every row has a value).
struct VectorInput {
  DataType type = DataType::kInt64;
  std::span<const uint64_t> bits;
  std::span<const std::string_view> strings;
  std::span<const uint8_t> validity;

  size_t num_rows() const { return type == DataType::kString ? strings.size() : bits.size(); }
};

/// Appends the encoded form of `input`, 1..1024 rows.
void EncodeVector(const VectorInput& input, EncodingProfile profile,
                  std::vector<std::byte>& encoded);

/// Fills `decoded` with what EncodeVector() was given. Strings may point into `encoded`.
///
/// Fails with kCorruption on bytes that it would not write for that type and num_rows.
Status DecodeVector(std::span<const std::byte> encoded, DataType type, uint32_t num_rows,
                    DecodedVector& decoded);

/// Sets bits[i] and validity[i] (1 = value, 0 = NULL, then the bits are any) to row rows[i] of what
/// EncodeVector() was given, and decodes as few others as the encoding allows. Requires `rows` to
/// ascend and to be below num_rows; no strings.
///
/// Fails with kCorruption where DecodeVector() does, as far as it has to look.
Status DecodeRows(std::span<const std::byte> encoded, DataType type, uint32_t num_rows,
                  std::span<const uint32_t> rows, uint64_t* bits, uint8_t* validity);

/// What the bytes of a vector are for.
struct VectorShape {
  bool all_null = false;  ///< then there are no values, and no encoding
  EncodingId encoding = EncodingId::kPlain;
  size_t validity_bytes = 0;
  size_t value_bytes = 0;
};

/// Describes what EncodeVector() wrote without decoding the values; kCorruption when it is cut.
Result<VectorShape> DescribeVector(std::span<const std::byte> encoded, uint32_t num_rows);

/// "plain", "constant" and so on; "unknown" for a number that no encoding has.
std::string_view EncodingName(EncodingId encoding);

}  // namespace stria::storage
