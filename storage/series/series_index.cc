#include "storage/series/series_index.h"

#include <algorithm>
#include <utility>

#include <roaring/roaring.hh>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/checksum.h"
#include "storage/base/errors.h"
#include "storage/series/key_order.h"
#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

// Look-ups that wait for memory together: the processor follows about ten misses at once.
constexpr size_t kBatch = 16;

constexpr size_t kMaxKeyBytes = 4 << 20;

}  // namespace

uint32_t TableSeriesIndex::HashOf(std::string_view key) {
  return static_cast<uint32_t>(Checksum(AsBytes(key)));
}

uint32_t TableSeriesIndex::Find(std::string_view key, uint32_t hash) const {
  return ids_.Find(hash, [&](uint32_t id) { return keys_.IsKeyOf(id, key); });
}

uint32_t TableSeriesIndex::Add(std::string_view key, uint32_t hash) {
  const auto tags = ParseSeriesKey(key);
  STRIA_CHECK(tags && key.size() < kMaxKeyBytes);
  const std::unique_lock lock(mutex_);
  const uint32_t id = keys_.num_series();
  keys_.Add(*tags);
  ids_.Insert(hash, id);
  num_series_.store(id + 1, std::memory_order_release);  // Read by num_series().
  return id;
}

SeriesId TableSeriesIndex::FindOrAdd(std::string_view key, bool& added) {
  const uint32_t hash = HashOf(key);
  const uint32_t id = Find(key, hash);
  added = id == IdTable::kNone;
  return SeriesId(added ? Add(key, hash) : id);
}

// At most kBatch keys, whose memory is waited for together.
void TableSeriesIndex::FindBatch(std::span<const std::string_view> keys, uint32_t* hashes,
                                 uint32_t* ids) const {
  const size_t num = keys.size();
  for (size_t i = 0; i < num; ++i) {
    hashes[i] = HashOf(keys[i]);
    ids_.Prefetch(hashes[i]);
  }
  for (size_t i = 0; i < num; ++i)
    ids[i] = ids_.FindCandidate(hashes[i]);
  for (int step = 0; step < 3; ++step) {
    for (size_t i = 0; i < num; ++i) {
      if (ids[i] != IdTable::kNone) keys_.Prefetch(ids[i], step);
    }
  }
  for (size_t i = 0; i < num; ++i) {
    if (ids[i] != IdTable::kNone && !keys_.IsKeyOf(ids[i], keys[i]))
      ids[i] = Find(keys[i], hashes[i]);
  }
}

void TableSeriesIndex::FindOrAdd(std::span<const std::string_view> keys, std::span<uint32_t> ids,
                                 std::vector<uint32_t>& added) {
  for (size_t begin = 0; begin < keys.size(); begin += kBatch) {
    const size_t num = std::min(kBatch, keys.size() - begin);
    uint32_t hashes[kBatch];
    FindBatch(keys.subspan(begin, num), hashes, ids.data() + begin);
    for (size_t i = begin; i < begin + num; ++i) {
      // One before it in the batch may have added it.
      if (ids[i] == IdTable::kNone) ids[i] = Find(keys[i], hashes[i - begin]);
      if (ids[i] != IdTable::kNone) continue;
      ids[i] = Add(keys[i], hashes[i - begin]);
      added.push_back(static_cast<uint32_t>(i));
    }
  }
}

void TableSeriesIndex::Find(std::span<const std::string_view> keys, std::span<uint32_t> ids) const {
  for (size_t begin = 0; begin < keys.size(); begin += kBatch) {
    const size_t num = std::min(kBatch, keys.size() - begin);
    uint32_t hashes[kBatch];
    const std::shared_lock lock(mutex_);
    FindBatch(keys.subspan(begin, num), hashes, ids.data() + begin);
  }
}

std::optional<SeriesId> TableSeriesIndex::Find(std::string_view key) const {
  const std::shared_lock lock(mutex_);
  const uint32_t id = Find(key, HashOf(key));
  return id == IdTable::kNone ? std::nullopt : std::optional(SeriesId(id));
}

Status TableSeriesIndex::RefuseId(SeriesId id, std::string_view key, uint32_t found) const {
  return Corruption("series {} is given id {}, want {}", FormatSeriesKey(key), id.value(),
                    found != IdTable::kNone ? found : keys_.num_series());
}

Status TableSeriesIndex::Restore(SeriesId id, std::string_view key) {
  const uint32_t hash = HashOf(key);
  const uint32_t found = Find(key, hash);
  if (found == id.value()) return Status::Ok();
  if (found != IdTable::kNone || id.value() != keys_.num_series()) return RefuseId(id, key, found);
  if (key.size() >= kMaxKeyBytes) return Corruption("a series key of {} bytes", key.size());
  if (const auto tags = ParseSeriesKey(key); !tags) return tags.error();
  Add(key, hash);
  return Status::Ok();
}

Status TableSeriesIndex::Restore(SeriesId first, std::span<const CodedKey> keys) {
  std::string texts[kBatch];
  uint32_t hashes[kBatch];
  uint32_t id = first.value();
  for (size_t begin = 0; begin < keys.size(); begin += kBatch) {
    const auto batch = keys.subspan(begin, std::min(kBatch, keys.size() - begin));
    for (size_t i = 0; i < batch.size(); ++i) {
      texts[i].clear();
      keys_.AppendKey(batch[i].shape, batch[i].codes, texts[i]);
      hashes[i] = HashOf(texts[i]);
      ids_.Prefetch(hashes[i]);
    }
    const std::unique_lock lock(mutex_);
    for (size_t i = 0; i < batch.size(); ++i, ++id) {
      const uint32_t found = Find(texts[i], hashes[i]);
      if (found == id) continue;
      if (found != IdTable::kNone || id != keys_.num_series())
        return RefuseId(SeriesId(id), texts[i], found);
      keys_.Add(batch[i].shape, batch[i].codes);
      ids_.Insert(hashes[i], id);
    }
    num_series_.store(keys_.num_series(), std::memory_order_release);  // Read by num_series().
  }
  return Status::Ok();
}

void TableSeriesIndex::Append(std::span<const CodedKey> keys) {
  std::string text;
  const std::unique_lock lock(mutex_);
  for (const CodedKey& key : keys) {
    text.clear();
    keys_.AppendKey(key.shape, key.codes, text);
    appended_.push_back(IdTable::EntryOf(HashOf(text), keys_.num_series()));
    keys_.Add(key.shape, key.codes);
  }
  num_series_.store(keys_.num_series(), std::memory_order_release);  // Read by num_series().
}

Status TableSeriesIndex::FinishAppend() {
  const std::unique_lock lock(mutex_);
  const auto appended = std::exchange(appended_, {});
  std::string key, other_key;
  const bool are_new = ids_.InsertAll(appended, [&](uint32_t id, uint32_t other) {
    key.clear();
    other_key.clear();
    keys_.AppendKey(id, key);
    keys_.AppendKey(other, other_key);
    return key == other_key;
  });
  return are_new ? Status::Ok() : Corruption("series {} is there twice", FormatSeriesKey(key));
}

void TableSeriesIndex::Reserve(size_t num_series) {
  const std::unique_lock lock(mutex_);
  ids_.Reserve(num_series);
}

void TableSeriesIndex::AppendKey(SeriesId id, std::string& key) const {
  const std::shared_lock lock(mutex_);
  keys_.AppendKey(id.value(), key);
}

std::string TableSeriesIndex::KeyOf(SeriesId id) const {
  std::string key;
  AppendKey(id, key);
  return key;
}

std::shared_ptr<const std::vector<uint32_t>> TableSeriesIndex::Ranks() {
  const std::lock_guard making(ranks_mutex_);
  const uint32_t num = num_series();
  if (ranks_->size() == num) return ranks_;
  auto ranks =
      std::make_shared<const std::vector<uint32_t>>(ExtendRanks(keys_, *ranks_, num, mutex_));
  const std::lock_guard lock(ranks_pointer_mutex_);
  ranks_ = std::move(ranks);
  return ranks_;
}

void TableSeriesIndex::ReadColumns(const std::function<void(const KeyColumns&)>& read) const {
  const std::shared_lock lock(mutex_);
  read(keys_);
}

void TableSeriesIndex::ChangeColumns(const std::function<void(KeyColumns&)>& change) {
  const std::unique_lock lock(mutex_);
  change(keys_);
}

std::optional<TagCount> TableSeriesIndex::LargestTag() const {
  const std::shared_lock lock(mutex_);
  std::optional<TagCount> largest;
  for (uint32_t i = 0; i < keys_.num_tags(); ++i) {
    const auto& tag = keys_.tag(i);
    const uint32_t num_values = tag.values.size();
    if (num_values == 0 || (largest && largest->num_values >= num_values)) continue;
    largest = {tag.name, num_values, std::string(tag.values[num_values - 1])};
  }
  return largest;
}

}  // namespace stria::storage
