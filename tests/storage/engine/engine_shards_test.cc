// Rows over shards: an even share for each, and the same share after a restart.

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/engine/engine.h"
#include "tests/storage/engine/engine_fixture.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNumShards = 4;
constexpr uint32_t kNumSeries = 100'000;

// Two rows of each series: 25 sites with 4,000 devices each, as fleets name theirs.
void WriteSeries(EngineFixture& fixture) {
  constexpr uint32_t kBatchSeries = 10'000;
  for (uint32_t first = 0; first < kNumSeries; first += kBatchSeries) {
    std::string lines;
    for (uint32_t i = first; i < first + kBatchSeries; ++i) {
      const std::string series =
          "m,site=" + std::to_string(i % 25) + ",device=dev-" + std::to_string(i) + " v=";
      lines += series + std::to_string(i) + "i " + std::to_string(1000 + i) + "\n";
      lines += series + std::to_string(i + 1) + "i " + std::to_string(900'000 + i) + "\n";
    }
    const WriteResult result = fixture.Write(lines);
    ASSERT_TRUE(result.status.ok()) << result.status.ToString();
    ASSERT_EQ(result.rows_rejected, 0U);
  }
}

void ExpectEvenShares(const std::vector<ShardInfo>& shards) {
  ASSERT_EQ(shards.size(), kNumShards);
  uint64_t rows = 0, bytes = 0, series = 0, slots = 0;
  for (const auto& shard : shards) {
    rows += shard.rows;
    bytes += shard.bytes;
    series += shard.series;
    slots += shard.slots;
  }
  EXPECT_EQ(rows, uint64_t{kNumSeries} * 2);
  EXPECT_EQ(series, kNumSeries);
  EXPECT_EQ(slots, 4096U);
  const auto is_even = [](uint64_t share, uint64_t total) {
    const double mean = static_cast<double>(total) / kNumShards;
    return static_cast<double>(share) > 0.8 * mean && static_cast<double>(share) < 1.2 * mean;
  };
  for (const auto& shard : shards) {
    EXPECT_TRUE(is_even(shard.rows, rows)) << shard.rows << " of " << rows << " rows";
    EXPECT_TRUE(is_even(shard.bytes, bytes)) << shard.bytes << " of " << bytes << " bytes";
    EXPECT_TRUE(is_even(shard.series, series)) << shard.series << " of " << series << " series";
  }
}

TEST(EngineShardsTest, ManySeriesAreSpreadEvenly) {
  EngineFixture fixture(kNumShards);
  WriteSeries(fixture);
  ASSERT_TRUE(fixture.engine().Flush().ok());
  ExpectEvenShares(fixture.engine().Shards());
  fixture.Restart();
  ExpectEvenShares(fixture.engine().Shards());
}

}  // namespace
}  // namespace stria::storage
