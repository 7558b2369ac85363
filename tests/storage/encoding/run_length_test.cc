// Checks runs of equal values: they come back in narrow lanes, the bytes are the documented ones,
// and runs that do not cover the rows are refused.

#include "storage/encoding/run_length.h"

#include "storage/encoding/integers.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

std::vector<std::byte> Encode(const std::vector<uint64_t>& values) {
  std::vector<std::byte> encoded;
  EncodeRunLength(values, DescribeIntegers(values, true), encoded);
  return encoded;
}

Status Decode(std::span<const std::byte> bytes, uint32_t num_rows) {
  DecodedVector decoded;
  return DecodeRunLength(bytes, num_rows, decoded);
}

TEST(RunLengthTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (int round = 0; round < 400; ++round) {
    std::vector<uint64_t> values;
    const size_t num_rows = 1 + random() % 1024;
    const uint64_t greatest = random() >> random() % 64;
    while (values.size() < num_rows) {
      const uint64_t value = greatest == UINT64_MAX ? random() : random() % (greatest + 1);
      values.insert(values.end(), std::min(num_rows - values.size(), 1 + random() % 300),
                    value - greatest / 2);
    }
    DecodedVector decoded;
    const auto encoded = Encode(values);
    ASSERT_TRUE(DecodeRunLength(encoded, static_cast<uint32_t>(num_rows), decoded).ok());
    ExpectValues(decoded, values);
    ExpectRows(values, random, [&](auto rows, uint64_t* bits) {
      return DecodeRunLengthRows(encoded, static_cast<uint32_t>(num_rows), rows, bits);
    });
    const IntegerStats stats = DescribeIntegers(values, true);
    EXPECT_NEAR(static_cast<double>(RunLengthBytes(stats, CountValueRuns(values))),
                static_cast<double>(encoded.size()), 40);
  }
}

TEST(RunLengthTest, WritesTheDocumentedBytes) {
  std::vector<uint64_t> values(300, 5);
  values.push_back(9);
  values.push_back(9);
  EXPECT_EQ(Encode(values), Bytes({2, 0xac, 2, 2, 10, 1, 0, 4}));
}

TEST(RunLengthTest, RefusesOtherLengths) {
  ExpectOtherLengthsRefused(Encode({5, 5, 9, 9, 9, 300}),
                            [](auto bytes) { return Decode(bytes, 6); });
}

TEST(RunLengthTest, RefusesRunsThatDoNotCoverTheRows) {
  EXPECT_TRUE(Decode(Bytes({2, 4, 2, 10, 1, 0, 4}), 6).ok());
  EXPECT_EQ(Decode(Bytes({2, 4, 2, 10, 1, 0, 4}), 7).code(), StatusCode::kCorruption);
  EXPECT_EQ(Decode(Bytes({2, 4, 2, 10, 1, 0, 4}), 5).code(), StatusCode::kCorruption);
  EXPECT_EQ(Decode(Bytes({2, 6, 0, 10, 1, 0, 4}), 6).code(), StatusCode::kCorruption);
  EXPECT_EQ(Decode(Bytes({0, 10, 1}), 6).code(), StatusCode::kCorruption);
}

TEST(RunLengthTest, SurvivesGarbage) {
  auto random = SeededRandom();
  ExpectGarbageHandled(Encode({5, 5, 9, 9, 9, 300}), random,
                       [](auto bytes) { return Decode(bytes, 6); });
}

}  // namespace
}  // namespace stria::storage
