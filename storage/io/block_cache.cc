#include "storage/io/block_cache.h"

namespace stria::storage {

CachedBlock BlockCache::Find(BlockKey key) {
  Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return nullptr;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->block;
}

void BlockCache::Insert(BlockKey key, CachedBlock block) {
  if (block->size() > shard_capacity_) return;
  Shard& shard = ShardOf(key);
  const MutexLock lock(shard.mutex);
  if (shard.index.contains(key)) return;
  shard.bytes += block->size();
  shard.entries.push_front({key, std::move(block)});
  shard.index.emplace(key, shard.entries.begin());
  while (shard.bytes > shard_capacity_) {
    const Entry& oldest = shard.entries.back();
    shard.bytes -= oldest.block->size();
    shard.index.erase(oldest.key);
    shard.entries.pop_back();
  }
}

uint64_t BlockCache::bytes() const {
  uint64_t bytes = 0;
  for (const Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    bytes += shard.bytes;
  }
  return bytes;
}

}  // namespace stria::storage
