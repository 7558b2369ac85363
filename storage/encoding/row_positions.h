// A few rows of a vector, ascending: where NULLs, patches and exceptions are.
//
//   count: varint, at most the number of rows
//   gaps:  count x varint: rows between a position and the one before (the first: before it)

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/bytes.h"
#include "storage/base/status.h"
#include "storage/types/vector_view.h"

namespace stria::storage {

/// Rows of one vector. Not initialised beyond `count`: most vectors have none.
struct RowPositions {
  uint32_t count = 0;
  std::array<uint16_t, kVectorRows> rows;

  // NOLINTNEXTLINE: the array is left as it is on purpose.
  RowPositions() {}
  void Add(size_t row) { rows[count++] = static_cast<uint16_t>(row); }
  std::span<const uint16_t> view() const { return std::span(rows).first(count); }
};

/// Appends `rows`, strictly ascending and below 1,024.
void EncodeRowPositions(std::span<const uint16_t> rows, std::vector<std::byte>& encoded);

/// Reads what EncodeRowPositions() wrote from the front of `reader`. Fails with kCorruption if it
/// is cut short or names a row at or above `num_rows`. Requires num_rows <= 1,024.
Status DecodeRowPositions(ByteReader& reader, uint32_t num_rows, RowPositions& positions);

}  // namespace stria::storage
