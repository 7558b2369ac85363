// Checks the packing of bits against a slow one that moves a bit at a time, by the layout that
// bit_packing.h describes.

#include "storage/encoding/bit_packing.h"

#include <cstring>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

uint64_t LaneAt(const std::vector<std::byte>& lanes, unsigned lane_bits, size_t i) {
  uint64_t value = 0;
  std::memcpy(&value, lanes.data() + i * lane_bits / 8, lane_bits / 8);
  return value;
}

std::vector<std::byte> RandomLanes(std::mt19937_64& random, unsigned width) {
  const unsigned lane_bits = LaneBits(width);
  std::vector<std::byte> lanes(kPackedValues * lane_bits / 8);
  for (size_t i = 0; i < kPackedValues; ++i) {
    const uint64_t value = width == 64 ? random() : random() % (uint64_t{1} << width);
    std::memcpy(lanes.data() + i * lane_bits / 8, &value, lane_bits / 8);
  }
  return lanes;
}

// Value i lies in lane i % lanes, slot i / lanes; its bit b is bit slot * width + b of the lane's
// string, which is cut in words of lane_bits, one for each register of 1,024 bits.
std::vector<std::byte> PackSlowly(unsigned width, const std::vector<std::byte>& lanes) {
  const unsigned lane_bits = LaneBits(width);
  const size_t num_lanes = 1024 / lane_bits;
  std::vector<std::byte> packed(PackedBytes(width));
  for (size_t i = 0; i < kPackedValues; ++i) {
    const uint64_t value = LaneAt(lanes, lane_bits, i);
    for (unsigned bit = 0; bit < width; ++bit) {
      if ((value >> bit & 1) == 0) continue;
      const size_t in_lane = i / num_lanes * width + bit;
      const size_t at =
          in_lane / lane_bits * 1024 + i % num_lanes * lane_bits + in_lane % lane_bits;
      packed[at / 8] |= std::byte{1} << (at % 8);
    }
  }
  return packed;
}

class BitPackingTest : public testing::TestWithParam<unsigned> {};

TEST_P(BitPackingTest, WritesTheDocumentedBytes) {
  auto random = SeededRandom();
  const unsigned width = GetParam();
  const auto lanes = RandomLanes(random, width);
  std::vector<std::byte> packed(PackedBytes(width));
  PackBits(width, lanes.data(), packed.data());
  EXPECT_EQ(packed, PackSlowly(width, lanes));
}

TEST_P(BitPackingTest, UnpacksEachValueAlone) {
  auto random = SeededRandom();
  const unsigned width = GetParam();
  const auto lanes = RandomLanes(random, width);
  const auto packed = PackSlowly(width, lanes);
  for (size_t i = 0; i < kPackedValues; ++i)
    ASSERT_EQ(UnpackOne(width, packed.data(), i), LaneAt(lanes, LaneBits(width), i)) << i;
}

TEST_P(BitPackingTest, UnpacksWhatItPacked) {
  auto random = SeededRandom();
  const unsigned width = GetParam();
  const auto lanes = RandomLanes(random, width);
  std::vector<std::byte> packed(PackedBytes(width)), unpacked(lanes.size());
  PackBits(width, lanes.data(), packed.data());
  UnpackBits(width, packed.data(), unpacked.data());
  EXPECT_EQ(unpacked, lanes);
}

TEST_P(BitPackingTest, WorksAtAnyAlignment) {
  auto random = SeededRandom();
  const unsigned width = GetParam();
  const auto lanes = RandomLanes(random, width);
  std::vector<std::byte> packed(PackedBytes(width) + 1), unpacked(lanes.size() + 3);
  PackBits(width, lanes.data(), packed.data() + 1);
  UnpackBits(width, packed.data() + 1, unpacked.data() + 3);
  EXPECT_TRUE(std::equal(lanes.begin(), lanes.end(), unpacked.begin() + 3));
}

INSTANTIATE_TEST_SUITE_P(EveryWidth, BitPackingTest, testing::Range(1U, 65U));

}  // namespace
}  // namespace stria::storage
