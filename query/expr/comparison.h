// Comparison of columns and of single values: NaN equals itself and is the greatest number; NULL
// compares as unknown; strings compare by bytes.

#pragma once

#include <cstdint>
#include <span>

#include "query/expr/batch.h"
#include "query/expr/expression.h"

namespace stria::query {

/// Fills `truth` (a byte a row, see Truth) with `left op right`. Both have one type, or one of them
/// is a bare NULL.
void CompareColumns(ExprOp op, const Column& left, const Column& right, std::span<uint8_t> truth);

/// The bits of a double such that equal doubles have equal bits: -0 becomes 0, NaNs become one.
uint64_t CanonicalDouble(uint64_t bits);

/// A word that sorts, unsigned, as the value with these bits sorts among values of `type` (not a
/// string).
uint64_t SortableBits(DataType type, uint64_t bits);

}  // namespace stria::query
