#include "storage/format/series_subset.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace stria::storage {
namespace {

std::vector<SeriesId> EveryNth(uint32_t n, uint32_t num_series) {
  std::vector<SeriesId> ids;
  for (uint32_t id = n - 1; id < num_series; id += n)
    ids.emplace_back(id);
  return ids;
}

TEST(SeriesSubsetTest, FindsWhatItHoldsAndNothingElse) {
  std::mt19937_64 random(1);
  constexpr uint32_t kSeries = 10'000;
  for (const uint32_t share : {1U, 2U, 3U, 5U, 100U, 3'000U}) {
    std::vector<SeriesId> ids;
    for (uint32_t id = 0; id < kSeries; ++id) {
      if (random() % share == 0) ids.emplace_back(id);
    }
    const SeriesSubset subset(ids, kSeries);
    ASSERT_EQ(subset.size(), ids.size());
    size_t next = 0;
    for (uint32_t id = 0; id < kSeries + 100; ++id) {
      const bool is_held = next < ids.size() && ids[next].value() == id;
      ASSERT_EQ(subset.Find(SeriesId(id)), is_held ? next : SeriesSubset::kNone) << id;
      next += is_held ? 1 : 0;
    }
    EXPECT_FALSE(subset.Contains(SeriesId(UINT32_MAX)));
  }
}

TEST(SeriesSubsetTest, HoldsNothing) {
  for (const uint32_t num_series : {0U, 1U, 1'000U}) {
    const SeriesSubset subset({}, num_series);
    EXPECT_EQ(subset.size(), 0U);
    EXPECT_FALSE(subset.Contains(SeriesId(0)));
    EXPECT_FALSE(subset.Contains(SeriesId(1)));
  }
}

TEST(SeriesSubsetTest, TakesMemoryForWhatItHolds) {
  constexpr uint32_t kSeries = 10'000'000;
  EXPECT_LE(SeriesSubset(EveryNth(1'000'000, kSeries), kSeries).bytes(), 1'000U);
  EXPECT_LE(SeriesSubset(EveryNth(100, kSeries), kSeries).bytes(), 100'000U * 32);
  EXPECT_LE(SeriesSubset(EveryNth(2, kSeries), kSeries).bytes(), kSeries * 4U);
  EXPECT_EQ(SeriesSubset(EveryNth(1, kSeries), kSeries).bytes(), 0U);
}

}  // namespace
}  // namespace stria::storage
