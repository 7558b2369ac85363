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

TEST(BlockCacheTest, OneLongScanDoesNotEmptyIt) {
  BlockCache cache(1'600'000);
  const auto num_hot_found = [&] {
    uint64_t found = 0;
    for (uint64_t i = 0; i < 800; ++i)
      found += cache.Find({1, i * 4096}) != nullptr ? 1U : 0U;
    return found;
  };
  for (uint64_t i = 0; i < 800; ++i)
    cache.Insert({1, i * 4096}, Block(1000));
  ASSERT_EQ(num_hot_found(), 800U);
  // Ten times what fits, each read once.
  for (uint64_t i = 0; i < 16'000; ++i) {
    cache.Insert({2, i * 4096}, Block(1000));
    ASSERT_LE(cache.bytes(), 1'600'000U);
  }
  EXPECT_GT(num_hot_found(), 780U);
}

TEST(BlockCacheTest, WhatComesBackSoonStaysLonger) {
  BlockCache cache(16 * 20'000);
  // More than fits, over and over: nothing is found before it goes, but some comes back in time.
  uint64_t found = 0;
  for (int round = 0; round < 10; ++round) {
    for (uint64_t i = 0; i < 400; ++i) {
      if (cache.Find({1, i * 4096}) != nullptr) {
        ++found;
      } else {
        cache.Insert({1, i * 4096}, Block(1000));
      }
    }
  }
  EXPECT_GT(found, 500U) << "a queue of the most recent would find none";
}

TEST(BlockCacheTest, LessRoomTakesEffectAtOnce) {
  BlockCache cache(1'600'000);
  for (uint64_t i = 0; i < 1000; ++i)
    cache.Insert({1, i * 4096}, Block(1000));
  EXPECT_EQ(cache.bytes(), 1'000'000U);
  cache.SetCapacity(160'000);
  EXPECT_LE(cache.bytes(), 160'000U);
  cache.SetCapacity(0);
  EXPECT_EQ(cache.bytes(), 0U);
  cache.Insert({3, 0}, Block(1000));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(BlockCacheTest, ABlockThatIsReadStaysAliveAfterItLeftTheCache) {
  BlockCache cache(16 * 1000);
  cache.Insert({1, 0}, Block(1000));
  const auto held = cache.Find({1, 0});
  cache.SetCapacity(0);
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
