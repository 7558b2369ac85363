#include "bench/workload/row_text.h"

#include <string>

#include <gtest/gtest.h>

namespace stria::bench {
namespace {

std::string Decimals(double value, int decimals) {
  char text[64];
  return {text, WriteDecimals(text, value, decimals)};
}

std::string WalkText(double value, NumberForm form) {
  char text[512];
  return {text, WriteWalk(text, value, form)};
}

TEST(RowTextTest, CutsDecimalsTowardZeroAndDropsZerosAtTheEnd) {
  EXPECT_EQ(Decimals(52.318549, 5), "52.31854");
  EXPECT_EQ(Decimals(24.520801, 5), "24.5208");
  EXPECT_EQ(Decimals(25, 1), "25");
  EXPECT_EQ(Decimals(25.09, 1), "25");
  EXPECT_EQ(Decimals(0.99, 1), "0.9");
  EXPECT_EQ(Decimals(7.050001, 5), "7.05");
  EXPECT_EQ(Decimals(359.9, 0), "359");
  EXPECT_EQ(Decimals(0, 5), "0");
  EXPECT_EQ(Decimals(-0.25, 2), "-0.25");
}

TEST(RowTextTest, WritesIntegersOfAllLengths) {
  char text[32];
  for (const int64_t value : {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{99}, int64_t{100},
                              int64_t{-1}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(std::string(text, WriteInteger(text, value)), std::to_string(value));
  }
}

TEST(RowTextTest, WritesAWalkInEachForm) {
  EXPECT_EQ(WalkText(58.371428571428574, NumberForm::kStock), "58i");
  EXPECT_EQ(WalkText(58.371428571428574, NumberForm::kTwoDecimals), "58.37");
  EXPECT_EQ(WalkText(58.371428571428574, NumberForm::kFull), "58.371428571428574");
  EXPECT_EQ(WalkText(100, NumberForm::kStock), "100i");
  EXPECT_EQ(WalkText(1e-7, NumberForm::kFull), "0.0000001");
}

}  // namespace
}  // namespace stria::bench
