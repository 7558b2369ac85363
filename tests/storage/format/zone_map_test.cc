// Checks zone maps against a look at every value, and that they exclude nothing they must keep.

#include "storage/format/zone_map.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

ZoneMap OfFloats(const std::vector<double>& values, const std::vector<uint8_t>& validity = {}) {
  std::vector<uint64_t> bits;
  for (const double value : values)
    bits.push_back(std::bit_cast<uint64_t>(value));
  return MakeZoneMap(
      {.type = DataType::kFloat64, .bits = bits, .strings = {}, .validity = validity});
}

ZoneMap OfIntegers(DataType type, const std::vector<uint64_t>& values,
                   const std::vector<uint8_t>& validity = {}) {
  return MakeZoneMap({.type = type, .bits = values, .strings = {}, .validity = validity});
}

TEST(ZoneMapTest, CountsAndSumsIntegersExactly) {
  const ZoneMap zone =
      OfIntegers(DataType::kInt64, {5, static_cast<uint64_t>(-9), 1000, 3}, {1, 1, 0, 1});
  EXPECT_EQ(zone.num_valid, 3U);
  EXPECT_EQ(static_cast<int64_t>(zone.least), -9);
  EXPECT_EQ(zone.greatest, 5U);
  EXPECT_TRUE(zone.has_sum);
  EXPECT_EQ(zone.sum, -1);
}

TEST(ZoneMapTest, LeavesOutSumsThatDoNotFit) {
  constexpr auto kGreatest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(OfIntegers(DataType::kInt64, {kGreatest, 0}).has_sum);
  EXPECT_FALSE(OfIntegers(DataType::kInt64, {kGreatest, 1}).has_sum);
  // What overflows on the way may fit in the end.
  EXPECT_TRUE(OfIntegers(DataType::kInt64, {kGreatest, 1, static_cast<uint64_t>(-1)}).has_sum);
  EXPECT_FALSE(OfIntegers(DataType::kUint64, {UINT64_MAX}).has_sum);
  EXPECT_EQ(OfIntegers(DataType::kUint64, {UINT64_MAX, 1}).least, 1U);
  EXPECT_FALSE(OfFloats({1, 2}).has_sum);
}

TEST(ZoneMapTest, KeepsNanApart) {
  const ZoneMap zone = OfFloats({kNan, -1.5, 2.5, kNan});
  EXPECT_EQ(zone.num_valid, 4U);
  EXPECT_EQ(zone.num_nan, 2U);
  EXPECT_EQ(std::bit_cast<double>(zone.least), -1.5);
  EXPECT_EQ(std::bit_cast<double>(zone.greatest), 2.5);
}

TEST(ZoneMapTest, NanIsGreaterThanEveryNumber) {
  const ZoneMap mixed = OfFloats({kNan, 1});
  EXPECT_FALSE(ZoneExcludes(mixed, DataType::kFloat64, 5, kInfinity));
  EXPECT_TRUE(ZoneExcludes(mixed, DataType::kFloat64, 5, 6));
  const ZoneMap only = OfFloats({kNan, kNan});
  EXPECT_FALSE(ZoneExcludes(only, DataType::kFloat64, 5, kInfinity));
  EXPECT_TRUE(ZoneExcludes(only, DataType::kFloat64, -kInfinity, 6));
}

TEST(ZoneMapTest, ABoundThatIsNanExcludesNoNan) {
  EXPECT_FALSE(ZoneExcludes(OfFloats({kNan, 1}), DataType::kFloat64, kNan, kNan));
  EXPECT_FALSE(ZoneExcludes(OfFloats({kNan}), DataType::kFloat64, kNan, kNan));
  EXPECT_FALSE(ZoneExcludes(OfFloats({kNan}), DataType::kFloat64, -kInfinity, kNan));
}

TEST(ZoneMapTest, ExcludesVectorsWithoutValues) {
  EXPECT_TRUE(ZoneExcludes(OfIntegers(DataType::kInt64, {1, 2}, {0, 0}), DataType::kInt64,
                           -kInfinity, kInfinity));
}

TEST(ZoneMapTest, NeverExcludesStrings) {
  const std::vector<std::string_view> strings = {"a", "b"};
  const std::vector<uint8_t> validity = {1, 0};
  const ZoneMap zone = MakeZoneMap(
      {.type = DataType::kString, .bits = {}, .strings = strings, .validity = validity});
  EXPECT_EQ(zone.num_valid, 1U);
  EXPECT_FALSE(ZoneExcludes(zone, DataType::kString, 5, 6));
}

TEST(ZoneMapTest, KeepsIntegersThatDoublesRound) {
  constexpr uint64_t kOdd = (uint64_t{1} << 53) + 1;
  const auto bound = static_cast<double>(kOdd);
  for (const DataType type : {DataType::kInt64, DataType::kUint64}) {
    EXPECT_FALSE(ZoneExcludes(OfIntegers(type, {kOdd}), type, bound, bound));
    EXPECT_FALSE(ZoneExcludes(OfIntegers(type, {kOdd}), type, bound, kInfinity));
    EXPECT_FALSE(ZoneExcludes(OfIntegers(type, {kOdd}), type, -kInfinity, bound));
  }
}

TEST(ZoneMapTest, ExcludesOnlyWhatNoValueSatisfies) {
  auto random = SeededRandom();
  const auto draw = [&] {
    switch (random() % 12) {
      case 0: return kNan;
      case 1: return kInfinity;
      case 2: return -kInfinity;
      default: return static_cast<double>(random() % 21) - 10;
    }
  };
  int num_excluded = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<double> values(1 + random() % 4);
    std::vector<uint8_t> validity;
    for (auto& value : values) {
      value = draw();
      validity.push_back(random() % 4 != 0);
    }
    const double low = draw(), high = draw();
    // NaN equals itself and is greater than all else.
    const auto at_most = [](double a, double b) { return std::isnan(b) || a <= b; };
    bool any = false;
    for (size_t i = 0; i < values.size(); ++i)
      any |= validity[i] != 0 && at_most(low, values[i]) &&
             (at_most(values[i], high) || high == kInfinity);
    const bool excluded = ZoneExcludes(OfFloats(values, validity), DataType::kFloat64, low, high);
    ASSERT_FALSE(any && excluded) << "round " << round;
    num_excluded += excluded ? 1 : 0;
  }
  EXPECT_GT(num_excluded, 500);
}

std::vector<ZoneMap> SomeZones() {
  return {OfIntegers(DataType::kInt64, {1, 2, 3}),
          OfIntegers(DataType::kInt64, {static_cast<uint64_t>(-4), 9, 9}, {1, 0, 0}),
          OfIntegers(DataType::kInt64, {0, 0}, {0, 0})};
}

TEST(ZoneMapTest, DecodesWhatItEncoded) {
  const auto zones = SomeZones();
  std::vector<std::byte> encoded;
  EncodeZoneMaps(zones, DataType::kInt64, encoded);
  std::vector<ZoneMap> decoded(zones.size());
  ASSERT_TRUE(DecodeZoneMaps(encoded, DataType::kInt64, decoded).ok());
  for (size_t i = 0; i < zones.size(); ++i) {
    EXPECT_EQ(decoded[i].num_valid, zones[i].num_valid);
    EXPECT_EQ(decoded[i].num_nan, zones[i].num_nan);
    EXPECT_EQ(decoded[i].least, zones[i].least);
    EXPECT_EQ(decoded[i].greatest, zones[i].greatest);
    EXPECT_EQ(decoded[i].has_sum, zones[i].has_sum);
    EXPECT_EQ(decoded[i].sum, zones[i].sum);
  }
}

TEST(ZoneMapTest, DecimalsTakeFewBytes) {
  std::vector<ZoneMap> zones;
  for (int i = 0; i < 256; ++i) {
    const double least = i / 100.0;
    zones.push_back(OfFloats({least, least + 20.25}, {1, 1}));
  }
  std::vector<std::byte> encoded;
  EncodeZoneMaps(zones, DataType::kFloat64, encoded);
  EXPECT_LT(encoded.size(), zones.size() * 12);
  std::vector<ZoneMap> decoded(zones.size());
  ASSERT_TRUE(DecodeZoneMaps(encoded, DataType::kFloat64, decoded).ok());
  for (size_t i = 0; i < zones.size(); ++i) {
    EXPECT_EQ(decoded[i].least, zones[i].least);
    EXPECT_EQ(decoded[i].greatest, zones[i].greatest);
  }
}

TEST(ZoneMapTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeZoneMaps(std::vector<ZoneMap>{OfIntegers(DataType::kInt64, {2, 6})}, DataType::kInt64,
                 encoded);
  const auto constant = [](uint64_t value) { return Bytes({1, 8}) + Bytes(value, {}); };
  // Least and greatest are vectors: their length, all valid, constant.
  const auto extreme = [](uint64_t value) { return Bytes({10, 0, 1}) + Bytes(value, {}); };
  EXPECT_EQ(encoded,
            constant(2) + constant(0) + extreme(2) + extreme(6) + constant(1) + constant(8));

  encoded.clear();
  EncodeZoneMaps(std::vector<ZoneMap>{OfFloats({2.5, 0.5}, {1, 1})}, DataType::kFloat64, encoded);
  EXPECT_EQ(encoded, constant(2) + constant(0) + extreme(std::bit_cast<uint64_t>(0.5)) +
                         extreme(std::bit_cast<uint64_t>(2.5)));
}

TEST(ZoneMapTest, RefusesOtherLengthsAndImpossibleCounts) {
  std::vector<std::byte> encoded;
  EncodeZoneMaps(SomeZones(), DataType::kInt64, encoded);
  const auto decode = [](std::span<const std::byte> bytes) {
    std::vector<ZoneMap> zones(3);
    return DecodeZoneMaps(bytes, DataType::kInt64, zones);
  };
  ExpectOtherLengthsRefused(encoded, decode);
  auto random = SeededRandom();
  ExpectGarbageHandled(encoded, random, decode);

  std::vector<ZoneMap> one(1);
  for (const ZoneMap& wrong : {ZoneMap{.num_valid = 1025}, ZoneMap{.num_valid = 1, .num_nan = 2}}) {
    encoded.clear();
    EncodeZoneMaps(std::vector<ZoneMap>{wrong}, DataType::kInt64, encoded);
    EXPECT_EQ(DecodeZoneMaps(encoded, DataType::kInt64, one).code(), StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace stria::storage
