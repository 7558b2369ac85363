// Checks the choice between the encodings of integers, and the blocks that the formats keep their
// own columns in.

#include "storage/encoding/integers.h"

#include <limits>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

EncodingId Choice(const std::vector<uint64_t>& values, EncodingProfile profile,
                  bool is_signed = true) {
  std::vector<std::byte> encoded;
  const EncodingId encoding = EncodeSmallest(values, is_signed, profile, encoded);
  DecodedVector decoded;
  const auto num_rows = static_cast<uint32_t>(values.size());
  EXPECT_TRUE(DecodeFixedWidth(encoding, encoded, num_rows, decoded).ok());
  for (size_t row = 0; row < values.size(); ++row)
    EXPECT_EQ(decoded.view.Bits(row), values[row]);
  return encoding;
}

std::vector<uint64_t> Counting(size_t num_rows, uint64_t step) {
  std::vector<uint64_t> values(num_rows);
  for (size_t i = 0; i < num_rows; ++i)
    values[i] = i * step;
  return values;
}

TEST(IntegersTest, PicksCheapEncodingsWhenHot) {
  constexpr auto kHot = EncodingProfile::kHot;
  EXPECT_EQ(Choice({7}, kHot), EncodingId::kConstant);
  EXPECT_EQ(Choice(std::vector<uint64_t>(1024, 7), kHot), EncodingId::kConstant);
  EXPECT_EQ(Choice(Counting(1024, 1), kHot), EncodingId::kFrameOfReference);
  EXPECT_EQ(Choice(Counting(10, 1), kHot), EncodingId::kNarrow);
  EXPECT_EQ(Choice(Counting(1024, uint64_t{1} << 54), kHot), EncodingId::kPlain);
}

TEST(IntegersTest, PicksTheSmallestEncodingWhenDense) {
  constexpr auto kDense = EncodingProfile::kDense;
  EXPECT_EQ(Choice(std::vector<uint64_t>(1024, 7), kDense), EncodingId::kConstant);
  EXPECT_EQ(Choice(Counting(1024, 1), kDense), EncodingId::kDelta);
  EXPECT_EQ(Choice(Counting(10, 1), kDense), EncodingId::kNarrow);
  EXPECT_EQ(Choice(Counting(1024, uint64_t{1} << 54), kDense), EncodingId::kPlain);
  std::vector<uint64_t> steps(1024);
  for (size_t row = 0; row < steps.size(); ++row)
    steps[row] = row / 300 * 7;
  EXPECT_EQ(Choice(steps, kDense), EncodingId::kRunLength);
  auto random = SeededRandom();
  EXPECT_EQ(Choice(RandomValues(random, 1024, 0, 100), kDense), EncodingId::kFrameOfReference);
}

TEST(IntegersTest, ComparesSignedAndUnsigned) {
  const std::vector<uint64_t> around_zero = {0, static_cast<uint64_t>(-1), 1};
  EXPECT_EQ(DescribeIntegers(around_zero, true).least, static_cast<uint64_t>(-1));
  EXPECT_EQ(DescribeIntegers(around_zero, true).greatest_offset, 2U);
  EXPECT_EQ(DescribeIntegers(around_zero, false).least, 0U);
  EXPECT_EQ(DescribeIntegers(around_zero, false).greatest_offset, UINT64_MAX);
}

TEST(IntegersTest, HoldsTheWholeRangeOfInt64AndUint64) {
  const auto least = static_cast<uint64_t>(std::numeric_limits<int64_t>::min());
  const auto greatest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  std::vector<uint64_t> values(1024, least);
  values[1023] = greatest;
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    Choice({least, greatest, 0}, profile);
    Choice({0, UINT64_MAX}, profile, false);
    Choice(values, profile);
  }
}

TEST(IntegersTest, DecodesBlocksOfAnyNumberOfValues) {
  auto random = SeededRandom();
  for (const size_t num_values :
       {size_t{0}, size_t{1}, size_t{1023}, size_t{1024}, size_t{1025}, size_t{5000}}) {
    for (const bool is_signed : {false, true}) {
      const auto values = RandomValues(random, num_values, random(), random() >> random() % 64);
      std::vector<std::byte> encoded;
      EncodeIntegers(values, is_signed, encoded);
      encoded.push_back(std::byte{42});  // What follows in the format.
      ByteReader reader(encoded);
      std::vector<uint64_t> decoded(num_values);
      ASSERT_TRUE(DecodeIntegers(reader, decoded).ok());
      EXPECT_EQ(decoded, values);
      EXPECT_EQ(reader.num_remaining(), 1U);
    }
  }
}

TEST(IntegersTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeIntegers(std::vector<uint64_t>{5, 6, 8}, false, encoded);
  EXPECT_EQ(encoded, Bytes({3, 5, 10, 1, 0, 1, 3}));

  encoded.clear();
  EncodeIntegers(std::vector<uint64_t>(1025, 9), false, encoded);
  EXPECT_EQ(encoded, Bytes({1, 8}) + Bytes(9, {1, 8}) + Bytes(9, {}));
}

TEST(IntegersTest, RefusesOtherLengths) {
  std::vector<std::byte> encoded;
  EncodeIntegers(Counting(1030, 3), false, encoded);
  ExpectOtherLengthsRefused(encoded, [](std::span<const std::byte> bytes) -> Status {
    ByteReader reader(bytes);
    std::vector<uint64_t> values(1030);
    STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, values));
    return reader.empty() ? Status::Ok() : Status(StatusCode::kCorruption, "left over");
  });
}

TEST(IntegersTest, RefusesEncodingsOfStringsAndUnknownOnes) {
  for (const int encoding : {4, 5, 8, 9, 10, 255}) {
    DecodedVector decoded;
    const Status status = DecodeFixedWidth(static_cast<EncodingId>(encoding), {}, 3, decoded);
    EXPECT_EQ(status.code(), StatusCode::kCorruption);
  }
}

TEST(IntegersTest, SurvivesGarbage) {
  auto random = SeededRandom();
  std::vector<std::byte> encoded;
  EncodeIntegers(Counting(1030, 3), false, encoded);
  ExpectGarbageHandled(encoded, random, [](auto bytes) {
    ByteReader reader(bytes);
    std::vector<uint64_t> values(1030);
    return DecodeIntegers(reader, values);
  });
}

}  // namespace
}  // namespace stria::storage
