#include "storage/series/id_table.h"

#include <algorithm>
#include <array>

namespace stria::storage {
namespace {

// From here on a table is divided: moving a partition of it then takes well under a millisecond.
constexpr size_t kMaxUndivided = 64 * 1024;

constexpr uint32_t kMinSlots = 16;
// Below it a table doubles, so that a small one is not moved again and again.
constexpr uint32_t kMaxDoubling = 1024;

// Slots of which four in five are `num_ids`.
uint32_t SlotsFor(uint64_t num_ids) {
  return static_cast<uint32_t>(std::max<uint64_t>(kMinSlots, num_ids * 5 / 4 + 1));
}

}  // namespace

void IdTable::Place(Partition& partition, uint64_t slot) {
  uint32_t at = PositionOf(partition, static_cast<uint32_t>(slot >> 32));
  while (partition.slots[at] != kEmpty) {
    if (++at == partition.num_slots) at = 0;
  }
  partition.slots[at] = slot;
}

void IdTable::Resize(Partition& partition, uint32_t num_slots) {
  const auto old =
      std::exchange(partition.slots, std::make_unique_for_overwrite<uint64_t[]>(num_slots));
  const uint32_t num_old = std::exchange(partition.num_slots, num_slots);
  std::fill_n(partition.slots.get(), num_slots, kEmpty);
  for (uint32_t i = 0; i < num_old; ++i) {
    if (old[i] != kEmpty) Place(partition, old[i]);
  }
}

void IdTable::Split() {
  std::vector<Partition> old(size_t{1} << kPartitionBits);
  old.swap(partitions_);
  const Partition& whole = old[0];
  for (Partition& partition : partitions_)
    Resize(partition, SlotsFor(2 * (whole.num_used >> kPartitionBits)));
  for (uint32_t i = 0; i < whole.num_slots; ++i) {
    if (whole.slots[i] == kEmpty) continue;
    Insert(static_cast<uint32_t>(whole.slots[i] >> 32), static_cast<uint32_t>(whole.slots[i]));
    --size_;
  }
}

void IdTable::Insert(uint32_t hash, uint32_t id) {
  if (partitions_.size() == 1 && size_ >= kMaxUndivided) Split();
  Partition& partition = PartitionOf(hash);
  if (uint64_t{partition.num_used + 1} * 5 > uint64_t{partition.num_slots} * 4) {
    const uint32_t slots = partition.num_slots;
    Resize(partition, slots < kMaxDoubling ? std::max(kMinSlots, 2 * slots) : slots + slots / 4);
  }
  Place(partition, uint64_t{hash} << 32 | id);
  ++partition.num_used;
  ++size_;
}

// `entries` sorted by the partition that they are in once there are many.
std::vector<uint64_t> IdTable::ByPartition(std::span<const uint64_t> entries) {
  std::array<size_t, (size_t{1} << kPartitionBits) + 1> begins{};
  const auto partition_of = [](uint64_t entry) { return entry >> (64 - kPartitionBits); };
  for (const uint64_t entry : entries)
    ++begins[partition_of(entry) + 1];
  for (size_t i = 1; i < begins.size(); ++i)
    begins[i] += begins[i - 1];
  std::vector<uint64_t> sorted(entries.size());
  for (const uint64_t entry : entries)
    sorted[begins[partition_of(entry)]++] = entry;
  return sorted;
}

void IdTable::Reserve(size_t num_ids) {
  if (partitions_.size() == 1 && num_ids > kMaxUndivided) Split();
  // Partitions differ: 3 % is six standard deviations at the size where tables are divided.
  const uint64_t each =
      partitions_.size() == 1 ? num_ids : (num_ids + num_ids / 32) >> kPartitionBits;
  for (Partition& partition : partitions_) {
    if (SlotsFor(each) > partition.num_slots) Resize(partition, SlotsFor(each));
  }
}

uint64_t IdTable::bytes() const {
  uint64_t bytes = sizeof(*this) + partitions_.capacity() * sizeof(Partition);
  for (const Partition& partition : partitions_)
    bytes += uint64_t{partition.num_slots} * sizeof(uint64_t);
  return bytes;
}

}  // namespace stria::storage
