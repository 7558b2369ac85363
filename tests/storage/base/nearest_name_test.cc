#include "storage/base/nearest_name.h"

#include <vector>

#include <gtest/gtest.h>

namespace stria {
namespace {

const std::vector<std::string> kNames = {"temperature", "humidity", "time", "usage_user"};

TEST(NearestNameTest, FindsWhatWasProbablyMeant) {
  EXPECT_EQ(NearestName("temprature", kNames), "temperature");
  EXPECT_EQ(NearestName("Temperature", kNames), "temperature");
  EXPECT_EQ(NearestName("tiem", kNames), "time") << "a swap counts one";
  EXPECT_EQ(NearestName("usage_usr", kNames), "usage_user");
}

TEST(NearestNameTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestName("pressure", kNames), "");
  EXPECT_EQ(NearestName("x", kNames), "");
  EXPECT_EQ(NearestName("", kNames), "");
  EXPECT_EQ(NearestName("time", {}), "");
}

}  // namespace
}  // namespace stria
