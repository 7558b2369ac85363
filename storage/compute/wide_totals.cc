#include "storage/compute/wide_totals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include <immintrin.h>

// What VectorIsa::kAvx512 stands for; attributes take no constants.
#define STRIA_AVX512 "avx512f,avx512bw,avx512dq,avx512vl"

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

// One bit a row.
[[gnu::target(STRIA_AVX512)]] inline __mmask8 ValidMask(const uint8_t* valid) {
  const __m128i flags = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(valid));
  return static_cast<__mmask8>(_mm_test_epi8_mask(flags, flags));
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

// What the whole registers of a slice come to: row i is in entry i % 8.
struct DoubleSums {
  size_t num_rows = 0;
  alignas(64) std::array<double, 2 * kWidth> sum;
  alignas(64) std::array<double, 2 * kWidth> min;
  alignas(64) std::array<double, 2 * kWidth> max;
  uint64_t num_unordered = 0;  // NaN and NULL.
};

template <bool kMasked, bool kExtremes>
void AddRegisters(const double* values, const uint8_t* valid, size_t num_rows, DoubleSums& sums) {
  DoubleLanes even, odd;
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    even.Add<kMasked, kExtremes>(values + row, valid + (kMasked ? row : 0));
    odd.Add<kMasked, kExtremes>(values + row + kWidth, valid + (kMasked ? row + kWidth : 0));
  }
  _mm256_store_pd(sums.sum.data(), even.sum);
  _mm256_store_pd(sums.sum.data() + kWidth, odd.sum);
  _mm256_store_pd(sums.min.data(), even.min);
  _mm256_store_pd(sums.min.data() + kWidth, odd.min);
  _mm256_store_pd(sums.max.data(), even.max);
  _mm256_store_pd(sums.max.data() + kWidth, odd.max);
  alignas(32) uint64_t counts[kWidth];
  _mm256_store_si256(reinterpret_cast<__m256i*>(counts),
                     _mm256_add_epi64(even.num_unordered, odd.num_unordered));
  sums.num_unordered = counts[0] + counts[1] + counts[2] + counts[3];
  sums.num_rows = row;
}

template <bool kMasked, bool kExtremes>
[[gnu::target(STRIA_AVX512)]] void AddWideRegisters(const double* values, const uint8_t* valid,
                                                    size_t num_rows, DoubleSums& sums) {
  __m512d sum = _mm512_setzero_pd();
  __m512d min = _mm512_set1_pd(kInfinity);
  __m512d max = _mm512_set1_pd(-kInfinity);
  uint64_t num_ordered = 0;
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    const __m512d value = _mm512_loadu_pd(values + row);
    const __mmask8 mask = kMasked ? ValidMask(valid + row) : __mmask8{0xff};
    sum = _mm512_mask_add_pd(sum, mask, sum, value);
    if constexpr (kExtremes) {
      const __mmask8 ordered = _mm512_mask_cmp_pd_mask(mask, value, value, _CMP_ORD_Q);
      min = _mm512_mask_min_pd(min, ordered, value, min);
      max = _mm512_mask_max_pd(max, ordered, value, max);
      num_ordered += static_cast<uint64_t>(_mm_popcnt_u32(ordered));
    }
  }
  _mm512_store_pd(sums.sum.data(), sum);
  _mm512_store_pd(sums.min.data(), min);
  _mm512_store_pd(sums.max.data(), max);
  sums.num_unordered = row - num_ordered;
  sums.num_rows = row;
}

template <bool kMasked, bool kExtremes>
DoubleTotals TotalDoublesAs(const double* values, const uint8_t* valid, size_t num_rows,
                            uint64_t num_valid, VectorIsa isa) {
  DoubleSums all;
  if (isa == VectorIsa::kAvx512) {
    AddWideRegisters<kMasked, kExtremes>(values, valid, num_rows, all);
  } else {
    AddRegisters<kMasked, kExtremes>(values, valid, num_rows, all);
  }
  const auto& sum = all.sum;
  DoubleTotals totals;
  totals.sum = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
  totals.min = std::ranges::min(all.min);
  totals.max = std::ranges::max(all.max);
  uint64_t num_unordered = all.num_unordered;
  for (size_t row = all.num_rows; row < num_rows; ++row) {
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
      Merge(words[0][lane], static_cast<int64_t>(words[1][lane]),
            static_cast<int64_t>(words[2][lane]));
    }
  }
  void Merge(uint64_t other_sum, int64_t other_min, int64_t other_max) {
    sum += other_sum;
    min = std::min(min, other_min);
    max = std::max(max, other_max);
  }
};

template <bool kMasked>
size_t AddRegisters(const uint64_t* values, const uint8_t* valid, size_t num_rows, uint64_t flip,
                    SignedTotals& totals) {
  const __m256i flips = _mm256_set1_epi64x(static_cast<int64_t>(flip));
  WordLanes even, odd;
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    even.Add<kMasked>(values + row, valid + (kMasked ? row : 0), flips);
    odd.Add<kMasked>(values + row + kWidth, valid + (kMasked ? row + kWidth : 0), flips);
  }
  totals.Merge(even);
  totals.Merge(odd);
  return row;
}

template <bool kMasked>
[[gnu::target(STRIA_AVX512)]] size_t AddWideRegisters(const uint64_t* values, const uint8_t* valid,
                                                      size_t num_rows, uint64_t flip,
                                                      SignedTotals& totals) {
  const __m512i flips = _mm512_set1_epi64(static_cast<int64_t>(flip));
  __m512i sum = _mm512_setzero_si512();
  __m512i min = _mm512_set1_epi64(std::numeric_limits<int64_t>::max());
  __m512i max = _mm512_set1_epi64(std::numeric_limits<int64_t>::min());
  size_t row = 0;
  for (; row + 2 * kWidth <= num_rows; row += 2 * kWidth) {
    const __m512i value = _mm512_xor_si512(_mm512_loadu_si512(values + row), flips);
    const __mmask8 mask = kMasked ? ValidMask(valid + row) : __mmask8{0xff};
    sum = _mm512_mask_add_epi64(sum, mask, sum, value);
    min = _mm512_mask_min_epi64(min, mask, min, value);
    max = _mm512_mask_max_epi64(max, mask, max, value);
  }
  alignas(64) std::array<uint64_t, 2 * kWidth> sums, mins, maxs;
  _mm512_store_si512(sums.data(), sum);
  _mm512_store_si512(mins.data(), min);
  _mm512_store_si512(maxs.data(), max);
  for (size_t lane = 0; lane < 2 * kWidth; ++lane)
    totals.Merge(sums[lane], static_cast<int64_t>(mins[lane]), static_cast<int64_t>(maxs[lane]));
  return row;
}

template <bool kMasked>
SignedTotals TotalSigned(const uint64_t* values, const uint8_t* valid, size_t num_rows,
                         uint64_t flip, VectorIsa isa) {
  SignedTotals totals;
  size_t row = isa == VectorIsa::kAvx512
                   ? AddWideRegisters<kMasked>(values, valid, num_rows, flip, totals)
                   : AddRegisters<kMasked>(values, valid, num_rows, flip, totals);
  for (; row < num_rows; ++row) {
    if (!kMasked || valid[row] != 0) totals.Add(values[row] ^ flip);
  }
  return totals;
}

}  // namespace

DoubleTotals TotalDoubles(const double* values, const uint8_t* valid, size_t num_rows,
                          uint64_t num_valid, VectorIsa isa) {
  return valid == nullptr ? TotalDoublesAs<false, true>(values, valid, num_rows, num_valid, isa)
                          : TotalDoublesAs<true, true>(values, valid, num_rows, num_valid, isa);
}

double SumDoubles(const double* values, const uint8_t* valid, size_t num_rows, VectorIsa isa) {
  return valid == nullptr ? TotalDoublesAs<false, false>(values, valid, num_rows, num_rows, isa).sum
                          : TotalDoublesAs<true, false>(values, valid, num_rows, num_rows, isa).sum;
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

WordTotals TotalWords(const uint64_t* values, const uint8_t* valid, size_t num_rows, bool is_signed,
                      VectorIsa isa) {
  // Unsigned words are ordered as signed ones are once the top bit is flipped.
  const uint64_t flip = is_signed ? 0 : kSignBit;
  const SignedTotals totals = valid == nullptr
                                  ? TotalSigned<false>(values, valid, num_rows, flip, isa)
                                  : TotalSigned<true>(values, valid, num_rows, flip, isa);
  constexpr int64_t kSafe = std::numeric_limits<int64_t>::max() / 1024;
  const bool is_exact = is_signed && totals.min >= -kSafe && totals.max <= kSafe;
  return {.sum = is_exact ? Int128{static_cast<int64_t>(totals.sum)}
                          : SumWords(values, valid, num_rows, is_signed),
          .min = static_cast<uint64_t>(totals.min) ^ flip,
          .max = static_cast<uint64_t>(totals.max) ^ flip};
}

}  // namespace stria::storage
