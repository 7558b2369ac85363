#include "query/aggregate/word_table.h"

#include <algorithm>

namespace stria::query {
namespace {

constexpr size_t kFirstSlots = 64;
constexpr uint64_t kLowHalf = 0xFFFFFFFF;

uint64_t HashOf(const uint64_t* words, size_t num_words) {
  // Multiplicative hashing with a fold of the high bits between words: keys are codes and times,
  // which differ in few bits.
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
  uint64_t hash = kGolden;
  for (size_t i = 0; i < num_words; ++i) {
    hash = (hash ^ words[i]) * kGolden;
    hash ^= hash >> 32;
  }
  return hash * kGolden;
}

}  // namespace

uint32_t WordTable::FindOrAdd(const uint64_t* words) {
  if ((size_ + 1) * 2 > slots_.size()) Grow();
  const uint64_t hash = HashOf(words, words_per_key_);
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t slot = (hash >> 32) & mask;; slot = (slot + 1) & mask) {
    const uint64_t entry = slots_[slot];
    if (entry == 0) {
      slots_[slot] = (hash & ~kLowHalf) | (size_ + 1);
      keys_.insert(keys_.end(), words, words + words_per_key_);
      return static_cast<uint32_t>(size_++);
    }
    if (((entry ^ hash) & ~kLowHalf) != 0) continue;
    const auto number = static_cast<uint32_t>((entry & kLowHalf) - 1);
    if (std::equal(words, words + words_per_key_, KeyOf(number))) return number;
  }
}

void WordTable::Grow() {
  std::vector<uint64_t> slots(std::max(kFirstSlots, slots_.size() * 2));
  const uint64_t mask = slots.size() - 1;
  for (const uint64_t entry : slots_) {
    if (entry == 0) continue;
    uint64_t slot = (entry >> 32) & mask;
    while (slots[slot] != 0)
      slot = (slot + 1) & mask;
    slots[slot] = entry;
  }
  slots_ = std::move(slots);
}

}  // namespace stria::query
