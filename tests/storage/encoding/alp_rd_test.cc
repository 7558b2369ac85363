// Checks doubles of full precision: every bit comes back, the bytes are the documented ones, and
// others are refused.

#include "storage/encoding/alp_rd.h"

#include <bit>
#include <cmath>

#include "storage/encoding/bit_packing.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

std::vector<std::byte> Encode(const std::vector<uint64_t>& bits) {
  std::vector<std::byte> encoded;
  EncodeAlpRd(bits, PlanFronts(bits), encoded);
  return encoded;
}

void ExpectRoundTrip(const std::vector<uint64_t>& bits, std::mt19937_64& random) {
  DecodedVector decoded;
  const auto encoded = Encode(bits);
  const auto num_rows = static_cast<uint32_t>(bits.size());
  const Status status = DecodeAlpRd(encoded, num_rows, decoded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ExpectValues(decoded, bits);
  ExpectRows(bits, random, [&](auto rows, uint64_t* out) {
    return DecodeAlpRdRows(encoded, num_rows, rows, out);
  });
}

TEST(AlpRdTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (int round = 0; round < 60; ++round) {
    std::vector<uint64_t> bits(1 + random() % 1024);
    const uint64_t spread = 1 + random() % 6;
    for (auto& out : bits) {
      const double value = std::ldexp(1 + static_cast<double>(random()) * 0x1p-64,
                                      static_cast<int>(random() % spread));
      out = std::bit_cast<uint64_t>(value);
      if (random() % 40 == 0) out = random();  // NaN, infinities and all else.
    }
    ExpectRoundTrip(bits, random);
  }
}

TEST(AlpRdTest, SavesTheBitsInFront) {
  auto random = SeededRandom();
  std::vector<uint64_t> bits(1024);
  for (auto& out : bits)
    out = std::bit_cast<uint64_t>(50 + static_cast<double>(random() % 1'000'000'007) / 1e9 / 3);
  EXPECT_LT(Encode(bits).size(), 1024U * 6 + 16);
  EXPECT_EQ(Encode(bits).size(), PlanFronts(bits).num_bytes);
}

TEST(AlpRdTest, WritesTheDocumentedBytes) {
  // Fronts of 16 bits: 0x3ff0 twice, 0x4000 once, and 0x1234 that the plan leaves out.
  const std::vector<uint64_t> bits = {0x3ff0000000000001, 0x4000000000000002, 0x1234000000000003,
                                      0x3ff0000000000004};
  const FrontPlan plan{
      .rest_bits = 48, .num_fronts = 2, .fronts = {0x3ff0, 0x4000}, .num_bytes = 0};
  std::vector<std::byte> encoded;
  EncodeAlpRd(bits, plan, encoded);
  auto expected = Bytes({48, 2, 0xf0, 0x3f, 0x00, 0x40, 1, 2, 0x34, 0x12});
  auto codes = Bytes({0, 1, 0, 0});
  codes.resize(PackedBytes(1));
  std::vector<std::byte> rests;
  for (uint64_t rest = 1; rest <= 4; ++rest)
    AppendInteger(rest, rests);
  rests.resize(PackedBytes(48));
  EXPECT_EQ(encoded, expected + codes + rests);
}

TEST(AlpRdTest, RefusesOtherLengths) {
  ExpectOtherLengthsRefused(
      Encode({0x3ff0000000000001, 0x4000000000000002, 0x1234000000000003, 0x3ff0000000000004}),
      [](auto bytes) {
        DecodedVector decoded;
        return DecodeAlpRd(bytes, 4, decoded);
      });
}

TEST(AlpRdTest, RefusesCutsAndCodesThatDoNotExist) {
  const FrontPlan plan{
      .rest_bits = 48, .num_fronts = 3, .fronts = {0x3ff0, 0x4000, 0x4010}, .num_bytes = 0};
  std::vector<std::byte> encoded;
  EncodeAlpRd(std::vector<uint64_t>{0x3ff0000000000001, 0x4000000000000002}, plan, encoded);
  DecodedVector decoded;
  ASSERT_TRUE(DecodeAlpRd(encoded, 2, decoded).ok());
  auto other = encoded;
  other[0] = std::byte{47};
  EXPECT_EQ(DecodeAlpRd(other, 2, decoded).code(), StatusCode::kCorruption);
  other = encoded;
  other[1] = std::byte{9};
  EXPECT_EQ(DecodeAlpRd(other, 2, decoded).code(), StatusCode::kCorruption);
  other = encoded;
  other[9] = std::byte{3};  // The code of the first row.
  EXPECT_EQ(DecodeAlpRd(other, 2, decoded).code(), StatusCode::kCorruption);
}

TEST(AlpRdTest, SurvivesGarbage) {
  auto random = SeededRandom();
  ExpectGarbageHandled(
      Encode({0x3ff0000000000001, 0x4000000000000002, 0x1234000000000003, 0x3ff0000000000004}),
      random, [](auto bytes) {
        DecodedVector decoded;
        return DecodeAlpRd(bytes, 4, decoded);
      });
}

}  // namespace
}  // namespace stria::storage
