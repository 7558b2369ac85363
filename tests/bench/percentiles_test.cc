#include "bench/stria_bench/percentiles.h"

#include <gtest/gtest.h>

namespace stria::bench {
namespace {

TEST(PercentilesTest, GivesTheNearestRank) {
  Percentiles times;
  for (int64_t ns = 100; ns > 0; --ns)
    times.Add(ns);
  EXPECT_EQ(times.At(50), 50);
  EXPECT_EQ(times.At(95), 95);
  EXPECT_EQ(times.At(99), 99);
  EXPECT_EQ(times.At(99.1), 100);
  EXPECT_EQ(times.At(0), 1);
  EXPECT_EQ(times.Max(), 100);
  EXPECT_EQ(times.MeanNs(), 50.5);
}

TEST(PercentilesTest, OfFewTimesAreTimesThatWere) {
  Percentiles times;
  times.Add(7);
  EXPECT_EQ(times.At(1), 7);
  EXPECT_EQ(times.At(50), 7);
  EXPECT_EQ(times.At(99), 7);
  times.Add(3);
  EXPECT_EQ(times.At(50), 3);
  EXPECT_EQ(times.At(51), 7);
}

TEST(PercentilesTest, OfNothingAreZero) {
  Percentiles times;
  EXPECT_EQ(times.At(50), 0);
  EXPECT_EQ(times.Max(), 0);
  EXPECT_EQ(times.MeanNs(), 0);
}

TEST(PercentilesTest, TakeInThoseOfAnotherThread) {
  Percentiles a, b;
  a.Add(1);
  a.Add(9);
  EXPECT_EQ(a.Max(), 9);  // Sorted now; what comes later is not.
  b.Add(5);
  b.Add(20);
  a.MergeFrom(b);
  EXPECT_EQ(a.count(), 4U);
  EXPECT_EQ(a.At(50), 5);
  EXPECT_EQ(a.Max(), 20);
}

}  // namespace
}  // namespace stria::bench
