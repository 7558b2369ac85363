#include "storage/types/partition.h"

#include <gtest/gtest.h>

#include "storage/types/time_range.h"

namespace stria {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();

TEST(PartitionTest, BeginsAtMultiplesOfItsWidthAlsoBefore1970) {
  for (const int64_t time : {0L, 1L, 19L, 20L, -1L, -10L, -11L})
    EXPECT_EQ(PartitionBegin(time, 10), FloorTo(time, 10)) << time;
  EXPECT_EQ(PartitionBegin(kGreatest, kNsPerDay), FloorTo(kGreatest, kNsPerDay));
}

TEST(PartitionTest, TheEarliestBeginsWithTime) {
  EXPECT_EQ(PartitionBegin(kLeast, kNsPerDay), kLeast);
  EXPECT_EQ(PartitionBegin(kLeast + 1, kNsPerDay), kLeast);
  const int64_t second = PartitionBegin(kLeast + kNsPerDay, kNsPerDay);
  EXPECT_EQ(second % kNsPerDay, 0);
  EXPECT_EQ(PartitionBegin(second - 1, kNsPerDay), kLeast);
  EXPECT_EQ(PartitionBegin(kLeast, kGreatest), kLeast);
  EXPECT_EQ(PartitionBegin(kLeast, 1), kLeast);
}

}  // namespace
}  // namespace stria
