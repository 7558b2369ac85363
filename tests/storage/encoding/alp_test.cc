// Checks doubles as decimals: every bit comes back, exceptions or not; vectors without exceptions
// stay packed; the bytes are the documented ones, and others are refused.

#include "storage/encoding/alp.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

uint64_t BitsOf(double value) {
  return std::bit_cast<uint64_t>(value);
}

// Appends nothing where doubles are no decimals.
std::vector<std::byte> Encode(const std::vector<uint64_t>& bits,
                              EncodingProfile profile = EncodingProfile::kHot) {
  Decimals decimals;
  std::vector<std::byte> encoded;
  if (FindDecimals(bits, decimals)) EncodeAlp(bits, decimals, profile, encoded);
  return encoded;
}

void ExpectRoundTrip(const std::vector<uint64_t>& bits, bool is_packed, std::mt19937_64& random) {
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    const auto encoded = Encode(bits, profile);
    ASSERT_FALSE(encoded.empty());
    DecodedVector decoded;
    decoded.view.type = DataType::kFloat64;
    const Status status = DecodeAlp(encoded, static_cast<uint32_t>(bits.size()), decoded);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(decoded.view.lanes != Lanes::k64, is_packed);
    ExpectValues(decoded, bits);
    ExpectRows(bits, random, [&](auto rows, uint64_t* out) {
      return DecodeAlpRows(encoded, static_cast<uint32_t>(bits.size()), rows, out);
    });
  }
}

// Integers below 10^`magnitude`, with `digits` after the point, as a parser makes them.
std::vector<uint64_t> RandomDecimals(std::mt19937_64& random, size_t num_rows, int magnitude,
                                     int digits) {
  std::vector<uint64_t> bits(num_rows);
  for (auto& out : bits) {
    const auto integer = static_cast<int64_t>(
        random() % static_cast<uint64_t>(std::llround(std::pow(10.0, magnitude))));
    const std::string text = std::to_string(integer) + "e-" + std::to_string(digits);
    out = BitsOf(std::strtod(text.c_str(), nullptr) * (integer > 0 && random() % 2 == 0 ? -1 : 1));
  }
  return bits;
}

TEST(AlpTest, DecodesDecimalsOfUpTo15DigitsWithoutAnException) {
  auto random = SeededRandom();
  for (int digits = 0; digits <= 14; ++digits) {
    SCOPED_TRACE(digits);
    for (int magnitude = 1; magnitude <= 15; ++magnitude) {
      const auto bits = RandomDecimals(random, 1024, magnitude, digits);
      Decimals decimals;
      ASSERT_TRUE(FindDecimals(bits, decimals));
      EXPECT_EQ(decimals.exceptions.count, 0U);
      ExpectRoundTrip(bits, magnitude <= 9, random);
    }
  }
}

TEST(AlpTest, DividesAsADivisionDoes) {
  auto random = SeededRandom();
  for (int round = 0; round < 200'000; ++round) {
    const auto digits = static_cast<uint8_t>(random() % (kMaxDecimalDigits + 1));
    const double integer = static_cast<double>(random() >> (11 + random() % 53));
    ASSERT_EQ(DecimalValue(integer, {digits}), integer / kPowersOfTen[digits])
        << integer << " / 1e" << int{digits};
  }
}

TEST(AlpTest, KeepsEveryBitOfWhatIsNoDecimal) {
  auto random = SeededRandom();
  const std::vector<uint64_t> odd = {BitsOf(-0.0),
                                     BitsOf(std::nan("")) | 0x1234,
                                     BitsOf(-std::nan("")),
                                     BitsOf(std::numeric_limits<double>::infinity()),
                                     BitsOf(-std::numeric_limits<double>::infinity()),
                                     BitsOf(std::numeric_limits<double>::denorm_min()),
                                     BitsOf(std::numeric_limits<double>::max()),
                                     BitsOf(1.0 / 3),
                                     BitsOf(0x1p51),
                                     BitsOf(-0x1p53)};
  for (int round = 0; round < 50; ++round) {
    auto bits = RandomDecimals(random, 100 + random() % 925, 5, 2);
    for (const uint64_t value : odd)
      bits[random() % bits.size()] = value;
    ExpectRoundTrip(bits, false, random);
  }
  std::vector<uint64_t> first = RandomDecimals(random, 1024, 5, 2);
  first[0] = odd[0];
  ExpectRoundTrip(first, false, random);
}

TEST(AlpTest, FindsTheDigitsThatASampleDidNotShow) {
  auto random = SeededRandom();
  std::vector<uint64_t> bits(1024, BitsOf(20.5));
  for (size_t row = 5; row < bits.size(); row += 9)
    bits[row] = BitsOf(static_cast<double>(2000 + row) / 1000);
  ExpectRoundTrip(bits, true, random);
}

TEST(AlpTest, TakesNoDoublesOfFullPrecision) {
  auto random = SeededRandom();
  std::vector<uint64_t> bits(1024);
  for (auto& out : bits)
    out = BitsOf(static_cast<double>(random()) / 3);
  EXPECT_TRUE(Encode(bits).empty());
}

TEST(AlpTest, WritesTheDocumentedBytes) {
  // One digit; no exceptions; narrow: from 205 on, a byte each.
  EXPECT_EQ(Encode({BitsOf(20.5), BitsOf(21), BitsOf(20.7)}),
            Bytes({1, 0, 3, 0x9a, 3, 1, 0, 5, 2}));
  // Row 1 is an exception, with the integer of row 0.
  std::vector<uint64_t> bits(9, BitsOf(20.5));
  bits[1] = BitsOf(-0.0);
  bits[8] = BitsOf(20.7);
  EXPECT_EQ(Encode(bits), Bytes({1, 1, 1}) + Bytes(BitsOf(-0.0), {3, 0x9a, 3, 1}) +
                              Bytes({0, 0, 0, 0, 0, 0, 0, 0, 2}));
}

TEST(AlpTest, RefusesOtherLengths) {
  std::vector<uint64_t> bits(9, BitsOf(20.5));
  bits[1] = BitsOf(-0.0);
  bits[8] = BitsOf(20.7);
  ExpectOtherLengthsRefused(Encode(bits), [](auto bytes) {
    DecodedVector decoded;
    return DecodeAlp(bytes, 9, decoded);
  });
}

TEST(AlpTest, RefusesDigitsAndIntegersThatNoDoubleGave) {
  DecodedVector decoded;
  EXPECT_TRUE(DecodeAlp(Bytes({1, 0, 3, 0x9a, 3, 1, 0, 5, 2}), 3, decoded).ok());
  EXPECT_EQ(DecodeAlp(Bytes({15, 0, 3, 0x9a, 3, 1, 0, 5, 2}), 3, decoded).code(),
            StatusCode::kCorruption);
  EXPECT_EQ(DecodeAlp(Bytes({1, 1, 3, 3, 0x9a, 3, 1, 0, 5, 2}), 3, decoded).code(),
            StatusCode::kCorruption);
  EXPECT_EQ(DecodeAlp(Bytes({1, 0, 9, 0x9a, 3, 1, 0, 5, 2}), 3, decoded).code(),
            StatusCode::kCorruption);
  EXPECT_EQ(DecodeAlp(Bytes({1, 0, 1}) + Bytes(uint64_t{1} << 60, {}), 3, decoded).code(),
            StatusCode::kCorruption);
}

TEST(AlpTest, SurvivesGarbage) {
  auto random = SeededRandom();
  std::vector<uint64_t> bits = RandomDecimals(random, 40, 4, 2);
  bits[7] = BitsOf(-0.0);
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    ExpectGarbageHandled(Encode(bits, profile), random, [](auto bytes) {
      DecodedVector decoded;
      return DecodeAlp(bytes, 40, decoded);
    });
  }
}

}  // namespace
}  // namespace stria::storage
