// Some series of an index: which a scan wants, and their positions among those that it wants.
//
// Takes memory for what it holds, not for what the index has: a hash table of ids for a few series
// of many, an array by id otherwise, nothing for all.

#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "storage/types/ids.h"

namespace stria::storage {

/// Thread safety: immutable.
class SeriesSubset {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  /// Holds `ids`, which ascend and are below `num_series`, the number that the index has.
  SeriesSubset(std::span<const SeriesId> ids, uint32_t num_series);

  uint32_t size() const { return size_; }

  /// The position of `id` among those that are held, kNone for another.
  uint32_t Find(SeriesId id) const {
    const uint32_t value = id.value();
    switch (form_) {
      case Form::kAll: return value < size_ ? value : kNone;
      case Form::kArray: return value < positions_.size() ? positions_[value] : kNone;
      case Form::kHash: break;
    }
    if (value < least_ || value > greatest_) return kNone;
    for (size_t at = SlotOf(value);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].second == kNone) return kNone;
      if (slots_[at].first == value) return slots_[at].second;
    }
  }
  bool Contains(SeriesId id) const { return Find(id) != kNone; }

  /// Bytes in memory.
  uint64_t bytes() const {
    return positions_.capacity() * sizeof(uint32_t) + slots_.capacity() * sizeof(slots_[0]);
  }

 private:
  enum class Form : uint8_t { kAll, kArray, kHash };

  size_t SlotOf(uint32_t id) const { return (id * uint64_t{0x9E3779B97F4A7C15}) >> shift_; }

  Form form_ = Form::kAll;
  uint32_t size_ = 0;
  std::vector<uint32_t> positions_;                   // By id.
  std::vector<std::pair<uint32_t, uint32_t>> slots_;  // Id and position; kNone is empty.
  unsigned shift_ = 0;
  uint32_t least_ = 0, greatest_ = 0;
};

}  // namespace stria::storage
