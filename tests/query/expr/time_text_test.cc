// Times and intervals as text, and back.

#include "query/expr/time_text.h"

#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace stria::query {
namespace {

TEST(TimeTextTest, ReadsTimestamps) {
  const std::pair<const char*, const char*> kCases[] = {
      {"1970-01-01", "1970-01-01T00:00:00.000000000Z"},
      {"2024-02-29", "2024-02-29T00:00:00.000000000Z"},
      {"2024-1-2", "2024-01-02T00:00:00.000000000Z"},
      {" 2024-01-02 03:04 ", "2024-01-02T03:04:00.000000000Z"},
      {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000000000Z"},
      {"2024-01-02 03:04:05.1", "2024-01-02T03:04:05.100000000Z"},
      {"2024-01-02T03:04:05.123456789z", "2024-01-02T03:04:05.123456789Z"},
      {"2024-01-02T03:04:05.1234567891", "2024-01-02T03:04:05.123456789Z"},
      {"2024-01-02 03:04:05+02", "2024-01-02T01:04:05.000000000Z"},
      {"2024-01-02 03:04:05 +0000", "2024-01-02T03:04:05.000000000Z"},
      {"2024-01-02 03:04:05-05:30", "2024-01-02T08:34:05.000000000Z"},
      {"2024-01-01 UTC", "2024-01-01T00:00:00.000000000Z"},
      {"1969-12-31 23:59:59.999999999", "1969-12-31T23:59:59.999999999Z"},
      {"1677-09-22", "1677-09-22T00:00:00.000000000Z"},
      {"2262-04-11 23:47:16.854775807", "2262-04-11T23:47:16.854775807Z"},
  };
  for (const auto& [text, expected] : kCases) {
    const auto ns = ParseTimestamp(text);
    ASSERT_TRUE(ns.has_value()) << text << ": " << ns.error().ToString();
    EXPECT_EQ(FormatTimestamp(*ns), expected) << text;
  }
}

TEST(TimeTextTest, RefusesWhatIsNoTimestamp) {
  for (const char* text :
       {"", "2024", "2024-01", "24-01-01", "2024-13-01", "2023-02-29", "1900-02-29", "2024-01-32",
        "2024-01-01 24:00", "2024-01-01 10", "2024-01-01 10:60", "2024-01-01 10:00:60",
        "2024-01-01 10:00:00.", "2024-01-01 10:00 +99", "2024-01-01 10:00 CET", "2024-01-01T",
        "2024-01-01 10:00Z tail", "now"}) {
    const auto ns = ParseTimestamp(text);
    ASSERT_FALSE(ns.has_value()) << text;
    EXPECT_EQ(ns.error().code(), StatusCode::kInvalidArgument) << text;
  }
  for (const char* text : {"1677-09-21", "2262-04-12", "9999-12-31"})
    EXPECT_EQ(ParseTimestamp(text).error().code(), StatusCode::kOutOfRange) << text;
}

TEST(TimeTextTest, EveryInstantComesBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const auto ns = static_cast<int64_t>(random());
    const auto read = ParseTimestamp(FormatTimestamp(ns));
    ASSERT_TRUE(read.has_value()) << ns;
    ASSERT_EQ(*read, ns);
  }
  for (const int64_t ns :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})
    EXPECT_EQ(
        ParseTimestamp(FormatTimestamp(ns)).has_value() ? *ParseTimestamp(FormatTimestamp(ns)) : 0,
        ns);
}

TEST(TimeTextTest, CivilDaysCountUpOneByOne) {
  int64_t days = DaysOfCivil(1677, 9, 22);
  for (int64_t day = days; day < DaysOfCivil(2262, 4, 11); ++day) {
    const CivilTime civil = CivilOf(day * 86'400'000'000'000);
    ASSERT_EQ(DaysOfCivil(civil.year, civil.month, civil.day), day);
    ASSERT_EQ(civil.ns_of_day, 0);
  }
}

TEST(TimeTextTest, ReadsIntervals) {
  constexpr int64_t kSecond = 1'000'000'000;
  const std::pair<const char*, int64_t> kCases[] = {
      {"1h", 3600 * kSecond},
      {"1 hour 30 minutes", 5400 * kSecond},
      {"1h30m", 5400 * kSecond},
      {"90 secs", 90 * kSecond},
      {"1.5 h", 5400 * kSecond},
      {"0.000000001 s", 1},
      {"2 weeks -1 day", 13 * 86'400 * kSecond},
      {"12:30:00", 45'000 * kSecond},
      {"-00:00:01.5", -1'500'000'000},
      {"1 day 01:00", 90'000 * kSecond},
      {"7us", 7'000},
      {"7\xC2\xB5s", 7'000},
      {"10 NS", 10},
  };
  for (const auto& [text, ns] : kCases) {
    const auto read = ParseInterval(text);
    ASSERT_TRUE(read.has_value()) << text << ": " << read.error().ToString();
    EXPECT_EQ(*read, ns) << text;
  }
}

TEST(TimeTextTest, RefusesWhatIsNoInterval) {
  for (const char* text : {"", "  ", "hour", "1", "1 fortnight", "1h 30", "1 month", "2 years",
                           "1:99", "--1h", "1..5h"}) {
    const auto read = ParseInterval(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_NE(ParseInterval("1 month").error().message().find("no fixed length"),
            std::string_view::npos);
  EXPECT_EQ(ParseInterval("300000 days").error().code(), StatusCode::kOutOfRange);
}

TEST(TimeTextTest, IntervalsComeBack) {
  EXPECT_EQ(FormatInterval(0), "00:00:00");
  EXPECT_EQ(FormatInterval(-1'000'000'000), "-00:00:01");
  EXPECT_EQ(FormatInterval(93'784'500'000'000), "1d 02:03:04.5");
  std::mt19937_64 random(2);
  for (int i = 0; i < 2'000; ++i) {
    const auto ns = static_cast<int64_t>(random() >> 1U);
    const auto read = ParseInterval(FormatInterval(ns));
    ASSERT_TRUE(read.has_value()) << FormatInterval(ns);
    ASSERT_EQ(*read, ns) << FormatInterval(ns);
  }
}

TEST(TimeTextTest, DoublesAreAsShortAsTheyCanBe) {
  EXPECT_EQ(FormatDouble(0.1), "0.1");
  EXPECT_EQ(FormatDouble(1), "1");
  EXPECT_EQ(FormatDouble(1e300), "1e+300");
  EXPECT_EQ(FormatDouble(-0.0), "-0");
  EXPECT_EQ(FormatDouble(std::numeric_limits<double>::quiet_NaN()), "NaN");
  EXPECT_EQ(FormatDouble(-std::numeric_limits<double>::infinity()), "-Infinity");
}

}  // namespace
}  // namespace stria::query
