#include "storage/encoding/bit_packing.h"

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

namespace stria::storage {
namespace {

// A 1,024-bit register is four vectors, of kStride bytes each; all slots of one are packed before
// the next, so that every load and store is a whole vector and nothing goes through memory twice.
constexpr size_t kRegisterBytes = kPackedValues / 8;
constexpr size_t kStride = 32;

template <typename T>
struct VectorOf {
  using Type [[gnu::vector_size(kStride)]] = T;
};

// Lanes of 8 bits have no shifts of their own and are shifted as words.
template <unsigned kLane>
using LaneWord =
    std::conditional_t<kLane == 16, uint16_t, std::conditional_t<kLane == 32, uint32_t, uint64_t>>;

template <unsigned kLane>
using Vector = typename VectorOf<LaneWord<kLane>>::Type;

template <typename V>
V Load(const std::byte* bytes) {
  V vector;
  std::memcpy(&vector, bytes, sizeof vector);
  return vector;
}

// `low_bits` ones in each lane of `lane_bits`, moved up by `shift`, as far as they fill a word.
template <unsigned kLane>
constexpr LaneWord<kLane> LaneMask(unsigned low_bits, unsigned shift) {
  const uint64_t ones = low_bits == 64 ? ~uint64_t{0} : (uint64_t{1} << low_bits) - 1;
  uint64_t mask = 0;
  for (unsigned bit = 0; bit < 64; bit += kLane)
    mask |= (ones << shift) << bit;
  return static_cast<LaneWord<kLane>>(mask);
}

// Where the bits of a slot lie: kHere of them at kShift of register kRegister, the rest in the
// next.
template <unsigned kLane, unsigned kWidth, unsigned kSlot>
struct Place {
  static constexpr unsigned kBit = kSlot * kWidth;
  static constexpr size_t kOffset = kBit / kLane * kRegisterBytes;
  static constexpr unsigned kShift = kBit % kLane;
  static constexpr unsigned kHere = kWidth < kLane - kShift ? kWidth : kLane - kShift;
};

// Always inlined: 32 or 64 slots are more than a compiler thinks good, and a call a slot costs
// three times the work.
template <unsigned kLane, unsigned kWidth, unsigned kSlot>
[[gnu::always_inline]] inline void UnpackSlot(const std::byte* packed, std::byte* lanes) {
  using Bits = Place<kLane, kWidth, kSlot>;
  using V = Vector<kLane>;
  V value = Load<V>(packed + Bits::kOffset);
  if constexpr (Bits::kShift > 0) value >>= static_cast<LaneWord<kLane>>(Bits::kShift);
  // Bits of the neighbour above: none after a shift of a lane's own that ends at its top.
  if constexpr (kWidth < kLane && (kLane == 8 || Bits::kShift + kWidth < kLane)) {
    value &= LaneMask<kLane>(Bits::kHere, 0);
  }
  if constexpr (Bits::kHere < kWidth) {
    const V high = Load<V>(packed + Bits::kOffset + kRegisterBytes)
                   << static_cast<LaneWord<kLane>>(Bits::kHere);
    value |= high & LaneMask<kLane>(kWidth - Bits::kHere, Bits::kHere);
  }
  std::memcpy(lanes + kSlot * kRegisterBytes, &value, sizeof value);
}

template <unsigned kLane, unsigned kWidth, unsigned kSlot>
[[gnu::always_inline]] inline void PackSlot(const std::byte* lanes, Vector<kLane>* packed) {
  using Bits = Place<kLane, kWidth, kSlot>;
  using V = Vector<kLane>;
  const V value = Load<V>(lanes + kSlot * kRegisterBytes);
  V* low = packed + Bits::kOffset / kRegisterBytes;
  *low |= (value & LaneMask<kLane>(Bits::kHere, 0)) << static_cast<LaneWord<kLane>>(Bits::kShift);
  if constexpr (Bits::kHere < kWidth) {
    low[1] |= (value >> static_cast<LaneWord<kLane>>(Bits::kHere)) &
              LaneMask<kLane>(kWidth - Bits::kHere, 0);
  }
}

// The pointers are arguments of their own: captured by a lambda they are loaded again for each
// slot.
template <unsigned kWidth, size_t... kSlots>
void UnpackStride(const std::byte* packed, std::byte* lanes, std::index_sequence<kSlots...>) {
  (UnpackSlot<LaneBits(kWidth), kWidth, kSlots>(packed, lanes), ...);
}

template <unsigned kWidth, size_t... kSlots>
void PackStride(const std::byte* lanes, Vector<LaneBits(kWidth)>* packed,
                std::index_sequence<kSlots...>) {
  (PackSlot<LaneBits(kWidth), kWidth, kSlots>(lanes, packed), ...);
}

template <unsigned kWidth>
void UnpackWidth(const std::byte* packed, std::byte* lanes) {
  constexpr std::make_index_sequence<LaneBits(kWidth)> kSlots;
  for (size_t begin = 0; begin < kRegisterBytes; begin += kStride)
    UnpackStride<kWidth>(packed + begin, lanes + begin, kSlots);
}

template <unsigned kWidth>
void PackWidth(const std::byte* lanes, std::byte* packed) {
  constexpr std::make_index_sequence<LaneBits(kWidth)> kSlots;
  for (size_t begin = 0; begin < kRegisterBytes; begin += kStride) {
    Vector<LaneBits(kWidth)> registers[kWidth] = {};
    PackStride<kWidth>(lanes + begin, registers, kSlots);
    for (size_t i = 0; i < kWidth; ++i)
      std::memcpy(packed + i * kRegisterBytes + begin, &registers[i], kStride);
  }
}

using Kernel = void (*)(const std::byte*, std::byte*);

template <size_t... kWidths>
constexpr std::array<Kernel, 64> MakeUnpackers(std::index_sequence<kWidths...>) {
  return {&UnpackWidth<kWidths + 1>...};
}
template <size_t... kWidths>
constexpr std::array<Kernel, 64> MakePackers(std::index_sequence<kWidths...>) {
  return {&PackWidth<kWidths + 1>...};
}

// The lane's bit string is its words of all registers, kRegisterBytes apart.
template <typename Lane>
uint64_t UnpackLane(unsigned width, const std::byte* packed, size_t index) {
  constexpr size_t kLaneBits = sizeof(Lane) * 8;
  constexpr size_t kNumLanes = kPackedValues / kLaneBits;
  const size_t bit = index / kNumLanes * width;
  const std::byte* words = packed + index % kNumLanes * sizeof(Lane);
  const auto word = [&](size_t i) {
    Lane lane;
    std::memcpy(&lane, words + i * kRegisterBytes, sizeof lane);
    return uint64_t{lane};
  };
  const size_t shift = bit % kLaneBits;
  uint64_t value = word(bit / kLaneBits) >> shift;
  if (shift + width > kLaneBits) value |= word(bit / kLaneBits + 1) << (kLaneBits - shift);
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}

constexpr auto kUnpackers = MakeUnpackers(std::make_index_sequence<64>());
constexpr auto kPackers = MakePackers(std::make_index_sequence<64>());

}  // namespace

void PackBits(unsigned width, const std::byte* lanes, std::byte* packed) {
  kPackers[width - 1](lanes, packed);
}

void UnpackBits(unsigned width, const std::byte* packed, std::byte* lanes) {
  kUnpackers[width - 1](packed, lanes);
}

uint64_t UnpackOne(unsigned width, const std::byte* packed, size_t index) {
  switch (LaneBits(width)) {
    case 8: return UnpackLane<uint8_t>(width, packed, index);
    case 16: return UnpackLane<uint16_t>(width, packed, index);
    case 32: return UnpackLane<uint32_t>(width, packed, index);
    default: return UnpackLane<uint64_t>(width, packed, index);
  }
}

}  // namespace stria::storage
