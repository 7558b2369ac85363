// Aggregates over slices of vectors, on the packed lanes: no value is widened before it is summed.
//
// The caller cuts a vector into slices (one for each run and time bucket) and gets the totals of
// each; it merges them into its groups. NULL rows count nowhere.
//
// Integers: the offsets of a slice are summed in lanes that cannot overflow within 1,024 rows, and
// `base * count` is added in 128 bits. Doubles: eight partial sums, so the last bits depend on
// where slices are cut; decimals are summed as the integers they are. NaN equals itself and is
// greater than every number.

#pragma once

#include <cstdint>
#include <span>

#include "storage/base/int128.h"
#include "storage/types/vector_view.h"

namespace stria::storage {

/// What to compute; a set of bits. `count` is always there.
using AggregateSet = uint8_t;
inline constexpr AggregateSet kWantSum = 1;
inline constexpr AggregateSet kWantMin = 2;
inline constexpr AggregateSet kWantMax = 4;
inline constexpr AggregateSet kWantFirst = 8;  ///< first_row
inline constexpr AggregateSet kWantLast = 16;  ///< last_row

/// Rows [begin, end) of a vector. Requires begin < end <= 1,024.
struct RowSlice {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// What one slice comes to. All but `count` is unspecified when it was not asked for, and when
/// `count` is 0.
struct SliceTotals {
  uint64_t count = 0;  ///< values that are not NULL
  union {
    Int128 int_sum = 0;  ///< int64, uint64, timestamp
    double float_sum;    ///< float64
  };
  uint64_t min = 0;        ///< bits of the column's type; not for strings
  uint64_t max = 0;        ///< likewise
  uint32_t first_row = 0;  ///< the first row of the slice that is not NULL
  uint32_t last_row = 0;
};

/// Fills `totals[slices.size()]`. A view of strings takes kWantFirst and kWantLast only, one of
/// bools everything but kWantSum.
void AggregateSlices(const VectorView& view, AggregateSet wanted, std::span<const RowSlice> slices,
                     SliceTotals* totals);

/// Whether double `a` sorts before `b`: by value, NaN after everything and equal to itself.
constexpr bool DoubleLess(double a, double b) {
  return a < b || (b != b && a == a);
}

}  // namespace stria::storage
