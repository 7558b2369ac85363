#include "query/aggregate/hyper_log_log.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace stria::query {
namespace {

constexpr double kStandardError = 1.04 / 64;  // Of 4,096 registers.

TEST(HyperLogLogTest, IsExactForFew) {
  std::mt19937_64 random(1);
  HyperLogLog sketch;
  EXPECT_EQ(sketch.Estimate(), 0U);
  for (uint64_t count = 1; count <= 256; ++count) {
    const uint64_t hash = random();
    sketch.Add(hash);
    sketch.Add(hash);
    EXPECT_EQ(sketch.Estimate(), count);
  }
}

TEST(HyperLogLogTest, IsWithinItsErrorForMany) {
  std::mt19937_64 random(2);
  for (const uint64_t count : {257U, 1000U, 5000U, 20'000U, 300'000U, 2'000'000U}) {
    double square_errors = 0;
    constexpr int kRounds = 12;
    for (int round = 0; round < kRounds; ++round) {
      HyperLogLog sketch;
      for (uint64_t i = 0; i < count; ++i)
        sketch.Add(random());
      const double error = static_cast<double>(sketch.Estimate()) / static_cast<double>(count) - 1;
      square_errors += error * error;
      EXPECT_LT(std::fabs(error), 5 * kStandardError) << count;
    }
    EXPECT_LT(std::sqrt(square_errors / kRounds), 1.8 * kStandardError) << count;
  }
}

TEST(HyperLogLogTest, MergedIsTheSameAsOneThatSawAll) {
  std::mt19937_64 random(3);
  for (const size_t count : {10U, 200U, 500U, 9000U}) {
    HyperLogLog whole;
    HyperLogLog merged;
    for (int part = 0; part < 4; ++part) {
      HyperLogLog sketch;
      for (size_t i = 0; i < count; ++i) {
        const uint64_t hash = random() % 2 == 0 ? random() : i * 0x9e3779b97f4a7c15;
        sketch.Add(hash);
        whole.Add(hash);
      }
      merged.Merge(sketch);
    }
    EXPECT_EQ(merged.Estimate(), whole.Estimate());
  }
}

}  // namespace
}  // namespace stria::query
