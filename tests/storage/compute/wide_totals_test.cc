// Both versions of the masked totals, by AVX2 and by AVX-512, against a loop over single values.

#include "storage/compute/wide_totals.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "storage/compute/aggregate_kernels.h"

namespace stria::storage {
namespace {

uint64_t TestSeed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 20160101;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

class WideTotalsTest : public testing::TestWithParam<VectorIsa> {
 protected:
  void SetUp() override {
    if (!HasVectorIsa(GetParam())) GTEST_SKIP() << "this processor has no AVX-512";
  }

  // One value or more is not NULL; none at all where there is no NULL.
  std::vector<uint8_t> RandomValidity(size_t num_rows) {
    std::vector<uint8_t> validity;
    if (random_() % 3 == 0) return validity;
    const uint64_t valid_of_8 = random_() % 9;
    for (size_t row = 0; row < num_rows; ++row)
      validity.push_back(random_() % 8 < valid_of_8 ? 1 : 0);
    validity[random_() % num_rows] = 1;
    return validity;
  }

  std::mt19937_64 random_{TestSeed()};
};

double RandomDouble(std::mt19937_64& random, uint64_t specials_of_64) {
  if (random() % 64 < specials_of_64) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kSpecials[] = {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity,
                                    -0.0};
    return kSpecials[random() % 4];
  }
  // Sums of such numbers are exact in any order.
  return static_cast<double>(static_cast<int64_t>(random() % 2'000'001) - 1'000'000) / 8;
}

TEST_P(WideTotalsTest, TotalsOfDoublesAgreeWithALoop) {
  for (int round = 0; round < 3000; ++round) {
    const size_t num_rows = 1 + random_() % (round % 2 == 0 ? 40 : 1024);
    const uint64_t specials_of_64 = round % 3 == 0 ? random_() % 65 : 0;
    std::vector<double> values(num_rows);
    for (auto& value : values)
      value = RandomDouble(random_, specials_of_64);
    const auto validity = RandomValidity(num_rows);
    double sum = 0, min = 0, max = 0;
    uint64_t num_valid = 0;
    for (size_t row = 0; row < num_rows; ++row) {
      if (!validity.empty() && validity[row] == 0) continue;
      sum += values[row];
      if (num_valid == 0 || DoubleLess(values[row], min)) min = values[row];
      if (num_valid == 0 || DoubleLess(max, values[row])) max = values[row];
      ++num_valid;
    }
    const uint8_t* valid = validity.empty() ? nullptr : validity.data();
    const DoubleTotals totals = TotalDoubles(values.data(), valid, num_rows, num_valid, GetParam());
    const auto same = [](double a, double b) { return a == b || (a != a && b != b); };
    ASSERT_PRED2(same, totals.sum, sum) << "round " << round;
    ASSERT_PRED2(same, totals.min, min) << "round " << round;
    ASSERT_PRED2(same, totals.max, max) << "round " << round;
    ASSERT_PRED2(same, SumDoubles(values.data(), valid, num_rows, GetParam()), sum) << round;
  }
}

TEST_P(WideTotalsTest, BothVersionsGiveTheSameBits) {
  for (int round = 0; round < 1000; ++round) {
    const size_t num_rows = 1 + random_() % 1024;
    std::vector<double> values(num_rows);
    for (auto& value : values)
      value = std::ldexp(static_cast<double>(random_()), static_cast<int>(random_() % 60));
    const auto validity = RandomValidity(num_rows);
    const uint8_t* valid = validity.empty() ? nullptr : validity.data();
    ASSERT_EQ(
        std::bit_cast<uint64_t>(SumDoubles(values.data(), valid, num_rows, GetParam())),
        std::bit_cast<uint64_t>(SumDoubles(values.data(), valid, num_rows, VectorIsa::kAvx2)));
  }
}

TEST_P(WideTotalsTest, TotalsOfIntegersAgreeWithALoop) {
  for (int round = 0; round < 3000; ++round) {
    const size_t num_rows = 1 + random_() % (round % 2 == 0 ? 40 : 1024);
    const bool is_signed = random_() % 2 == 0;
    const uint64_t shift = random_() % 64;
    std::vector<uint64_t> values(num_rows);
    for (auto& value : values) {
      value = random_() >> shift;
      if (is_signed && random_() % 2 == 0) value = uint64_t{0} - value;
    }
    const auto validity = RandomValidity(num_rows);
    Int128 sum = 0, min = 0, max = 0;
    uint64_t num_valid = 0;
    for (size_t row = 0; row < num_rows; ++row) {
      if (!validity.empty() && validity[row] == 0) continue;
      const Int128 value =
          is_signed ? Int128{static_cast<int64_t>(values[row])} : Int128{values[row]};
      sum += value;
      if (num_valid == 0 || value < min) min = value;
      if (num_valid == 0 || value > max) max = value;
      ++num_valid;
    }
    const uint8_t* valid = validity.empty() ? nullptr : validity.data();
    const WordTotals totals = TotalWords(values.data(), valid, num_rows, is_signed, GetParam());
    ASSERT_TRUE(totals.sum == sum) << "round " << round;
    ASSERT_EQ(totals.min, static_cast<uint64_t>(min)) << "round " << round;
    ASSERT_EQ(totals.max, static_cast<uint64_t>(max)) << "round " << round;
    ASSERT_TRUE(SumWords(values.data(), valid, num_rows, is_signed) == sum) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryVersion, WideTotalsTest,
                         testing::Values(VectorIsa::kAvx2, VectorIsa::kAvx512),
                         [](const auto& version) {
                           return version.param == VectorIsa::kAvx2 ? "Avx2" : "Avx512";
                         });

}  // namespace
}  // namespace stria::storage
