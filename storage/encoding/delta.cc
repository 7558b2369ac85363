#include "storage/encoding/delta.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/bit_packing.h"
#include "storage/encoding/row_positions.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace stria::storage {
namespace {

constexpr size_t kHeaderBytes = 8;  // About: three bytes and three short varints.
constexpr size_t kGapBytes = 1;     // Of a patch's position, nearly always.

unsigned LaneBitsOf(const IntegerStats& stats) {
  return LaneBits(static_cast<unsigned>(std::bit_width(stats.greatest_offset)));
}

// ---- The choice of a window: differences d with least <= d < least + 2^width are packed. Windows
// of all widths lie around a middle, or begin at a least.

struct WindowOrigin {
  int64_t value = 0;
  bool is_middle = true;
};

// Bits that a window at `origin` must have for the difference to lie in it.
size_t WidthFor(uint64_t difference, WindowOrigin origin) {
  const uint64_t distance = difference - static_cast<uint64_t>(origin.value);
  return static_cast<size_t>(std::bit_width(origin.is_middle ? ZigZag(distance) : distance));
}

int64_t LeastOf(WindowOrigin origin, unsigned width) {
  return origin.is_middle && width > 0 ? origin.value - (int64_t{1} << (width - 1)) : origin.value;
}

// The width that takes the fewest bytes when `count_of_width` differences, of so many rows in all,
// need each width; those that need more are patches.
DeltaPlan BestWidth(const std::array<uint32_t, 65>& count_of_width, WindowOrigin origin,
                    unsigned greatest_width, size_t packed_rows) {
  DeltaPlan best;
  best.num_bytes = std::numeric_limits<size_t>::max();
  size_t patch_bytes = 0;
  for (unsigned width = 64; width-- > 0;) {
    const unsigned above = width + 1;
    patch_bytes +=
        count_of_width[above] * (kGapBytes + VarintBytes(uint64_t{1} << std::min(above, 63U)));
    const size_t num_bytes = width * packed_rows / 8 + patch_bytes;
    if (width > greatest_width || num_bytes >= best.num_bytes) continue;
    best = {.width = width, .least = LeastOf(origin, width), .num_bytes = num_bytes};
  }
  return best;
}

// The origin that suits a sample best: no change in the middle, the median in the middle, or from
// the least of the sample on, which suits counters and times.
WindowOrigin ChooseOrigin(std::span<const uint64_t> values, unsigned greatest_width) {
  constexpr size_t kSamples = 128;
  std::array<int64_t, kSamples> all_samples;
  const size_t num_samples = std::min(kSamples, values.size() - 1);
  for (size_t i = 0; i < num_samples; ++i) {
    const size_t row = 1 + i * (values.size() - 1) / num_samples;
    all_samples[i] = static_cast<int64_t>(values[row] - values[row - 1]);
  }
  const auto samples = std::span(all_samples).first(num_samples);
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(num_samples / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  const std::array<WindowOrigin, 3> origins = {
      {{.value = 0, .is_middle = true},
       {.value = *middle, .is_middle = true},
       {.value = std::ranges::min(samples), .is_middle = false}}};
  // What packing takes does not depend on the number of rows; the sample bears its share of it.
  const size_t packed_rows = kPackedValues * num_samples / (values.size() - 1);
  WindowOrigin best;
  size_t best_bytes = std::numeric_limits<size_t>::max();
  for (const auto& origin : origins) {
    std::array<uint32_t, 65> count_of_width{};
    for (const int64_t sample : samples)
      ++count_of_width[WidthFor(static_cast<uint64_t>(sample), origin)];
    const size_t num_bytes =
        BestWidth(count_of_width, origin, greatest_width, packed_rows).num_bytes;
    if (num_bytes >= best_bytes) continue;
    best = origin;
    best_bytes = num_bytes;
  }
  return best;
}

// ---- Prefix sums: lanes[i] becomes the sum of lanes[0..i] and (i + 1) x least.

template <typename Lane>
void SumUpOneByOne(Lane* lanes, Lane least) {
  Lane sum = 0;
  for (size_t i = 0; i < kPackedValues; ++i) {
    sum = static_cast<Lane>(sum + lanes[i] + least);
    lanes[i] = sum;
  }
}

#if defined(__AVX2__)

template <typename Lane>
__m256i AddLanes(__m256i a, __m256i b) {
  if constexpr (sizeof(Lane) == 1) return _mm256_add_epi8(a, b);
  if constexpr (sizeof(Lane) == 2) return _mm256_add_epi16(a, b);
  return _mm256_add_epi32(a, b);
}

template <typename Lane>
__m256i Broadcast(Lane value) {
  if constexpr (sizeof(Lane) == 1) return _mm256_set1_epi8(static_cast<char>(value));
  if constexpr (sizeof(Lane) == 2) return _mm256_set1_epi16(static_cast<short>(value));
  return _mm256_set1_epi32(static_cast<int>(value));
}

// The last lane of each 8 or 16 bytes, as shuffle_epi8 wants it: in the upper half only, or
// everywhere.
template <typename Lane>
__m256i LastLane(bool of_half) {
  alignas(32) std::array<uint8_t, 32> control;
  for (size_t i = 0; i < control.size(); ++i) {
    const size_t begin = (of_half ? 8 : 16) - sizeof(Lane);
    const size_t from = of_half && i % 16 < 8 ? 0x80 : begin + i % sizeof(Lane);
    control[i] = static_cast<uint8_t>(from);
  }
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(control.data()));
}

// First inside words, by shifts; then across the words of 16 bytes, the halves of 32, and on to the
// next 32 by a carry, which alone is a chain of dependent additions.
template <typename Lane>
void SumUp(Lane* lanes, Lane least) {
  constexpr unsigned kBits = sizeof(Lane) * 8;
  const __m256i step = Broadcast(least);
  const __m256i last_of_half = LastLane<Lane>(true);
  const __m256i last = LastLane<Lane>(false);
  __m256i carry = _mm256_setzero_si256();
  auto* registers = reinterpret_cast<__m256i*>(lanes);
  for (size_t i = 0; i < kPackedValues * sizeof(Lane) / 32; ++i) {
    __m256i sums = AddLanes<Lane>(_mm256_loadu_si256(registers + i), step);
    sums = AddLanes<Lane>(sums, _mm256_slli_epi64(sums, kBits));
    if constexpr (kBits <= 16) sums = AddLanes<Lane>(sums, _mm256_slli_epi64(sums, 2 * kBits));
    if constexpr (kBits == 8) sums = AddLanes<Lane>(sums, _mm256_slli_epi64(sums, 4 * kBits));
    sums = AddLanes<Lane>(sums, _mm256_shuffle_epi8(sums, last_of_half));
    const __m256i totals = _mm256_shuffle_epi8(sums, last);
    sums = AddLanes<Lane>(sums, _mm256_permute2x128_si256(totals, totals, 0x08));
    _mm256_storeu_si256(registers + i, AddLanes<Lane>(sums, carry));
    const __m256i total = AddLanes<Lane>(totals, _mm256_permute2x128_si256(totals, totals, 0x01));
    carry = AddLanes<Lane>(carry, total);
  }
}

#else

template <typename Lane>
void SumUp(Lane* lanes, Lane least) {
  SumUpOneByOne(lanes, least);
}

#endif

template <>
[[maybe_unused]] void SumUp<uint64_t>(uint64_t* lanes, uint64_t least) {
  SumUpOneByOne(lanes, least);
}

template <typename Lane, typename Narrow>
void WidenInto(const std::byte* narrow, Lane* lanes) {
  const auto* values = reinterpret_cast<const Narrow*>(narrow);
  for (size_t i = 0; i < kPackedValues; ++i)
    lanes[i] = values[i];
}

// The packed differences, in lanes that may be wider than they need.
template <typename Lane>
void UnpackDifferences(unsigned width, const std::byte* packed, Lane* lanes) {
  if (width == 0) {
    std::fill_n(lanes, kPackedValues, Lane{0});
    return;
  }
  const unsigned bits = LaneBits(width);
  if (bits == sizeof(Lane) * 8) {
    UnpackBits(width, packed, reinterpret_cast<std::byte*>(lanes));
    return;
  }
  alignas(64) std::byte narrow[kPackedValues * 4];
  UnpackBits(width, packed, narrow);
  if constexpr (sizeof(Lane) > 1) {
    if (bits == 8) return WidenInto<Lane, uint8_t>(narrow, lanes);
  }
  if constexpr (sizeof(Lane) > 2) {
    if (bits == 16) return WidenInto<Lane, uint16_t>(narrow, lanes);
  }
  if constexpr (sizeof(Lane) > 4) WidenInto<Lane, uint32_t>(narrow, lanes);
}

// What an encoded vector holds, checked.
struct DeltaVector {
  unsigned lane_bytes = 0;
  uint64_t base = 0;
  uint64_t first = 0;  // From the base.
  unsigned width = 0;
  uint64_t least = 0;
  RowPositions patches;
  std::array<uint64_t, kPackedValues> patched;  // Differences. Not initialised beyond the count.
  const std::byte* packed = nullptr;

  // NOLINTNEXTLINE: the array is left as it is on purpose.
  DeltaVector() {}
};

Status ReadDeltaVector(std::span<const std::byte> encoded, uint32_t num_rows, DeltaVector& vector) {
  ByteReader reader(encoded);
  uint64_t base = 0, least = 0;
  uint8_t lane_bytes = 0, width = 0;
  if (!reader.TakeByte(lane_bytes) || !reader.TakeVarint(base) ||
      !reader.TakeVarint(vector.first) || !reader.TakeByte(width) || !reader.TakeVarint(least)) {
    return Corruption("differences cut short");
  }
  if (!std::has_single_bit(lane_bytes) || lane_bytes > 8 || width > lane_bytes * 8 ||
      (lane_bytes == 8 && base != 0) || num_rows > kPackedValues) {
    return Corruption("differences of {} bits in lanes of {} bytes", width, lane_bytes);
  }
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, vector.patches));
  if (vector.patches.count > 0 && vector.patches.rows[0] == 0) {
    return Corruption("the first row is patched");
  }
  for (uint32_t i = 0; i < vector.patches.count; ++i) {
    uint64_t difference = 0;
    if (!reader.TakeVarint(difference)) return Corruption("patches cut short");
    vector.patched[i] = UnZigZag(difference);
  }
  if (reader.num_remaining() != PackedBytes(width)) {
    return Corruption("{} bytes of packed differences, want {}", reader.num_remaining(),
                      PackedBytes(width));
  }
  vector.lane_bytes = lane_bytes;
  vector.base = UnZigZag(base);
  vector.width = width;
  vector.least = UnZigZag(least);
  vector.packed = reader.rest().data();
  return Status::Ok();
}

// What SumUp() makes values of: differences from the least one, the first row's from the base.
template <typename Lane>
void UnpackPatched(const DeltaVector& vector, Lane* lanes) {
  UnpackDifferences(vector.width, vector.packed, lanes);
  lanes[0] = static_cast<Lane>(vector.first - vector.least);
  for (uint32_t i = 0; i < vector.patches.count; ++i)
    lanes[vector.patches.rows[i]] = static_cast<Lane>(vector.patched[i] - vector.least);
}

template <typename Lane, size_t kBytes>
struct LanesOf {
  using Type [[gnu::vector_size(kBytes)]] = Lane;
};

// Each into a variable of its own: an array of them would be copied by way of the stack.
template <typename Lanes>
Lanes LoadLanes(const void* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

// Their sum modulo the lane: in two registers, or the additions wait for each other; then in
// halves.
template <typename Lane>
Lane SumOf(const Lane* lanes, size_t num_lanes) {
  using Wide = typename LanesOf<Lane, 32>::Type;
  using Half = typename LanesOf<Lane, 16>::Type;
  using Quarter = typename LanesOf<Lane, 8>::Type;
  constexpr size_t kStep = 2 * sizeof(Wide) / sizeof(Lane);
  Wide even = {}, odd = {};
  size_t i = 0;
  for (; i + kStep <= num_lanes; i += kStep) {
    even += LoadLanes<Wide>(lanes + i);
    odd += LoadLanes<Wide>(lanes + i + kStep / 2);
  }
  const Wide wide = even + odd;
  const auto* of_wide = reinterpret_cast<const std::byte*>(&wide);
  const Half half = LoadLanes<Half>(of_wide) + LoadLanes<Half>(of_wide + sizeof half);
  const auto* of_half = reinterpret_cast<const std::byte*>(&half);
  const Quarter quarter =
      LoadLanes<Quarter>(of_half) + LoadLanes<Quarter>(of_half + sizeof quarter);
  Lane sum = 0;
  for (size_t lane = 0; lane < sizeof(Quarter) / sizeof(Lane); ++lane)
    sum = static_cast<Lane>(sum + quarter[lane]);
  for (; i < num_lanes; ++i)
    sum = static_cast<Lane>(sum + lanes[i]);
  return sum;
}

// Patches are added, not put among the lanes: a load of a register that waits for a store of one
// lane costs more than all the sums.
template <typename Lane>
void SumUpTo(const DeltaVector& vector, std::span<const uint32_t> rows, uint64_t* bits) {
  alignas(64) std::array<Lane, kPackedValues> lanes;
  UnpackDifferences(vector.width, vector.packed, lanes.data());
  uint64_t offset = vector.first - vector.least - lanes[0];
  uint32_t begin = 0, patch = 0;
  for (const uint32_t row : rows) {
    const uint32_t end = row + 1;
    offset += SumOf(lanes.data() + begin, end - begin) + (end - begin) * vector.least;
    for (; patch < vector.patches.count && vector.patches.rows[patch] < end; ++patch)
      offset += vector.patched[patch] - vector.least - lanes[vector.patches.rows[patch]];
    *bits++ = vector.base + static_cast<Lane>(offset);
    begin = end;
  }
}

// Calls `use` with a lane of that many bytes.
template <typename Use>
void WithLane(unsigned lane_bytes, const Use& use) {
  switch (lane_bytes) {
    case 1: return use(uint8_t{});
    case 2: return use(uint16_t{});
    case 4: return use(uint32_t{});
    default: return use(uint64_t{});
  }
}

}  // namespace

DeltaPlan PlanDelta(std::span<const uint64_t> values, const IntegerStats& stats) {
  DeltaPlan best;
  best.num_bytes = std::numeric_limits<size_t>::max();
  if (stats.greatest_offset > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / 4) ||
      values.size() < 2) {
    return best;
  }
  const unsigned greatest_width = std::min(LaneBitsOf(stats), 63U);
  const WindowOrigin origin = ChooseOrigin(values, greatest_width);
  std::array<uint32_t, 65> count_of_width{};
  for (size_t row = 1; row < values.size(); ++row)
    ++count_of_width[WidthFor(values[row] - values[row - 1], origin)];
  best = BestWidth(count_of_width, origin, greatest_width, kPackedValues);
  best.num_bytes += kHeaderBytes + VarintBytes(ZigZag(stats.least));
  return best;
}

void EncodeDelta(std::span<const uint64_t> values, const IntegerStats& stats, const DeltaPlan& plan,
                 std::vector<std::byte>& encoded) {
  STRIA_DCHECK(values.size() <= kPackedValues && plan.width < 64);
  const unsigned lane_bits = LaneBitsOf(stats);
  const uint64_t base = lane_bits == 64 ? 0 : stats.least;
  const auto least = static_cast<uint64_t>(plan.least);
  const uint64_t end = uint64_t{1} << plan.width;

  RowPositions patches;
  alignas(64) std::array<uint64_t, kPackedValues> offsets{};
  for (size_t row = 1; row < values.size(); ++row) {
    const uint64_t offset = values[row] - values[row - 1] - least;
    if (offset < end) {
      offsets[row] = offset;
    } else {
      patches.Add(row);
    }
  }
  AppendInteger(static_cast<uint8_t>(lane_bits / 8), encoded);
  AppendVarint(ZigZag(base), encoded);
  AppendVarint(values[0] - base, encoded);
  AppendInteger(static_cast<uint8_t>(plan.width), encoded);
  AppendVarint(ZigZag(least), encoded);
  EncodeRowPositions(patches.view(), encoded);
  for (const uint16_t row : patches.view())
    AppendVarint(ZigZag(values[row] - values[row - 1]), encoded);
  if (plan.width == 0) return;
  AppendPacked(offsets, plan.width, encoded);
}

Status DecodeDelta(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  DeltaVector vector;
  STRIA_RETURN_IF_ERROR(ReadDeltaVector(encoded, num_rows, vector));
  std::byte* bytes = decoded.TakeLanes(kPackedValues * vector.lane_bytes);
  WithLane(vector.lane_bytes, [&]<typename Lane>(Lane) {
    auto* lanes = reinterpret_cast<Lane*>(bytes);
    UnpackPatched(vector, lanes);
    SumUp(lanes, static_cast<Lane>(vector.least));
  });
  SetPackedView(vector.lane_bytes * 8U, vector.base, num_rows, decoded);
  return Status::Ok();
}

Status DecodeDeltaRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits) {
  DeltaVector vector;
  STRIA_RETURN_IF_ERROR(ReadDeltaVector(encoded, num_rows, vector));
  WithLane(vector.lane_bytes, [&]<typename Lane>(Lane) { SumUpTo<Lane>(vector, rows, bits); });
  return Status::Ok();
}

}  // namespace stria::storage
