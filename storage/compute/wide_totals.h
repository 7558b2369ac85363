// Sum, least and greatest of slices of 64-bit values, in one pass over the values and their mask.
//
// Per four values and their four validity bytes:
//
//   doubles    what is NULL becomes NaN for least and greatest, which ignore it, and 0 for the sum
//   integers   compared as signed words, summed modulo 2^64; the sum is exact when the extremes say
//              that it cannot have wrapped, else it is made again by halves
//
// With AVX-512 the same per eight, where a mask register takes the place of the made-up values.
// Both give the same bits.

#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/base/int128.h"
#include "storage/compute/vector_isa.h"

namespace stria::storage {

struct DoubleTotals {
  double sum = 0;
  double min = 0;  ///< NaN when all values are
  double max = 0;  ///< NaN when one value is
};

/// Of at most 1,024 doubles, of which `num_valid` > 0 are not NULL. `valid` is nullptr, or 1 for a
/// value and 0 for NULL. Eight partial sums: row i goes into the (i mod 8)-th.
DoubleTotals TotalDoubles(const double* values, const uint8_t* valid, size_t num_rows,
                          uint64_t num_valid, VectorIsa isa = BestVectorIsa());

/// TotalDoubles().sum alone.
double SumDoubles(const double* values, const uint8_t* valid, size_t num_rows,
                  VectorIsa isa = BestVectorIsa());

struct WordTotals {
  Int128 sum = 0;
  uint64_t min = 0;
  uint64_t max = 0;
};

/// Of at most 1,024 int64, or uint64 if not `is_signed`, of which one or more are not NULL.
WordTotals TotalWords(const uint64_t* values, const uint8_t* valid, size_t num_rows, bool is_signed,
                      VectorIsa isa = BestVectorIsa());

/// TotalWords().sum alone.
Int128 SumWords(const uint64_t* values, const uint8_t* valid, size_t num_rows, bool is_signed);

}  // namespace stria::storage
