#include "storage/base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria {
namespace {

using testing::HasSubstr;

TEST(UnitsTest, SizesAreReadInPowersOf1024And1000) {
  EXPECT_EQ(*ParseSize("17"), 17U);
  EXPECT_EQ(*ParseSize("17B"), 17U);
  EXPECT_EQ(*ParseSize("64MiB"), 64U << 20);
  EXPECT_EQ(*ParseSize("64 MiB"), 64U << 20);
  EXPECT_EQ(*ParseSize("1.5kB"), 1500U);
  EXPECT_EQ(*ParseSize("2GB"), 2'000'000'000U);
}

TEST(UnitsTest, WhatIsNoSizeIsRefusedWithTheUnits) {
  for (const char* text : {"", "MiB", "-1", "1 parsec", "1MiBs", "1e3", "99999999999TiB", "nan"}) {
    const auto size = ParseSize(text);
    ASSERT_FALSE(size) << text;
    EXPECT_THAT(std::string(size.error().message()), HasSubstr("KiB"));
  }
}

TEST(UnitsTest, DurationsAreReadAndAddedUp) {
  EXPECT_EQ(*ParseDuration("0"), 0);
  EXPECT_EQ(*ParseDuration("17ns"), 17);
  EXPECT_EQ(*ParseDuration("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(*ParseDuration("1.5s"), 1'500'000'000);
  EXPECT_EQ(*ParseDuration("2mo"), 60 * 86'400'000'000'000);
  EXPECT_EQ(*ParseDuration("1y"), 365 * 86'400'000'000'000);
}

TEST(UnitsTest, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "17", "s", "-1s", "1 fortnight", "1000y", "1h30"})
    EXPECT_FALSE(ParseDuration(text)) << text;
}

TEST(UnitsTest, SizesAreShownInTheLargestUnitThatFits) {
  EXPECT_EQ(FormatSize(17), "17 B");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(64 << 20), "64.0 MiB");
}

}  // namespace
}  // namespace stria
