#include "storage/types/time_range.h"

#include <gtest/gtest.h>

namespace stria {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

TEST(TimeRangeTest, ContainsItsBeginAndNotItsEnd) {
  const TimeRange range{10, 20};
  EXPECT_FALSE(range.Contains(9));
  EXPECT_TRUE(range.Contains(10));
  EXPECT_TRUE(range.Contains(19));
  EXPECT_FALSE(range.Contains(20));
}

TEST(TimeRangeTest, WithoutAnUpperBoundContainsTheLastInstant) {
  EXPECT_TRUE(TimeRange().Contains(kLeast));
  EXPECT_TRUE(TimeRange().Contains(kGreatest));
  EXPECT_TRUE((TimeRange{5, kGreatest}.Overlaps(kGreatest, kGreatest)));
}

TEST(TimeRangeTest, OverlapsWhatSharesAnInstant) {
  const TimeRange range{10, 20};
  EXPECT_FALSE(range.Overlaps(0, 9));
  EXPECT_TRUE(range.Overlaps(0, 10));
  EXPECT_TRUE(range.Overlaps(19, 30));
  EXPECT_FALSE(range.Overlaps(20, 30));
  EXPECT_TRUE(range.Overlaps(0, 100));
  EXPECT_FALSE((TimeRange{10, 10}.Overlaps(0, 100)));
}

TEST(TimeRangeTest, IntersectionMayBeEmpty) {
  EXPECT_EQ((TimeRange{0, 10}.Intersect({5, 20})), (TimeRange{5, 10}));
  EXPECT_TRUE((TimeRange{0, 5}.Intersect({5, 20}).empty()));
}

TEST(TimeRangeTest, FloorsAlsoBefore1970) {
  EXPECT_EQ(FloorTo(25, 10), 20);
  EXPECT_EQ(FloorTo(20, 10), 20);
  EXPECT_EQ(FloorTo(0, 10), 0);
  EXPECT_EQ(FloorTo(-1, 10), -10);
  EXPECT_EQ(FloorTo(-10, 10), -10);
  EXPECT_EQ(FloorTo(-11, 10), -20);
}

TEST(TimeRangeTest, TheFirstMultipleBeginsWithTime) {
  EXPECT_EQ(FloorTo(INT64_MIN, kNsPerDay), INT64_MIN);
  EXPECT_EQ(FloorTo(INT64_MIN + 1, kNsPerDay), INT64_MIN);
  const int64_t second = FloorTo(INT64_MIN + kNsPerDay, kNsPerDay);
  EXPECT_EQ(second % kNsPerDay, 0);
  EXPECT_EQ(FloorTo(second - 1, kNsPerDay), INT64_MIN);
  EXPECT_EQ(FloorTo(INT64_MIN, INT64_MAX), INT64_MIN);
  EXPECT_EQ(FloorTo(INT64_MIN, 1), INT64_MIN);
}

}  // namespace
}  // namespace stria
