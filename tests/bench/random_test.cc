#include "bench/workload/random.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace stria::bench {
namespace {

constexpr int kDraws = 1'000'000;

TEST(RngTest, DrawsNormalNumbers) {
  Rng random(7);
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int beyond_one = 0, beyond_two = 0, in_the_tail = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.Normal();
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
    beyond_one += x > 1 ? 1 : 0;
    beyond_two += x < -2 ? 1 : 0;
    in_the_tail += std::abs(x) > 3.6541528853610088 ? 1 : 0;  // Where the layers end.
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.005);
  EXPECT_NEAR(squares / kDraws, 1, 0.01);
  EXPECT_NEAR(cubes / kDraws, 0, 0.02);
  EXPECT_NEAR(fourths / kDraws, 3, 0.06);
  EXPECT_NEAR(beyond_one, 158'655, 1'800);
  EXPECT_NEAR(beyond_two, 22'750, 750);
  EXPECT_NEAR(in_the_tail, 258, 80);
}

TEST(RngTest, DrawsEveryNumberBelowABoundEquallyOften) {
  Rng random(8);
  std::vector<int> counts(7);
  for (int i = 0; i < kDraws; ++i)
    ++counts[random.Below(7)];
  for (const int count : counts)
    EXPECT_NEAR(count, kDraws / 7.0, 1'800);
}

TEST(RngTest, StaysInsideItsBounds) {
  Rng random(9);
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.Uniform(-2, 3);
    ASSERT_GE(x, -2);
    ASSERT_LT(x, 3);
  }
}

TEST(RngTest, GoesApartForNeighbouringSeeds) {
  Rng a(1), b(2);
  int equal = 0;
  for (int i = 0; i < 1000; ++i)
    equal += a.Next() % 2 == b.Next() % 2 ? 1 : 0;
  EXPECT_NEAR(equal, 500, 80);
}

}  // namespace
}  // namespace stria::bench
