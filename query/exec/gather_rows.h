// Copies rows of several batches into one.

#pragma once

#include <cstdint>
#include <span>

#include "query/expr/batch.h"

namespace stria::query {

/// A row of one of several columns of the same type.
struct RowRef {
  const Column* column = nullptr;
  uint32_t row = 0;
};

/// The values of `rows`, at least one, in their order. Dictionary codes stay codes where all have
/// one dictionary. Whoever owns text goes on owning it.
Column GatherRows(std::span<const RowRef> rows);

}  // namespace stria::query
