#include "storage/engine/series_text_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/catalog/catalog.h"

namespace stria::storage {
namespace {

constexpr size_t kEntryAlignment = 16;
constexpr unsigned kPlaceBits = 14;
constexpr unsigned kBlockBits = 20;
constexpr unsigned kHashBits = 29;
constexpr uint64_t kTaken = uint64_t{1} << 63;
constexpr uint64_t kHashMask = ((uint64_t{1} << kHashBits) - 1) << (kPlaceBits + kBlockBits);
constexpr size_t kFirstBuckets = 64;  // A power of two, as all numbers of buckets are.
constexpr uint64_t kAdmitOneIn = 8;   // A guess; see the header.

// The bits of a hash that a slot keeps; the low ones choose the bucket.
uint64_t HashPart(uint64_t hash) {
  return (hash >> (64 - kHashBits)) << (kPlaceBits + kBlockBits);
}

}  // namespace

struct SeriesTextCache::Entry {
  uint64_t hash = 0;
  uint32_t text_bytes = 0;
  SeriesPlace place;

  std::string_view text() const { return {reinterpret_cast<const char*>(this + 1), text_bytes}; }
  static size_t BytesFor(size_t text_bytes) {
    return (sizeof(Entry) + text_bytes + kEntryAlignment - 1) / kEntryAlignment * kEntryAlignment;
  }
};

struct SeriesTextCache::Block {
  explicit Block(uint32_t block_number)
      : number(block_number), bytes(std::make_unique_for_overwrite<std::byte[]>(kBlockBytes)) {}

  const Entry* At(size_t offset) const {
    return reinterpret_cast<const Entry*>(bytes.get() + offset);
  }

  const uint32_t number;  // Modulo 2^kBlockBits.
  const std::unique_ptr<std::byte[]> bytes;
  size_t used = 0;  // Of the writer.
};

const SeriesTextCache::Entry* SeriesTextCache::State::EntryOf(uint64_t slot) const {
  constexpr uint64_t kBlockMask = (uint64_t{1} << kBlockBits) - 1;
  constexpr uint64_t kPlaceMask = (uint64_t{1} << kPlaceBits) - 1;
  const uint64_t index = ((slot >> kPlaceBits) - first_block) & kBlockMask;
  return index < blocks.size() ? blocks[index]->At((slot & kPlaceMask) * kEntryAlignment) : nullptr;
}

const SeriesTextCache::Entry* SeriesTextCache::State::Find(uint64_t hash,
                                                           std::string_view text) const {
  const Bucket& bucket = (*buckets)[hash & (buckets->size() - 1)];
  const uint64_t wanted = kTaken | HashPart(hash);
  for (const auto& place : bucket.slots) {
    const uint64_t slot = place.load(std::memory_order_acquire);  // Pairs with Place().
    if ((slot & (kTaken | kHashMask)) != wanted) continue;
    const Entry* const entry = EntryOf(slot);
    if (entry != nullptr && entry->hash == hash && entry->text() == text) return entry;
  }
  return nullptr;
}

SeriesTextCache::SeriesTextCache(uint64_t max_bytes, uint64_t seed)
    : max_bytes_(max_bytes), seed_(seed), random_(seed | 1) {
  static_assert(kBlockBytes / kEntryAlignment <= size_t{1} << kPlaceBits);
  static_assert(alignof(Entry) <= kEntryAlignment);
}

KnownSeries SeriesTextCache::Read(std::string_view database,
                                  std::shared_ptr<const CatalogSnapshot> catalog) const {
  const MutexLock lock(mutex_);
  return {database, std::move(catalog), state_, Checksum(AsBytes(database), seed_)};
}

void SeriesTextCache::Add(std::span<const SeriesText> texts) {
  if (texts.empty() || max_bytes_ < 2 * kBlockBytes) return;
  const MutexLock lock(mutex_);
  auto state = state_ == nullptr ? std::make_shared<State>() : std::make_shared<State>(*state_);
  if (state->buckets == nullptr)
    state->buckets = std::make_shared<std::vector<Bucket>>(kFirstBuckets);
  for (const auto& text : texts)
    AddOne(*state, text);
  bytes_.store(BytesOf(*state), std::memory_order_relaxed);
  state_ = std::move(state);
}

void SeriesTextCache::AddOne(State& state, const SeriesText& text) {
  const size_t entry_bytes = Entry::BytesFor(text.text.size());
  if (entry_bytes > kBlockBytes) return;
  if (full_ && NextRandom() % kAdmitOneIn != 0) return;
  if (const Entry* const entry = state.Find(text.hash, text.text); entry != nullptr) {
    if (entry->place == text.place) return;
    Remove(state, *entry);  // Of a table that was dropped.
  }
  // Buckets are to be half full at most, so that less than one text in a hundred finds no place.
  if (2 * (num_entries_ + 1) > kBucketSlots * state.buckets->size()) {
    GrowBuckets(state);
    MakeRoom(state, 0);
  }
  if (open_ == nullptr || kBlockBytes - open_->used < entry_bytes) {
    MakeRoom(state, kBlockBytes);
    const auto next = (state.first_block + static_cast<uint32_t>(state.blocks.size())) &
                      ((uint32_t{1} << kBlockBits) - 1);
    open_ = std::make_shared<Block>(next);
    state.blocks.push_back(open_);
  }
  const size_t offset = open_->used;
  auto* const entry =
      new (open_->bytes.get() + offset) Entry{.hash = text.hash,
                                              .text_bytes = static_cast<uint32_t>(text.text.size()),
                                              .place = text.place};
  std::memcpy(entry + 1, text.text.data(), text.text.size());
  open_->used += entry_bytes;
  Place(state, text.hash,
        kTaken | HashPart(text.hash) | uint64_t{open_->number} << kPlaceBits |
            offset / kEntryAlignment);
  ++num_entries_;
}

// Into a free slot of its bucket, or that of another text.
void SeriesTextCache::Place(const State& state, uint64_t hash, uint64_t slot) {
  Bucket& bucket = (*state.buckets)[hash & (state.buckets->size() - 1)];
  auto place = std::ranges::find_if(bucket.slots, [](const std::atomic<uint64_t>& other) {
    return other.load(std::memory_order_relaxed) == 0;
  });
  if (place == bucket.slots.end()) place = bucket.slots.begin() + NextRandom() % kBucketSlots;
  place->store(slot, std::memory_order_release);  // The entry before it; pairs with Find().
}

void SeriesTextCache::MakeRoom(State& state, uint64_t num_bytes) {
  while (!state.blocks.empty() && BytesOf(state) + num_bytes > max_bytes_)
    DropOldest(state);
}

// Takes what refers to the entry away; its bytes go with the block.
void SeriesTextCache::Remove(const State& state, const Entry& entry) {
  for (auto& slot : (*state.buckets)[entry.hash & (state.buckets->size() - 1)].slots) {
    const uint64_t value = slot.load(std::memory_order_relaxed);
    if (value != 0 && state.EntryOf(value) == &entry) slot.store(0, std::memory_order_relaxed);
  }
}

void SeriesTextCache::DropOldest(State& state) {
  const Block& block = *state.blocks.front();
  for (size_t offset = 0; offset < block.used;) {
    const Entry* const entry = block.At(offset);
    Remove(state, *entry);
    offset += Entry::BytesFor(entry->text_bytes);
    --num_entries_;
  }
  if (state.blocks.size() == 1) open_ = nullptr;
  state.blocks.erase(state.blocks.begin());
  state.first_block = (state.first_block + 1) & ((uint32_t{1} << kBlockBits) - 1);
  full_ = true;
}

void SeriesTextCache::GrowBuckets(State& state) {
  const auto old = state.buckets;
  state.buckets = std::make_shared<std::vector<Bucket>>(2 * old->size());
  for (const Bucket& bucket : *old) {
    for (const auto& slot : bucket.slots) {
      const uint64_t value = slot.load(std::memory_order_relaxed);
      if (value != 0) Place(state, state.EntryOf(value)->hash, value);
    }
  }
}

uint64_t SeriesTextCache::BytesOf(const State& state) const {
  return state.blocks.size() * kBlockBytes + state.buckets->size() * sizeof(Bucket);
}

// Source: G. Marsaglia, "Xorshift RNGs", 2003.
uint64_t SeriesTextCache::NextRandom() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return random_ >> 11;
}

KnownSeries::KnownSeries(std::string_view database, std::shared_ptr<const CatalogSnapshot> catalog,
                         std::shared_ptr<const SeriesTextCache::State> state, uint64_t seed)
    : database_(database), catalog_(std::move(catalog)), state_(std::move(state)), seed_(seed) {
  if (state_ == nullptr) return;
  buckets_ = state_->buckets->data();
  mask_ = state_->buckets->size() - 1;
}

uint64_t KnownSeries::Hash(std::string_view text) const {
  return Checksum(AsBytes(text), seed_);
}

void KnownSeries::PrefetchText(uint64_t hash) const {
  if (mask_ == 0) return;
  const uint64_t wanted = kTaken | HashPart(hash);
  for (const auto& place : buckets_[hash & mask_].slots) {
    const uint64_t slot = place.load(std::memory_order_acquire);
    if ((slot & (kTaken | kHashMask)) != wanted) continue;
    const auto* const entry = reinterpret_cast<const char*>(state_->EntryOf(slot));
    if (entry == nullptr) continue;
    constexpr size_t kLine = 64;
    for (size_t line = 0; line < 4; ++line)
      __builtin_prefetch(entry + line * kLine);
  }
}

const SeriesPlace* KnownSeries::Find(uint64_t hash, std::string_view text) const {
  if (state_ == nullptr) return nullptr;
  const auto* const entry = state_->Find(hash, text);
  return entry == nullptr ? nullptr : &entry->place;
}

bool KnownSeries::TableOf(std::string_view name, TableId& id) const {
  const auto schema = catalog_->Find(database_, name);
  if (schema == nullptr) return false;
  id = schema->id;
  return true;
}

}  // namespace stria::storage
