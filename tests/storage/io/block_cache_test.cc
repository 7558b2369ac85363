#include "storage/io/block_cache.h"

#include <gtest/gtest.h>

namespace stria::storage {
namespace {

CachedBlock Block(size_t size) {
  return std::make_shared<const std::vector<std::byte>>(size);
}

TEST(BlockCacheTest, FindsWhatWasInsertedUnderItsKeyOnly) {
  BlockCache cache(1 << 20);
  const auto block = Block(100);
  cache.Insert({1, 4096}, block);
  EXPECT_EQ(cache.Find({1, 4096}), block);
  EXPECT_EQ(cache.Find({1, 8192}), nullptr);
  EXPECT_EQ(cache.Find({2, 4096}), nullptr);
  EXPECT_EQ(cache.bytes(), 100U);
}

TEST(BlockCacheTest, KeepsTheFirstOfTwoThatFillTheSameKey) {
  BlockCache cache(1 << 20);
  const auto first = Block(100);
  cache.Insert({1, 0}, first);
  cache.Insert({1, 0}, Block(100));
  EXPECT_EQ(cache.Find({1, 0}), first);
  EXPECT_EQ(cache.bytes(), 100U);
}

TEST(BlockCacheTest, NeverHoldsMoreThanItsCapacity) {
  BlockCache cache(160'000);
  for (uint64_t i = 0; i < 10'000; ++i) {
    cache.Insert({i, i * 64}, Block(1000));
    ASSERT_LE(cache.bytes(), 160'000U);
  }
  EXPECT_GT(cache.bytes(), 100'000U);
}

TEST(BlockCacheTest, LetsGoOfWhatWasNotUsedForLongest) {
  BlockCache cache(16 * 3000);  // Three blocks of 1,000 bytes a shard of the cache.
  const BlockKey hot{1, 0};
  cache.Insert(hot, Block(1000));
  for (uint64_t i = 0; i < 1000; ++i) {
    cache.Insert({2, i}, Block(1000));
    ASSERT_NE(cache.Find(hot), nullptr) << "used all the time, gone after " << i;
  }
  EXPECT_EQ(cache.Find({2, 0}), nullptr);
}

TEST(BlockCacheTest, ABlockThatIsReadStaysAliveAfterItLeftTheCache) {
  BlockCache cache(16 * 1000);
  cache.Insert({1, 0}, Block(1000));
  const auto held = cache.Find({1, 0});
  for (uint64_t i = 1; i < 1000; ++i)
    cache.Insert({1, i}, Block(1000));
  EXPECT_EQ(cache.Find({1, 0}), nullptr);
  EXPECT_EQ(held->size(), 1000U);
}

TEST(BlockCacheTest, ABlockLargerThanAShardIsNotKept) {
  BlockCache cache(16 * 1000);
  cache.Insert({1, 0}, Block(1001));
  EXPECT_EQ(cache.Find({1, 0}), nullptr);
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace stria::storage
