// A hash table of ids whose keys lie elsewhere: 8 bytes a slot, at most four in five taken.
//
// A slot is a 32-bit hash and a 32-bit id, found by linear probing from hash * num_slots / 2^32.
// With the hash in the slot the table grows without looking at a key, and a key is compared about
// once a look-up. Growing by a quarter, and a large table in 64 partitions each by itself, keep
// what is unused, and what is needed while a partition moves, a small part of the whole: 10-12.5
// bytes an id.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace stria::storage {

/// Thread safety: thread-compatible.
class IdTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  ///< no id

  IdTable() : partitions_(1) {}

  /// The id of that hash for which `is_equal(id)` holds; kNone if there is none.
  template <typename IsEqual>
  uint32_t Find(uint32_t hash, IsEqual&& is_equal) const {
    const Partition& partition = PartitionOf(hash);
    if (partition.num_slots == 0) return kNone;
    for (uint32_t at = PositionOf(partition, hash);;) {
      const uint64_t slot = partition.slots[at];
      if (slot == kEmpty) return kNone;
      const auto id = static_cast<uint32_t>(slot);
      if (slot >> 32 == hash && is_equal(id)) return id;
      if (++at == partition.num_slots) at = 0;
    }
  }

  /// The first id of that hash, whatever its key; kNone if there is none. For prefetching.
  uint32_t FindCandidate(uint32_t hash) const {
    return Find(hash, [](uint32_t) { return true; });
  }
  /// Asks for the memory that Find(hash) begins in.
  void Prefetch(uint32_t hash) const {
    const Partition& partition = PartitionOf(hash);
    if (partition.num_slots != 0)
      __builtin_prefetch(partition.slots.get() + PositionOf(partition, hash));
  }

  /// Requires that the key is not there, and an id that is not kNone.
  void Insert(uint32_t hash, uint32_t id);

  /// Makes room for `num_ids` ids in all, so that they are put in without growing (nearly).
  void Reserve(size_t num_ids);

  size_t size() const { return size_; }
  static uint64_t EntryOf(uint32_t hash, uint32_t id) { return uint64_t{hash} << 32 | id; }

  /// Puts in many, one partition after the other: each insertion of its own waits for memory. False
  /// when `is_same(a, b)` holds for two ids of one hash; some are put in then.
  template <typename IsSame>
  bool InsertAll(std::span<const uint64_t> entries, IsSame&& is_same) {
    Reserve(size_ + entries.size());
    for (const uint64_t entry : ByPartition(entries)) {
      const auto hash = static_cast<uint32_t>(entry >> 32), id = static_cast<uint32_t>(entry);
      const auto is_equal = [&](uint32_t other) { return is_same(id, other); };
      if (Find(hash, is_equal) != kNone) return false;
      Insert(hash, id);
    }
    return true;
  }

  uint64_t bytes() const;

 private:
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static constexpr unsigned kPartitionBits = 6;

  struct Partition {
    std::unique_ptr<uint64_t[]> slots;
    uint32_t num_slots = 0;
    uint32_t num_used = 0;
  };

  const Partition& PartitionOf(uint32_t hash) const {
    return partitions_.size() == 1 ? partitions_[0] : partitions_[hash >> (32 - kPartitionBits)];
  }
  Partition& PartitionOf(uint32_t hash) {
    return const_cast<Partition&>(std::as_const(*this).PartitionOf(hash));
  }
  uint32_t PositionOf(const Partition& partition, uint32_t hash) const {
    const uint32_t rest = partitions_.size() == 1 ? hash : hash << kPartitionBits;
    return static_cast<uint32_t>(uint64_t{rest} * partition.num_slots >> 32);
  }
  static std::vector<uint64_t> ByPartition(std::span<const uint64_t> entries);
  void Place(Partition& partition, uint64_t slot);
  void Resize(Partition& partition, uint32_t num_slots);
  void Split();

  std::vector<Partition> partitions_;  // One, or 2^kPartitionBits.
  size_t size_ = 0;
};

}  // namespace stria::storage
