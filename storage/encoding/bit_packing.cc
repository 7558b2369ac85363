#include "storage/encoding/bit_packing.h"

#include <array>
#include <cstring>
#include <utility>

namespace stria::storage {
namespace {

// A 1,024-bit register is 16 words; lanes narrower than a word are handled by masks.
constexpr unsigned kWords = 16;

// `low_bits` ones in each lane of `lane_bits`, moved up by `shift`.
constexpr uint64_t LaneMask(unsigned lane_bits, unsigned low_bits, unsigned shift) {
  const uint64_t ones = low_bits == 64 ? ~uint64_t{0} : (uint64_t{1} << low_bits) - 1;
  uint64_t mask = 0;
  for (unsigned bit = 0; bit < 64; bit += lane_bits)
    mask |= (ones << shift) << bit;
  return mask;
}

template <unsigned kLane, unsigned kWidth, unsigned kSlot>
void UnpackSlot(const uint64_t* packed, uint64_t* lanes) {
  constexpr unsigned kBit = kSlot * kWidth;
  constexpr unsigned kRegister = kBit / kLane;
  constexpr unsigned kShift = kBit % kLane;
  constexpr unsigned kHere = kWidth < kLane - kShift ? kWidth : kLane - kShift;
  const uint64_t* low = packed + kRegister * kWords;
  uint64_t* out = lanes + kSlot * kWords;
  for (unsigned i = 0; i < kWords; ++i) {
    uint64_t value = (low[i] >> kShift) & LaneMask(kLane, kHere, 0);
    if constexpr (kHere < kWidth) {
      value |= (low[i + kWords] << kHere) & LaneMask(kLane, kWidth - kHere, kHere);
    }
    out[i] = value;
  }
}

template <unsigned kLane, unsigned kWidth, unsigned kSlot>
void PackSlot(const uint64_t* lanes, uint64_t* packed) {
  constexpr unsigned kBit = kSlot * kWidth;
  constexpr unsigned kRegister = kBit / kLane;
  constexpr unsigned kShift = kBit % kLane;
  constexpr unsigned kHere = kWidth < kLane - kShift ? kWidth : kLane - kShift;
  const uint64_t* in = lanes + kSlot * kWords;
  uint64_t* low = packed + kRegister * kWords;
  for (unsigned i = 0; i < kWords; ++i) {
    low[i] |= (in[i] & LaneMask(kLane, kHere, 0)) << kShift;
    if constexpr (kHere < kWidth) {
      low[i + kWords] |= (in[i] >> kHere) & LaneMask(kLane, kWidth - kHere, 0);
    }
  }
}

template <unsigned kWidth>
void UnpackWidth(const std::byte* packed, std::byte* lanes) {
  constexpr unsigned kLane = LaneBits(kWidth);
  alignas(64) uint64_t in[kWidth * kWords];
  alignas(64) uint64_t out[kLane * kWords];
  std::memcpy(in, packed, sizeof(in));
  [&]<size_t... kSlots>(std::index_sequence<kSlots...>) {
    (UnpackSlot<kLane, kWidth, kSlots>(in, out), ...);
  }
  (std::make_index_sequence<kLane>());
  std::memcpy(lanes, out, sizeof(out));
}

template <unsigned kWidth>
void PackWidth(const std::byte* lanes, std::byte* packed) {
  constexpr unsigned kLane = LaneBits(kWidth);
  alignas(64) uint64_t in[kLane * kWords];
  alignas(64) uint64_t out[kWidth * kWords] = {};
  std::memcpy(in, lanes, sizeof(in));
  [&]<size_t... kSlots>(std::index_sequence<kSlots...>) {
    (PackSlot<kLane, kWidth, kSlots>(in, out), ...);
  }
  (std::make_index_sequence<kLane>());
  std::memcpy(packed, out, sizeof(out));
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

constexpr auto kUnpackers = MakeUnpackers(std::make_index_sequence<64>());
constexpr auto kPackers = MakePackers(std::make_index_sequence<64>());

}  // namespace

void PackBits(unsigned width, const std::byte* lanes, std::byte* packed) {
  kPackers[width - 1](lanes, packed);
}

void UnpackBits(unsigned width, const std::byte* packed, std::byte* lanes) {
  kUnpackers[width - 1](packed, lanes);
}

}  // namespace stria::storage
