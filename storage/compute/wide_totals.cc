#include "storage/compute/wide_totals.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include <immintrin.h>

namespace stria::storage {
namespace {

constexpr size_t kWidth = 4;  // 64-bit lanes of a register.
constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

__m256i Load(const void* words) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(words));
}

// All ones in the lanes of NULL.
__m256i NullLanes(const uint8_t* valid) {
  int32_t four;
  std::memcpy(&four, valid, sizeof four);
  const __m256i ones = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
  return _mm256_cmpeq_epi64(ones, _mm256_setzero_si256());
}

struct DoubleLanes {
  __m256d sum = _mm256_setzero_pd();
  __m256d min = _mm256_set1_pd(kInfinity);
  __m256d max = _mm256_set1_pd(-kInfinity);
  __m256i num_unordered = _mm256_setzero_si256();  // NaN, those that stand for NULL included.

  template <bool kMasked, bool kExtremes>
  void Add(const double* values, const uint8_t* valid) {
    __m256d value = _mm256_loadu_pd(values);
    if constexpr (kMasked) {
      const __m256d null = _mm256_castsi256_pd(NullLanes(valid));
      sum = _mm256_add_pd(sum, _mm256_andnot_pd(null, value));
      value = _mm256_or_pd(value, null);
    } else {
      sum = _mm256_add_pd(sum, value);
    }
    if constexpr (kExtremes) {
      min = _mm256_min_pd(value, min);  // The second operand if one is NaN.
      max = _mm256_max_pd(value, max);
      const __m256d unordered = _mm256_cmp_pd(value, value, _CMP_UNORD_Q);
      num_unordered = _mm256_sub_epi64(num_unordered, _mm256_castpd_si256(unordered));
    }
  }
};

template <bool kMasked, bool kExtremes>
DoubleTotals TotalDoublesAs(const double* values, const uint8_t* valid, size_t num_rows,
                            uint64_t num_valid) {
  DoubleLanes even, odd;
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    even.Add<kMasked, kExtremes>(values + row, valid + (kMasked ? row : 0));
    odd.Add<kMasked, kExtremes>(values + row + kWidth, valid + (kMasked ? row + kWidth : 0));
  }
  alignas(32) double sums[2 * kWidth];
  _mm256_store_pd(sums, even.sum);
  _mm256_store_pd(sums + kWidth, odd.sum);
  DoubleTotals totals;
  totals.sum =
      ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  alignas(32) double mins[kWidth], maxs[kWidth];
  alignas(32) uint64_t counts[kWidth];
  _mm256_store_pd(mins, _mm256_min_pd(odd.min, even.min));
  _mm256_store_pd(maxs, _mm256_max_pd(odd.max, even.max));
  _mm256_store_si256(reinterpret_cast<__m256i*>(counts),
                     _mm256_add_epi64(even.num_unordered, odd.num_unordered));
  totals.min = *std::min_element(mins, mins + kWidth);
  totals.max = *std::max_element(maxs, maxs + kWidth);
  uint64_t num_unordered = counts[0] + counts[1] + counts[2] + counts[3];
  for (; row < num_rows; ++row) {
    if (kMasked && valid[row] == 0) {
      ++num_unordered;
      continue;
    }
    const double value = values[row];
    totals.sum += value;
    totals.min = value < totals.min ? value : totals.min;
    totals.max = value > totals.max ? value : totals.max;
    num_unordered += value != value ? 1U : 0U;
  }
  const uint64_t num_nan = num_unordered - (num_rows - num_valid);
  if (num_nan > 0) totals.max = std::numeric_limits<double>::quiet_NaN();
  if (num_nan == num_valid) totals.min = std::numeric_limits<double>::quiet_NaN();
  return totals;
}

// Of words that are ordered as signed ones; `flip` is xor-ed into each first.
struct WordLanes {
  __m256i sum = _mm256_setzero_si256();  // Modulo 2^64.
  __m256i min = _mm256_set1_epi64x(std::numeric_limits<int64_t>::max());
  __m256i max = _mm256_set1_epi64x(std::numeric_limits<int64_t>::min());

  template <bool kMasked>
  void Add(const uint64_t* values, const uint8_t* valid, __m256i flip) {
    const __m256i value = _mm256_xor_si256(Load(values), flip);
    __m256i is_less = _mm256_cmpgt_epi64(min, value);
    __m256i is_greater = _mm256_cmpgt_epi64(value, max);
    if constexpr (kMasked) {
      const __m256i null = NullLanes(valid);
      is_less = _mm256_andnot_si256(null, is_less);
      is_greater = _mm256_andnot_si256(null, is_greater);
      sum = _mm256_add_epi64(sum, _mm256_andnot_si256(null, value));
    } else {
      sum = _mm256_add_epi64(sum, value);
    }
    min = _mm256_blendv_epi8(min, value, is_less);
    max = _mm256_blendv_epi8(max, value, is_greater);
  }
};

struct SignedTotals {
  uint64_t sum = 0;  // Modulo 2^64.
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();

  void Add(uint64_t word) {
    sum += word;
    min = std::min(min, static_cast<int64_t>(word));
    max = std::max(max, static_cast<int64_t>(word));
  }
  void Merge(const WordLanes& lanes) {
    alignas(32) uint64_t words[3][kWidth];
    _mm256_store_si256(reinterpret_cast<__m256i*>(words[0]), lanes.sum);
    _mm256_store_si256(reinterpret_cast<__m256i*>(words[1]), lanes.min);
    _mm256_store_si256(reinterpret_cast<__m256i*>(words[2]), lanes.max);
    for (size_t lane = 0; lane < kWidth; ++lane) {
      sum += words[0][lane];
      min = std::min(min, static_cast<int64_t>(words[1][lane]));
      max = std::max(max, static_cast<int64_t>(words[2][lane]));
    }
  }
};

template <bool kMasked>
SignedTotals TotalSigned(const uint64_t* values, const uint8_t* valid, size_t num_rows,
                         uint64_t flip) {
  const __m256i flips = _mm256_set1_epi64x(static_cast<int64_t>(flip));
  WordLanes even, odd;
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    even.Add<kMasked>(values + row, valid + (kMasked ? row : 0), flips);
    odd.Add<kMasked>(values + row + kWidth, valid + (kMasked ? row + kWidth : 0), flips);
  }
  SignedTotals totals;
  totals.Merge(even);
  totals.Merge(odd);
  for (; row < num_rows; ++row) {
    if (!kMasked || valid[row] != 0) totals.Add(values[row] ^ flip);
  }
  return totals;
}

}  // namespace

DoubleTotals TotalDoubles(const double* values, const uint8_t* valid, size_t num_rows,
                          uint64_t num_valid) {
  return valid == nullptr ? TotalDoublesAs<false, true>(values, valid, num_rows, num_valid)
                          : TotalDoublesAs<true, true>(values, valid, num_rows, num_valid);
}

double SumDoubles(const double* values, const uint8_t* valid, size_t num_rows) {
  return valid == nullptr ? TotalDoublesAs<false, false>(values, valid, num_rows, num_rows).sum
                          : TotalDoublesAs<true, false>(values, valid, num_rows, num_rows).sum;
}

// Unsigned halves, each of which fits 64 bits within 1,024 rows.
Int128 SumWords(const uint64_t* values, const uint8_t* valid, size_t num_rows, bool is_signed) {
  const uint64_t flip = is_signed ? kSignBit : 0;
  uint64_t low = 0, high = 0, num_valid = num_rows;
  if (valid == nullptr) {
    for (size_t row = 0; row < num_rows; ++row) {
      const uint64_t value = values[row] ^ flip;
      low += value & 0xFFFFFFFF;
      high += value >> 32;
    }
  } else {
    num_valid = 0;
    for (size_t row = 0; row < num_rows; ++row) {
      const uint64_t value = (values[row] ^ flip) & (uint64_t{0} - uint64_t{valid[row]});
      low += value & 0xFFFFFFFF;
      high += value >> 32;
      num_valid += valid[row];
    }
  }
  return (Int128{high} << 32) + Int128{low} - Int128{flip} * Int128{num_valid};
}

WordTotals TotalWords(const uint64_t* values, const uint8_t* valid, size_t num_rows,
                      bool is_signed) {
  // Unsigned words are ordered as signed ones are once the top bit is flipped.
  const uint64_t flip = is_signed ? 0 : kSignBit;
  const SignedTotals totals = valid == nullptr ? TotalSigned<false>(values, valid, num_rows, flip)
                                               : TotalSigned<true>(values, valid, num_rows, flip);
  constexpr int64_t kSafe = std::numeric_limits<int64_t>::max() / 1024;
  const bool is_exact = is_signed && totals.min >= -kSafe && totals.max <= kSafe;
  return {.sum = is_exact ? Int128{static_cast<int64_t>(totals.sum)}
                          : SumWords(values, valid, num_rows, is_signed),
          .min = static_cast<uint64_t>(totals.min) ^ flip,
          .max = static_cast<uint64_t>(totals.max) ^ flip};
}

}  // namespace stria::storage
