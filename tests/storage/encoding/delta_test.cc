// Checks differences with patches: values come back in lanes as narrow as they can be, whatever the
// differences; the bytes are the documented ones, and others are refused.

#include "storage/encoding/delta.h"

#include "storage/encoding/bit_packing.h"
#include "storage/encoding/integers.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

std::vector<std::byte> Encode(const std::vector<uint64_t>& values) {
  const IntegerStats stats = DescribeIntegers(values, true);
  std::vector<std::byte> encoded;
  EncodeDelta(values, stats, PlanDelta(values, stats), encoded);
  return encoded;
}

void ExpectRoundTrip(const std::vector<uint64_t>& values, std::mt19937_64& random) {
  const IntegerStats stats = DescribeIntegers(values, true);
  DecodedVector decoded;
  const auto encoded = Encode(values);
  const auto num_rows = static_cast<uint32_t>(values.size());
  const Status status = DecodeDelta(encoded, num_rows, decoded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(decoded.view.LaneBytes() * 8,
            LaneBits(static_cast<unsigned>(std::bit_width(stats.greatest_offset))));
  ExpectValues(decoded, values);
  ExpectRows(values, random, [&](auto rows, uint64_t* bits) {
    return DecodeDeltaRows(encoded, num_rows, rows, bits);
  });
}

// Walks from `first` by differences below 2^bits around 0, with a leap now and then.
std::vector<uint64_t> Walk(std::mt19937_64& random, size_t num_rows, unsigned bits,
                           unsigned leap_bits) {
  std::vector<uint64_t> values(num_rows);
  uint64_t value = random() % 1000;
  for (auto& out : values) {
    const unsigned width = random() % 50 == 0 ? leap_bits : bits;
    value += (random() & ((uint64_t{1} << width) - 1)) - ((uint64_t{1} << width) / 2);
    out = value;
  }
  return values;
}

TEST(DeltaTest, DecodesWalksInLanesOfEveryWidth) {
  auto random = SeededRandom();
  for (unsigned bits = 0; bits <= 40; ++bits) {
    SCOPED_TRACE(bits);
    for (const unsigned leap_bits : {bits, bits + 3, bits + 17}) {
      for (const size_t num_rows : {size_t{2}, size_t{33}, size_t{1000}, size_t{1024}})
        ExpectRoundTrip(Walk(random, num_rows, bits, leap_bits), random);
    }
  }
}

TEST(DeltaTest, DecodesDifferencesThatWrapInTheirLanes) {
  auto random = SeededRandom();
  std::vector<uint64_t> saw(1024);
  for (size_t row = 0; row < saw.size(); ++row)
    saw[row] = row % 2 == 0 ? 0 : 255;
  ExpectRoundTrip(saw, random);
  for (auto& value : saw)
    value *= 257;
  ExpectRoundTrip(saw, random);
}

TEST(DeltaTest, PacksWhatIsCommonAndPatchesTheRest) {
  std::vector<uint64_t> values(1024);
  for (size_t row = 0; row < values.size(); ++row)
    values[row] = row * 3 + (row >= 500 ? 90 : 0);
  const IntegerStats stats = DescribeIntegers(values, true);
  const DeltaPlan plan = PlanDelta(values, stats);
  EXPECT_EQ(plan.width, 0U);
  EXPECT_EQ(plan.least, 3);
  EXPECT_LT(Encode(values).size(), 20U);
  // Now and then a row is missing: one bit says so.
  for (size_t row = 0; row < values.size(); ++row)
    values[row] = row / 3;
  const DeltaPlan times = PlanDelta(values, DescribeIntegers(values, true));
  EXPECT_EQ(times.width, 1U);
  EXPECT_EQ(times.least, 0);
}

TEST(DeltaTest, PlansCloseToWhatItTakes) {
  auto random = SeededRandom();
  for (int round = 0; round < 100; ++round) {
    const auto values = Walk(random, 1024, static_cast<unsigned>(random() % 20),
                             static_cast<unsigned>(random() % 30));
    const IntegerStats stats = DescribeIntegers(values, true);
    if (stats.greatest_offset == 0) continue;
    const auto planned = static_cast<double>(PlanDelta(values, stats).num_bytes);
    const auto taken = static_cast<double>(Encode(values).size());
    EXPECT_NEAR(planned, taken, 40 + taken / 4);
  }
}

TEST(DeltaTest, TriesNoValuesThatSpanMoreThanInt64) {
  const std::vector<uint64_t> values = {0, uint64_t{1} << 62, 5};
  EXPECT_EQ(PlanDelta(values, DescribeIntegers(values, true)).num_bytes, SIZE_MAX);
}

TEST(DeltaTest, WritesTheDocumentedBytes) {
  // Lanes of a byte from 10 on; the first is 10 + 2; differences 1 are packed in no bits, but for
  // row 3: -5.
  const std::vector<uint64_t> values = {12, 13, 14, 9 + 1, 11, 12};
  EXPECT_EQ(Encode(values), Bytes({1, 20, 2, 0, 2, 1, 3, 7}));
  std::vector<std::byte> encoded;
  EncodeDelta(values, {10, 4}, {.width = 3, .least = -4, .num_bytes = 0}, encoded);
  auto expected = Bytes({1, 20, 2, 3, 7, 0, 0, 5, 5, 0, 5, 5});
  expected.resize(6 + 3 * 128);
  EXPECT_EQ(encoded, expected);
}

TEST(DeltaTest, RefusesOtherLengths) {
  auto random = SeededRandom();
  for (const auto& values :
       {std::vector<uint64_t>{12, 13, 14, 10, 11, 12}, Walk(random, 6, 3, 9)}) {
    ExpectOtherLengthsRefused(Encode(values), [](auto bytes) {
      DecodedVector decoded;
      return DecodeDelta(bytes, 6, decoded);
    });
  }
}

TEST(DeltaTest, RefusesLanesWidthsAndPatchesThatDoNotExist) {
  DecodedVector decoded;
  const auto refused = [&](const std::vector<std::byte>& bytes) {
    return DecodeDelta(bytes, 6, decoded).code() == StatusCode::kCorruption;
  };
  EXPECT_FALSE(refused(Bytes({1, 20, 2, 0, 2, 1, 3, 7})));
  EXPECT_TRUE(refused(Bytes({3, 20, 2, 0, 2, 1, 3, 7})));  // Lanes of 3 bytes.
  EXPECT_TRUE(refused(Bytes({8, 20, 2, 0, 2, 1, 3, 7})));  // Whole values from a base on.
  EXPECT_TRUE(refused(Bytes({1, 20, 2, 0, 2, 1, 0, 7})));  // A patch of the first row,
  EXPECT_TRUE(refused(Bytes({1, 20, 2, 0, 2, 1, 6, 7})));  // and of one after the last.
  auto wide = Bytes({1, 20, 2, 9, 2, 0});
  wide.resize(6 + 9 * 128);
  EXPECT_TRUE(refused(wide));  // Nine bits in lanes of eight.
}

TEST(DeltaTest, SurvivesGarbage) {
  auto random = SeededRandom();
  for (const auto& values :
       {std::vector<uint64_t>{12, 13, 14, 10, 11, 12}, Walk(random, 40, 3, 30)}) {
    ExpectGarbageHandled(Encode(values), random, [&](auto bytes) {
      DecodedVector decoded;
      return DecodeDelta(bytes, static_cast<uint32_t>(values.size()), decoded);
    });
  }
}

}  // namespace
}  // namespace stria::storage
