// Checks vectors of every type with every pattern of NULLs: values come back by their bits, the
// bytes are the documented ones, and others are refused.

#include "storage/encoding/vector_codec.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

// Rows of one column, owned.
struct Rows {
  DataType type = DataType::kInt64;
  std::vector<uint64_t> bits;
  std::vector<std::string> text;
  std::vector<uint8_t> validity;

  uint32_t num_rows() const {
    return static_cast<uint32_t>(type == DataType::kString ? text.size() : bits.size());
  }
  bool IsValid(size_t row) const { return validity.empty() || validity[row] != 0; }
};

std::vector<std::byte> Encode(const Rows& rows, EncodingProfile profile = EncodingProfile::kHot) {
  const std::vector<std::string_view> strings(rows.text.begin(), rows.text.end());
  std::vector<std::byte> encoded;
  EncodeVector(
      {.type = rows.type, .bits = rows.bits, .strings = strings, .validity = rows.validity},
      profile, encoded);
  return encoded;
}

// Every seventh row and the last, alone and together.
void ExpectSomeRows(const Rows& rows, std::span<const std::byte> encoded) {
  std::vector<uint32_t> wanted;
  for (uint32_t row = 0; row < rows.num_rows(); ++row) {
    if (row % 7 == 0 || row + 1 == rows.num_rows()) wanted.push_back(row);
  }
  const auto expect = [&](std::span<const uint32_t> some) {
    std::vector<uint64_t> bits(some.size());
    std::vector<uint8_t> validity(some.size(), 7);
    const Status status =
        DecodeRows(encoded, rows.type, rows.num_rows(), some, bits.data(), validity.data());
    ASSERT_TRUE(status.ok()) << status.ToString();
    for (size_t i = 0; i < some.size(); ++i) {
      ASSERT_EQ(validity[i], rows.IsValid(some[i]) ? 1 : 0) << some[i];
      if (validity[i] == 0) continue;
      ASSERT_EQ(bits[i], rows.bits[some[i]]) << some[i];
    }
  };
  expect(wanted);
  for (const uint32_t row : wanted)
    expect({&row, 1});
}

void ExpectRoundTrip(const Rows& rows, EncodingProfile profile) {
  const auto encoded = Encode(rows, profile);
  DecodedVector decoded;
  const Status status = DecodeVector(encoded, rows.type, rows.num_rows(), decoded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const VectorView& view = decoded.view;
  ASSERT_EQ(view.type, rows.type);
  ASSERT_EQ(view.num_rows, rows.num_rows());
  for (size_t row = 0; row < rows.num_rows(); ++row) {
    ASSERT_EQ(view.IsValid(row), rows.IsValid(row)) << row;
    if (!rows.IsValid(row)) continue;
    if (rows.type == DataType::kString) {
      ASSERT_EQ(view.String(row), rows.text[row]) << row;
    } else {
      ASSERT_EQ(view.Bits(row), rows.bits[row]) << row;
    }
  }
  if (rows.type == DataType::kString) return;
  ExpectSomeRows(rows, encoded);
  if (view.all_null) return;
  std::vector<uint64_t> copied(rows.num_rows());
  view.CopyBits(copied.data());
  for (size_t row = 0; row < rows.num_rows(); ++row) {
    if (!rows.IsValid(row)) continue;
    ASSERT_EQ(copied[row], rows.bits[row]) << row;
  }
}

void ExpectRoundTrip(const Rows& rows) {
  ExpectRoundTrip(rows, EncodingProfile::kHot);
  ExpectRoundTrip(rows, EncodingProfile::kDense);
}

uint64_t RandomBits(DataType type, std::mt19937_64& random) {
  switch (type) {
    case DataType::kBool: return random() % 2;
    case DataType::kFloat64:
      switch (random() % 6) {
        case 0: return std::bit_cast<uint64_t>(-0.0);
        case 1: return std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN()) | 7;
        case 2: return std::bit_cast<uint64_t>(-std::numeric_limits<double>::infinity());
        default: return std::bit_cast<uint64_t>(static_cast<double>(random() % 1000) / 10);
      }
    default: return random() >> random() % 64;
  }
}

Rows RandomRows(DataType type, size_t num_rows, std::mt19937_64& random) {
  Rows rows{.type = type, .bits = {}, .text = {}, .validity = {}};
  const uint64_t nulls_of_10 = random() % 12;  // Over 10: all NULL.
  const bool constant = random() % 4 == 0;
  const uint64_t value = RandomBits(type, random);
  for (size_t row = 0; row < num_rows; ++row) {
    if (type == DataType::kString) {
      rows.text.push_back(constant ? "same" : std::to_string(random() % 700));
    } else {
      rows.bits.push_back(constant ? value : RandomBits(type, random));
    }
    if (nulls_of_10 > 0) rows.validity.push_back(random() % 10 >= nulls_of_10 ? 1 : 0);
  }
  return rows;
}

TEST(VectorCodecTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (const DataType type : {DataType::kFloat64, DataType::kInt64, DataType::kUint64,
                              DataType::kBool, DataType::kString}) {
    SCOPED_TRACE(DataTypeName(type));
    for (int round = 0; round < 100; ++round) {
      const size_t num_rows = round % 3 == 0 ? 1024 : 1 + random() % 1024;
      ExpectRoundTrip(RandomRows(type, num_rows, random));
    }
  }
}

TEST(VectorCodecTest, KeepsTheBitsOfFloats) {
  const auto nan = std::bit_cast<uint64_t>(std::nan("")) | 0x1234;
  ExpectRoundTrip({.type = DataType::kFloat64,
                   .bits = {std::bit_cast<uint64_t>(-0.0), std::bit_cast<uint64_t>(0.0), nan},
                   .text = {},
                   .validity = {}});
  ExpectRoundTrip(
      {.type = DataType::kFloat64, .bits = {nan, nan, nan}, .text = {}, .validity = {}});
}

TEST(VectorCodecTest, HandsOutPackedLanesWithoutWideningThem) {
  Rows rows{.type = DataType::kInt64, .bits = {}, .text = {}, .validity = {}};
  for (uint64_t row = 0; row < 1024; ++row)
    rows.bits.push_back(static_cast<uint64_t>(-50) + row % 100);
  DecodedVector decoded;
  ASSERT_TRUE(DecodeVector(Encode(rows), rows.type, 1024, decoded).ok());
  EXPECT_EQ(decoded.view.lanes, Lanes::kU8);
  EXPECT_EQ(decoded.view.base, static_cast<uint64_t>(-50));
  EXPECT_EQ(decoded.view.validity, nullptr);
}

TEST(VectorCodecTest, HandsOutDecimalsAsIntegersWithoutWideningThem) {
  Rows rows{.type = DataType::kFloat64, .bits = {}, .text = {}, .validity = {}};
  for (int row = 0; row < 1024; ++row)
    rows.bits.push_back(std::bit_cast<uint64_t>((row % 100 - 50) / 4.0));
  for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
    DecodedVector decoded;
    const auto encoded = Encode(rows, profile);
    ASSERT_TRUE(DecodeVector(encoded, rows.type, 1024, decoded).ok());
    EXPECT_EQ(decoded.view.lanes, Lanes::kU16);
    EXPECT_EQ(decoded.view.scale, DecimalScale{2});
    EXPECT_EQ(static_cast<int64_t>(decoded.view.base), -1250);
  }
}

TEST(VectorCodecTest, ANullSlotWidensNothing) {
  Rows rows{.type = DataType::kInt64,
            .bits = {0, 1'000'000, 0, 1'000'001},
            .text = {},
            .validity = {0, 1, 0, 1}};
  DecodedVector decoded;
  ASSERT_TRUE(DecodeVector(Encode(rows), rows.type, 4, decoded).ok());
  EXPECT_EQ(decoded.view.lanes, Lanes::kU8);
  EXPECT_EQ(decoded.view.Bits(0), 1'000'000U);
}

TEST(VectorCodecTest, WritesTheDocumentedBytes) {
  const Rows all_valid{
      .type = DataType::kInt64, .bits = {7, 7, 7}, .text = {}, .validity = {1, 1, 1}};
  EXPECT_EQ(Encode(all_valid), Bytes({0, 1}) + Bytes(7, {}));
  const Rows some{
      .type = DataType::kInt64, .bits = {0, 7, 0, 9}, .text = {}, .validity = {0, 1, 0, 1}};
  EXPECT_EQ(Encode(some), Bytes({1, 0b1010, 3, 14, 1, 0, 0, 0, 2}));
  Rows few{.type = DataType::kInt64,
           .bits = std::vector<uint64_t>(100, 7),
           .text = {},
           .validity = std::vector<uint8_t>(100, 1)};
  few.validity[3] = few.validity[50] = 0;
  EXPECT_EQ(Encode(few), Bytes({3, 2, 3, 46, 1}) + Bytes(7, {}));
  const Rows none{.type = DataType::kInt64, .bits = {0, 0}, .text = {}, .validity = {0, 0}};
  EXPECT_EQ(Encode(none), Bytes({2}));
  const auto third = std::bit_cast<uint64_t>(1.0 / 3);
  const Rows floats{
      .type = DataType::kFloat64, .bits = {third, third + 1}, .text = {}, .validity = {}};
  EXPECT_EQ(Encode(floats), Bytes({0, 0}) + Bytes(third, {}) + Bytes(third + 1, {}));
  const Rows flags{
      .type = DataType::kBool, .bits = {1, 0, 1, 1, 0, 0, 0, 0, 1}, .text = {}, .validity = {}};
  EXPECT_EQ(Encode(flags), Bytes({0, 8, 0b1101, 1}));
}

TEST(VectorCodecTest, RefusesOtherLengths) {
  const Rows some{
      .type = DataType::kInt64, .bits = {0, 7, 0, 9}, .text = {}, .validity = {0, 1, 0, 1}};
  const Rows none{
      .type = DataType::kInt64, .bits = {0, 0, 0, 0}, .text = {}, .validity = {0, 0, 0, 0}};
  const Rows text{
      .type = DataType::kString, .bits = {}, .text = {"a", "", "c", "d"}, .validity = {}};
  for (const auto* rows : {&some, &none, &text}) {
    ExpectOtherLengthsRefused(Encode(*rows), [&](auto bytes) {
      DecodedVector decoded;
      return DecodeVector(bytes, rows->type, 4, decoded);
    });
  }
}

TEST(VectorCodecTest, RefusesBitsAfterTheLastRowAndUnknownForms) {
  DecodedVector decoded;
  const auto refused = [&](const std::vector<std::byte>& bytes, DataType type) {
    return DecodeVector(bytes, type, 4, decoded).code() == StatusCode::kCorruption;
  };
  EXPECT_FALSE(refused(Bytes({1, 0b1010, 1}) + Bytes(7, {}), DataType::kInt64));
  EXPECT_TRUE(refused(Bytes({1, 0b11010, 1}) + Bytes(7, {}), DataType::kInt64));
  EXPECT_TRUE(refused(Bytes({4, 1}) + Bytes(7, {}), DataType::kInt64));
  EXPECT_TRUE(refused(Bytes({0, 11}) + Bytes(7, {}), DataType::kInt64));
  EXPECT_TRUE(refused(Bytes({0, 1}) + Bytes(7, {}), DataType::kString));
}

// A float vector in narrow lanes would be read past its end by whoever expects whole doubles.
TEST(VectorCodecTest, RefusesPackedLanesOfFloats) {
  DecodedVector decoded;
  const auto narrow = Bytes({0, 3, 14, 1, 0, 0, 0, 2});
  EXPECT_TRUE(DecodeVector(narrow, DataType::kInt64, 4, decoded).ok());
  EXPECT_EQ(DecodeVector(narrow, DataType::kFloat64, 4, decoded).code(), StatusCode::kCorruption);
}

TEST(VectorCodecTest, SurvivesGarbage) {
  auto random = SeededRandom();
  for (const DataType type : {DataType::kFloat64, DataType::kInt64, DataType::kString}) {
    const Rows rows = RandomRows(type, 40, random);
    ExpectGarbageHandled(Encode(rows), random, [&](auto bytes) {
      DecodedVector decoded;
      return DecodeVector(bytes, rows.type, rows.num_rows(), decoded);
    });
    if (type == DataType::kString) continue;
    ExpectGarbageHandled(Encode(rows, EncodingProfile::kDense), random, [&](auto bytes) {
      const std::vector<uint32_t> wanted = {0, 17, 39};
      std::array<uint64_t, 3> bits{};
      std::array<uint8_t, 3> validity{};
      return DecodeRows(bytes, rows.type, rows.num_rows(), wanted, bits.data(), validity.data());
    });
  }
}

}  // namespace
}  // namespace stria::storage
