#include "query/aggregate/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace stria::query {
namespace {

constexpr double kFractions[] = {0, 0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};

void ExpectWithinTheError(const std::vector<double>& values, const QuantileSketch& sketch) {
  auto sorted = values;
  std::ranges::sort(sorted);
  for (const double fraction : kFractions) {
    const double exact =
        sorted[static_cast<size_t>(fraction * static_cast<double>(sorted.size() - 1))];
    EXPECT_NEAR(sketch.Quantile(fraction), exact,
                std::fabs(exact) * QuantileSketch::kRelativeError * 1.0001)
        << "at " << fraction;
  }
}

TEST(QuantileSketchTest, IsWithinOnePercentOfTheValueAtThatPlace) {
  std::mt19937_64 random(5);
  for (const double spread : {0.1, 1.0, 5.0}) {
    std::lognormal_distribution<double> draw(2, spread);
    for (const size_t count : {1U, 2U, 10U, 20'000U}) {
      std::vector<double> values(count);
      QuantileSketch sketch;
      for (auto& value : values) {
        value = draw(random) * (random() % 3 == 0 ? -1 : 1);
        sketch.Add(value);
      }
      EXPECT_EQ(sketch.count(), count);
      ExpectWithinTheError(values, sketch);
    }
  }
}

TEST(QuantileSketchTest, MergedIsAsGoodAsOneThatSawAll) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> draw(-3, 100);
  std::vector<double> values;
  QuantileSketch whole;
  QuantileSketch merged;
  for (int part = 0; part < 7; ++part) {
    QuantileSketch sketch;
    for (int i = 0; i < part * 300; ++i) {
      values.push_back(draw(random));
      sketch.Add(values.back());
      whole.Add(values.back());
    }
    merged.Merge(sketch);
  }
  ExpectWithinTheError(values, merged);
  for (const double fraction : kFractions)
    EXPECT_EQ(merged.Quantile(fraction), whole.Quantile(fraction));
}

TEST(QuantileSketchTest, KeepsZerosEndsInfinitiesAndNan) {
  QuantileSketch sketch;
  for (const double value : {0.0, -0.0, 1e-300, 5.0, -5.0})
    sketch.Add(value);
  EXPECT_EQ(sketch.Quantile(0), -5);
  EXPECT_EQ(sketch.Quantile(0.5), 0);
  EXPECT_EQ(sketch.Quantile(1), 5);
  sketch.Add(HUGE_VAL);
  sketch.Add(-HUGE_VAL);
  EXPECT_EQ(sketch.Quantile(0), -HUGE_VAL);
  EXPECT_EQ(sketch.Quantile(1), HUGE_VAL);
  sketch.Add(std::nan(""));
  EXPECT_TRUE(std::isnan(sketch.Quantile(1)));
  QuantileSketch nothing_but_nan;
  nothing_but_nan.Add(std::nan(""));
  EXPECT_TRUE(std::isnan(nothing_but_nan.Quantile(0)));
  nothing_but_nan.Merge(sketch);
  EXPECT_EQ(nothing_but_nan.Quantile(0), -HUGE_VAL);
}

TEST(QuantileSketchTest, StaysSmallWhateverTheRange) {
  std::mt19937_64 random(7);
  QuantileSketch sketch;
  for (int i = 0; i < 50'000; ++i)
    sketch.Add(std::exp(std::uniform_real_distribution<double>(-27, 700)(random)));
  EXPECT_LE(sketch.MemoryBytes(), 2 * 2 * 2048 * sizeof(uint64_t));
  // The upper end keeps its error; the bins that became one are at the lower end.
  EXPECT_NEAR(std::log(sketch.Quantile(0.99)), 27 + 0.99 * 727 - 54, 5);
}

}  // namespace
}  // namespace stria::query
