// Where series go whose text was seen before: the raw text of a line's measurement and tags ->
// table, shard and series id. What a decoder asks before it takes a text apart, shared by all
// bodies.
//
//   slots:  buckets of 8 x uint64 { 1 bit set | 29 bits of the hash | 20 bits block | 14 bits place
//   } blocks: 256 KiB each of entries { hash, text size, table, shard, id, text }, one behind the
//   other
//
// It is a cache and never an index: what is not there is resolved by its key. A series is put in
// after the index of its table gave an id. That id holds: either the record that introduces the
// series is in the log, or it is written before, or as part of, any record that uses the id, or the
// log has failed and takes no records any more. Ids of tables are not used again, so an entry of a
// table that was dropped is never asked for. Hash and place are only hints; the text is compared.
//
// When it is full the oldest block goes, and of the texts that are new one in eight is put in, at
// random: with more series than it has room for, those that it has stay for a while, where keeping
// the newest would lose each one before it comes again.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/types/ids.h"

namespace stria::storage {

class CatalogSnapshot;

/// Where the rows of a series go.
struct SeriesPlace {
  TableId table;
  uint32_t shard = 0;
  SeriesId id;

  friend bool operator==(const SeriesPlace&, const SeriesPlace&) = default;
};

/// A text that is to be remembered. `hash` is KnownSeries::Hash() of it.
struct SeriesText {
  std::string_view text;
  uint64_t hash = 0;
  SeriesPlace place;
};

class KnownSeries;

/// Thread safety: thread-safe.
class SeriesTextCache {
 public:
  /// Takes at most about `max_bytes` of memory, and nothing before it is used. `seed` makes hashes
  /// that nobody outside can foresee.
  SeriesTextCache(uint64_t max_bytes, uint64_t seed);
  SeriesTextCache(const SeriesTextCache&) = delete;
  SeriesTextCache& operator=(const SeriesTextCache&) = delete;

  /// What is known now of the series of `database`, as `catalog` has it.
  KnownSeries Read(std::string_view database, std::shared_ptr<const CatalogSnapshot> catalog) const;

  /// Puts in what is not there yet. Requires ids that the series index gave.
  void Add(std::span<const SeriesText> texts);

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  friend class KnownSeries;
  static constexpr size_t kBucketSlots = 8;
  static constexpr size_t kBlockBytes = 256 << 10;

  struct Entry;
  struct Block;
  struct alignas(64) Bucket {
    std::array<std::atomic<uint64_t>, kBucketSlots> slots{};
  };
  // The list of blocks is never changed, only replaced; a slot that refers to a block outside of
  // the list that a reader holds says nothing to it.
  struct State {
    std::shared_ptr<std::vector<Bucket>> buckets;
    std::vector<std::shared_ptr<const Block>> blocks;
    uint32_t first_block = 0;

    const Entry* EntryOf(uint64_t slot) const;
    const Entry* Find(uint64_t hash, std::string_view text) const;
  };

  void AddOne(State& state, const SeriesText& text) STRIA_REQUIRES(mutex_);
  void MakeRoom(State& state, uint64_t num_bytes) STRIA_REQUIRES(mutex_);
  void DropOldest(State& state) STRIA_REQUIRES(mutex_);
  void Remove(const State& state, const Entry& entry) STRIA_REQUIRES(mutex_);
  void GrowBuckets(State& state) STRIA_REQUIRES(mutex_);
  void Place(const State& state, uint64_t hash, uint64_t slot) STRIA_REQUIRES(mutex_);
  uint64_t BytesOf(const State& state) const;
  uint64_t NextRandom() STRIA_REQUIRES(mutex_);

  const uint64_t max_bytes_;
  const uint64_t seed_;
  mutable Mutex mutex_;
  std::shared_ptr<const State> state_ STRIA_GUARDED_BY(mutex_);
  std::shared_ptr<Block> open_ STRIA_GUARDED_BY(mutex_);  // The last of the list.
  uint64_t num_entries_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t random_ STRIA_GUARDED_BY(mutex_);
  bool full_ STRIA_GUARDED_BY(mutex_) = false;  // A block had to go.
  std::atomic<uint64_t> bytes_ = 0;             // A counter.
};

/// A view of the cache for one body. Thread safety: thread-compatible.
class KnownSeries {
 public:
  /// The hash of a text, by which it is found.
  uint64_t Hash(std::string_view text) const;

  /// Asks for the memory that Find() begins in, and then for that of the text.
  void PrefetchSlot(uint64_t hash) const {
    if (mask_ != 0) __builtin_prefetch(buckets_ + (hash & mask_));
  }
  void PrefetchText(uint64_t hash) const;

  /// Where the series of `text` goes, or nullptr. Its table may be of another database, or dropped:
  /// compare with TableOf(). Valid as long as this is.
  const SeriesPlace* Find(uint64_t hash, std::string_view text) const;

  /// The id of a table of the database; false if it is not there.
  bool TableOf(std::string_view name, TableId& id) const;

 private:
  friend class SeriesTextCache;
  KnownSeries(std::string_view database, std::shared_ptr<const CatalogSnapshot> catalog,
              std::shared_ptr<const SeriesTextCache::State> state, uint64_t seed);

  const std::string_view database_;
  const std::shared_ptr<const CatalogSnapshot> catalog_;
  const std::shared_ptr<const SeriesTextCache::State> state_;
  const SeriesTextCache::Bucket* buckets_ = nullptr;
  uint64_t mask_ = 0;
  uint64_t seed_ = 0;
};

}  // namespace stria::storage
