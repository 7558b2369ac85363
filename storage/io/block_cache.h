// A bounded cache of verified encoded pages, least recently used out first.
//
// What is in the cache has passed its checksum; a fill that fails its checksum never gets in.
// Sharded by key, so that scans on several threads seldom meet at a lock.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "storage/base/mutex.h"

namespace stria::storage {

/// Immutable bytes, shared with whoever reads them.
using CachedBlock = std::shared_ptr<const std::vector<std::byte>>;

/// Where a block comes from: a number for the part, unique in the process, and an offset in it.
struct BlockKey {
  uint64_t part = 0;
  uint64_t offset = 0;
  friend bool operator==(BlockKey, BlockKey) = default;
};

/// Thread safety: thread-safe.
class BlockCache {
 public:
  explicit BlockCache(uint64_t capacity_bytes) : shard_capacity_(capacity_bytes / kNumShards) {}

  /// The block, or nullptr.
  CachedBlock Find(BlockKey key);

  /// Keeps `block` for later finds, unless it is larger than a shard of the cache.
  void Insert(BlockKey key, CachedBlock block);

  uint64_t bytes() const;

 private:
  static constexpr size_t kNumShards = 16;

  struct Hash {
    size_t operator()(BlockKey key) const noexcept {
      return (key.part * 0x9e3779b97f4a7c15 + key.offset) * 0xd6e8feb86659fd93 >> 20;
    }
  };
  struct Entry {
    BlockKey key;
    CachedBlock block;
  };
  struct Shard {
    mutable Mutex mutex;
    std::list<Entry> entries STRIA_GUARDED_BY(mutex);  // Most recently used first.
    std::unordered_map<BlockKey, std::list<Entry>::iterator, Hash> index STRIA_GUARDED_BY(mutex);
    uint64_t bytes STRIA_GUARDED_BY(mutex) = 0;
  };

  Shard& ShardOf(BlockKey key) { return shards_[Hash()(key) % kNumShards]; }

  uint64_t shard_capacity_;
  std::array<Shard, kNumShards> shards_;
};

}  // namespace stria::storage
