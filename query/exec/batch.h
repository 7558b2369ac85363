// Batches live in query/expr, below the operators, because expressions are evaluated over them.

#pragma once

#include "query/expr/batch.h"  // IWYU pragma: export

namespace stria::query {

/// Bytes that stay in memory for as long as `batch` is kept: also those borrowed from a block,
/// which stays for the sake of the column.
inline size_t HeldBytes(const Batch& batch) {
  size_t bytes = batch.MemoryBytes();
  for (const auto& column : batch.columns) {
    if (column.form == Column::Form::kPacked)
      bytes += column.packed.LaneBytes() * column.packed.num_rows;
  }
  return bytes;
}

}  // namespace stria::query
