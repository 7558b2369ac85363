#include "query/output/cell_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/expr/time_text.h"

namespace stria::query {
namespace {

std::string Double(double value) {
  char text[kMaxNumberChars];
  return {text, WriteDouble(value, text)};
}

std::string Time(int64_t ns, TimeForm form) {
  TimeWriter writer(form);
  char text[kMaxNumberChars];
  return {text, writer.Write(ns, text)};
}

uint64_t Seed() {
  const char* const given = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "STRIA_TEST_SEED=" << seed << '\n';
  return seed;
}

// The number of digits, without sign, point, exponent and zeros that only place the point.
size_t NumDigits(std::string text) {
  text = text.substr(0, text.find('e'));
  std::erase_if(text, [](char c) { return c == '.' || c == '-'; });
  text.erase(0, text.find_first_not_of('0'));
  text.erase(text.find_last_not_of('0') + 1);
  return text.size();
}

TEST(CellTextTest, WritesDoublesAsPeopleDo) {
  EXPECT_EQ(Double(0), "0");
  EXPECT_EQ(Double(-0.0), "-0");
  EXPECT_EQ(Double(1), "1");
  EXPECT_EQ(Double(-21.5), "-21.5");
  EXPECT_EQ(Double(0.0001), "0.0001");
  EXPECT_EQ(Double(-0.05), "-0.05");
  EXPECT_EQ(Double(1e6), "1000000");
  EXPECT_EQ(Double(123456789012345), "123456789012345");
  EXPECT_EQ(Double(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Double(1e22), "1e+22");
  EXPECT_EQ(Double(5e-324), "5e-324");
}

TEST(CellTextTest, NamesWhatIsNoNumber) {
  EXPECT_EQ(Double(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(Double(std::numeric_limits<double>::infinity()), "Infinity");
  EXPECT_EQ(Double(-std::numeric_limits<double>::infinity()), "-Infinity");
}

TEST(CellTextTest, WritesDoublesShortestAndExactlyLikeTheLibrary) {
  std::mt19937_64 random(Seed());
  for (int i = 0; i < 200'000; ++i) {
    double value = 0;
    switch (i % 4) {
      case 0: value = std::bit_cast<double>(random()); break;
      case 1:
        value = static_cast<double>(static_cast<int64_t>(random() % 2'000'001) - 1'000'000) / 100;
        break;
      case 2: value = static_cast<double>(random() >> (random() % 64)); break;
      default: value = static_cast<double>(static_cast<int64_t>(random())) / 1e7; break;
    }
    if (!std::isfinite(value)) continue;
    const std::string text = Double(value);
    double back = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
    ASSERT_EQ(error, std::errc()) << text;
    ASSERT_EQ(end, text.data() + text.size()) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(back), std::bit_cast<uint64_t>(value)) << text;
    char shortest[kMaxNumberChars];
    const std::string expected(shortest, std::to_chars(shortest, shortest + sizeof(shortest), value,
                                                       std::chars_format::scientific)
                                             .ptr);
    ASSERT_EQ(NumDigits(text), NumDigits(expected)) << text << " and " << expected;
  }
}

TEST(CellTextTest, WritesTimesLikeTheReference) {
  std::mt19937_64 random(Seed());
  TimeWriter writer(TimeForm::kText);
  int64_t ns = 0;
  for (int i = 0; i < 100'000; ++i) {
    // Days in a row, and jumps to anywhere.
    ns = i % 100 == 0
             ? static_cast<int64_t>(random())
             : static_cast<int64_t>(static_cast<uint64_t>(ns) + random() % 20'000'000'000'000);
    char text[kMaxNumberChars];
    ASSERT_EQ(std::string(text, writer.Write(ns, text)), FormatTimestamp(ns)) << ns;
  }
}

TEST(CellTextTest, WritesTheFirstAndLastTime) {
  constexpr int64_t kFirst = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Time(kFirst, TimeForm::kText), "1677-09-21T00:12:43.145224192Z");
  EXPECT_EQ(Time(kLast, TimeForm::kText), "2262-04-11T23:47:16.854775807Z");
}

TEST(CellTextTest, RoundsTimesDownToTheUnit) {
  constexpr int64_t kTime = 1'451'606'400'123'456'789;
  EXPECT_EQ(Time(kTime, TimeForm::kText), "2016-01-01T00:00:00.123456789Z");
  EXPECT_EQ(Time(kTime, TimeForm::kNanoseconds), "1451606400123456789");
  EXPECT_EQ(Time(kTime, TimeForm::kMicroseconds), "1451606400123456");
  EXPECT_EQ(Time(kTime, TimeForm::kMilliseconds), "1451606400123");
  EXPECT_EQ(Time(kTime, TimeForm::kSeconds), "1451606400");
  EXPECT_EQ(Time(-1, TimeForm::kSeconds), "-1");
  EXPECT_EQ(Time(-1'000'000'000, TimeForm::kSeconds), "-1");
}

}  // namespace
}  // namespace stria::query
