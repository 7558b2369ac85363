// A bounded cache of verified encoded pages that one long scan cannot empty.
//
// What is in the cache has passed its checksum; a fill that fails its checksum never gets in.
// Sharded by key, so that scans on several threads seldom meet at a lock.
//
// A new block waits in a small queue, a tenth of the room. When it leaves it, it moves on to the
// main queue if somebody has found it meanwhile, and goes otherwise; its key is remembered for a
// while, and a block that comes again in that time is let into the main queue at once. So what is
// read once passes through the tenth, and the rest keeps what is read again and again.
//
// Source: J. Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023 (S3-FIFO).
// Differs: sizes count in bytes, since blocks are of any size; the keys that are remembered are as
// many as there are blocks.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
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

  /// From now on keeps at most that much; what is above it goes at once.
  void SetCapacity(uint64_t capacity_bytes);

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
    uint8_t num_finds = 0;  // At most 3, since it came into its queue.
  };
  struct Shard {
    mutable Mutex mutex;
    // Newest first.
    std::list<Entry> small STRIA_GUARDED_BY(mutex);
    std::list<Entry> main STRIA_GUARDED_BY(mutex);
    std::unordered_map<BlockKey, std::list<Entry>::iterator, Hash> index STRIA_GUARDED_BY(mutex);
    // Keys of blocks that went without being found, oldest first, and how often each stands there.
    std::deque<BlockKey> gone STRIA_GUARDED_BY(mutex);
    std::unordered_map<BlockKey, uint32_t, Hash> gone_count STRIA_GUARDED_BY(mutex);
    uint64_t small_bytes STRIA_GUARDED_BY(mutex) = 0;
    uint64_t main_bytes STRIA_GUARDED_BY(mutex) = 0;
  };

  Shard& ShardOf(BlockKey key) { return shards_[Hash()(key) % kNumShards]; }
  // Makes room; what goes is appended to `evicted`, to die outside the lock.
  static void Evict(Shard& shard, uint64_t capacity, std::vector<CachedBlock>& evicted)
      STRIA_REQUIRES(shard.mutex);
  static void EvictSmall(Shard& shard, std::vector<CachedBlock>& evicted)
      STRIA_REQUIRES(shard.mutex);
  static void EvictMain(Shard& shard, std::vector<CachedBlock>& evicted)
      STRIA_REQUIRES(shard.mutex);
  static void Remember(Shard& shard, BlockKey key) STRIA_REQUIRES(shard.mutex);

  std::atomic<uint64_t> shard_capacity_;  // A number: nothing is published with it.
  std::array<Shard, kNumShards> shards_;
};

}  // namespace stria::storage
