// Finds the texts of a body's series by hash: 8 bytes a slot, the texts themselves lie in the body.

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace stria::ingest {

/// Hash to index. Thread safety: thread-compatible.
class TextTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  ///< no index

  /// The index of that hash for which `is_equal(index)` holds; kNone if there is none.
  template <typename IsEqual>
  uint32_t Find(uint64_t hash, IsEqual&& is_equal) const {
    if (slots_.empty()) return kNone;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.index == kNone) return kNone;
      if (slot.tag == tag && is_equal(slot.index)) return slot.index;
    }
  }

  /// Requires that it is not there. `hash_of(index)` gives the hash of any index that was inserted.
  template <typename HashOf>
  void Insert(uint64_t hash, uint32_t index, HashOf&& hash_of) {
    if (2 * (size_ + 1) > slots_.size()) {
      std::vector<Slot> larger(slots_.empty() ? kFirstSlots : 2 * slots_.size());
      const std::vector<Slot> taken = std::exchange(slots_, std::move(larger));
      mask_ = slots_.size() - 1;
      for (const Slot& slot : taken) {
        if (slot.index != kNone) Place(hash_of(slot.index), slot.index);
      }
    }
    Place(hash, index);
    ++size_;
  }

 private:
  static constexpr size_t kFirstSlots = 64;

  struct Slot {
    uint32_t tag = 0;
    uint32_t index = kNone;
  };

  void Place(uint64_t hash, uint32_t index) {
    size_t at = hash & mask_;
    while (slots_[at].index != kNone)
      at = (at + 1) & mask_;
    slots_[at] = {static_cast<uint32_t>(hash >> 32), index};
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace stria::ingest
