#include "storage/encoding/linear_time.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include <immintrin.h>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

uint64_t Difference(int64_t later, int64_t earlier) {
  return static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier);
}

// The step of the model that residuals are taken from: the mean, a multiple of the unit.
uint64_t ModelStep(int64_t first, int64_t last, size_t num_rows, uint64_t unit) {
  return Difference(last, first) / (num_rows - 1) / unit * unit;
}

// Time i of a block is start + i * step + residual[i] * unit.
struct Model {
  uint64_t start = 0;
  uint64_t step = 0;
  uint64_t unit = 0;
};

__m256i Broadcast(uint64_t word) {
  return _mm256_set1_epi64x(static_cast<int64_t>(word));
}

// Four offsets, each in 64 bits.
template <typename Lane>
__m256i LoadFour(const Lane* offsets) {
  if constexpr (sizeof(Lane) == 1) {
    int32_t four;
    std::memcpy(&four, offsets, sizeof four);
    return _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
  } else if constexpr (sizeof(Lane) == 2) {
    return _mm256_cvtepu16_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(offsets)));
  } else {
    return _mm256_cvtepu32_epi64(_mm_loadu_si128(reinterpret_cast<const __m128i*>(offsets)));
  }
}

// There is no product of 64 bits in AVX2, but one of 32 by 32; an offset has 32, and so has each
// half of the unit.
template <typename Lane>
void AddPackedModel(const Lane* offsets, const Model& model, std::span<int64_t> times) {
  const __m256i unit_low = Broadcast(model.unit);
  const __m256i unit_high = Broadcast(model.unit >> 32);
  const __m256i four_steps = Broadcast(4 * model.step);
  const uint64_t start = model.start, step = model.step;
  __m256i line = _mm256_set_epi64x(static_cast<int64_t>(start + 3 * step),
                                   static_cast<int64_t>(start + 2 * step),
                                   static_cast<int64_t>(start + step), static_cast<int64_t>(start));
  size_t i = 0;
  for (; i + 4 <= times.size(); i += 4) {
    const __m256i offset = LoadFour(offsets + i);
    const __m256i high = _mm256_slli_epi64(_mm256_mul_epu32(offset, unit_high), 32);
    const __m256i low = _mm256_mul_epu32(offset, unit_low);
    const __m256i time = _mm256_add_epi64(_mm256_add_epi64(line, low), high);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(times.data() + i), time);
    line = _mm256_add_epi64(line, four_steps);
  }
  for (; i < times.size(); ++i)
    times[i] = static_cast<int64_t>(start + i * step + offsets[i] * model.unit);
}

void AddModel(const VectorView& residuals, Model model, std::span<int64_t> times) {
  const Lanes lanes = residuals.lanes;
  if (lanes != Lanes::k64) model.start += residuals.base * model.unit;
  if (lanes == Lanes::kU8) {
    AddPackedModel(static_cast<const uint8_t*>(residuals.data), model, times);
  } else if (lanes == Lanes::kU16) {
    AddPackedModel(static_cast<const uint16_t*>(residuals.data), model, times);
  } else if (lanes == Lanes::kU32) {
    AddPackedModel(static_cast<const uint32_t*>(residuals.data), model, times);
  } else {
    const auto* words = static_cast<const uint64_t*>(residuals.data);
    const bool is_constant = lanes == Lanes::kConstant;
    for (size_t i = 0; i < times.size(); ++i) {
      const uint64_t offset = is_constant ? 0 : words[i] * model.unit;
      times[i] = static_cast<int64_t>(model.start + i * model.step + offset);
    }
  }
}

// Without a branch, so that whole vectors are compared.
bool Ascend(std::span<const int64_t> times) {
  uint64_t ascends = 1;
  for (size_t i = 1; i < times.size(); ++i)
    ascends &= times[i] > times[i - 1] ? 1U : 0U;
  return ascends != 0;
}

}  // namespace

int64_t FindStep(std::span<const int64_t> times) {
  if (times.size() < 2) return 1;
  // Readers compute i * step as int64.
  if (Difference(times.back(), times[0]) > static_cast<uint64_t>(INT64_MAX)) return 0;
  const uint64_t step = Difference(times[1], times[0]);
  for (size_t i = 2; i < times.size(); ++i) {
    if (Difference(times[i], times[i - 1]) != step) return 0;
  }
  return static_cast<int64_t>(step);
}

void EncodeTimes(std::span<const int64_t> times, std::vector<std::byte>& encoded) {
  STRIA_DCHECK(times.size() >= 2);
  uint64_t unit = 0;
  for (size_t i = 1; i < times.size(); ++i)
    unit = std::gcd(unit, Difference(times[i], times[i - 1]));

  const uint64_t step = ModelStep(times.front(), times.back(), times.size(), unit);
  // Both are multiples of the unit; in its terms nothing wraps that did not do so before.
  const uint64_t units_a_step = step / unit;
  std::vector<uint64_t> residuals(times.size() - 1);
  for (size_t i = 1; i < times.size(); ++i)
    residuals[i - 1] = Difference(times[i], times[0]) / unit - i * units_a_step;
  AppendVarint(unit, encoded);
  EncodeIntegers(residuals, true, encoded);
}

Status DecodeTimes(std::span<const std::byte> encoded, int64_t first_time, int64_t last_time,
                   std::span<int64_t> times) {
  ByteReader reader(encoded);
  uint64_t unit = 0;
  if (!reader.TakeVarint(unit) || unit == 0 || times.size() < 2) {
    return Corruption("times without a unit");
  }
  const uint64_t step = ModelStep(first_time, last_time, times.size(), unit);
  alignas(64) std::byte memory[kMaxLaneBytes];
  DecodedVector residuals(memory);
  times[0] = first_time;
  bool ascends = true;
  for (size_t begin = 1; begin < times.size() && ascends; begin += kVectorRows) {
    const size_t num_rows = std::min<size_t>(kVectorRows, times.size() - begin);
    STRIA_RETURN_IF_ERROR(DecodeIntegerBlock(reader, static_cast<uint32_t>(num_rows), residuals));
    const uint64_t start = static_cast<uint64_t>(first_time) + begin * step;
    AddModel(residuals.view, {.start = start, .step = step, .unit = unit},
             times.subspan(begin, num_rows));
    ascends = Ascend(times.subspan(begin - 1, num_rows + 1));
  }
  if (!ascends) return Corruption("times do not ascend");
  if (!reader.empty()) return Corruption("bytes after the last time: {}", reader.num_remaining());
  if (times.back() != last_time) return Corruption("times do not end at the last one");
  return Status::Ok();
}

}  // namespace stria::storage
