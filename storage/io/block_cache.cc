#include "storage/io/block_cache.h"

#include <algorithm>
#include <utility>

namespace stria::storage {
namespace {

constexpr uint8_t kMaxFinds = 3;

}  // namespace

CachedBlock BlockCache::Find(BlockKey key) {
  Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return nullptr;
  Entry& entry = *found->second;
  if (entry.num_finds < kMaxFinds) ++entry.num_finds;
  return entry.block;
}

void BlockCache::Insert(BlockKey key, CachedBlock block) {
  const uint64_t capacity = shard_capacity_.load(std::memory_order_relaxed);
  const uint64_t size = block->size();
  if (size > capacity) return;
  Shard& shard = ShardOf(key);
  std::vector<CachedBlock> evicted;
  const MutexLock lock(shard.mutex);
  if (shard.index.contains(key)) return;
  const bool came_again = shard.gone_count.contains(key);
  auto& queue = came_again ? shard.main : shard.small;
  (came_again ? shard.main_bytes : shard.small_bytes) += size;
  queue.push_front({.key = key, .block = std::move(block), .num_finds = 0});
  shard.index.emplace(key, queue.begin());
  Evict(shard, capacity, evicted);
}

void BlockCache::SetCapacity(uint64_t capacity_bytes) {
  const uint64_t capacity = capacity_bytes / kNumShards;
  shard_capacity_.store(capacity, std::memory_order_relaxed);
  for (Shard& shard : shards_) {
    std::vector<CachedBlock> evicted;
    const MutexLock lock(shard.mutex);
    Evict(shard, capacity, evicted);
  }
}

void BlockCache::Evict(Shard& shard, uint64_t capacity, std::vector<CachedBlock>& evicted) {
  while (shard.small_bytes + shard.main_bytes > capacity) {
    if (shard.small_bytes > capacity / 10 || shard.main.empty()) {
      EvictSmall(shard, evicted);
    } else {
      EvictMain(shard, evicted);
    }
  }
}

void BlockCache::EvictSmall(Shard& shard, std::vector<CachedBlock>& evicted) {
  const auto oldest = std::prev(shard.small.end());
  const uint64_t size = oldest->block->size();
  shard.small_bytes -= size;
  if (oldest->num_finds > 0) {
    oldest->num_finds = 0;
    shard.main_bytes += size;
    shard.main.splice(shard.main.begin(), shard.small, oldest);
    return;
  }
  Remember(shard, oldest->key);
  shard.index.erase(oldest->key);
  evicted.push_back(std::move(oldest->block));
  shard.small.erase(oldest);
}

void BlockCache::EvictMain(Shard& shard, std::vector<CachedBlock>& evicted) {
  const auto oldest = std::prev(shard.main.end());
  if (oldest->num_finds > 0) {
    --oldest->num_finds;
    shard.main.splice(shard.main.begin(), shard.main, oldest);
    return;
  }
  shard.main_bytes -= oldest->block->size();
  shard.index.erase(oldest->key);
  evicted.push_back(std::move(oldest->block));
  shard.main.erase(oldest);
}

void BlockCache::Remember(Shard& shard, BlockKey key) {
  shard.gone.push_back(key);
  ++shard.gone_count[key];
  while (shard.gone.size() > std::max<size_t>(shard.index.size(), 1)) {
    const auto oldest = shard.gone_count.find(shard.gone.front());
    if (--oldest->second == 0) shard.gone_count.erase(oldest);
    shard.gone.pop_front();
  }
}

uint64_t BlockCache::bytes() const {
  uint64_t bytes = 0;
  for (const Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    bytes += shard.small_bytes + shard.main_bytes;
  }
  return bytes;
}

}  // namespace stria::storage
