#include "storage/series/series_index.h"

#include <algorithm>
#include <mutex>

#include "storage/base/errors.h"
#include "storage/types/like_pattern.h"
#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

// Whether a value satisfies the predicate; not for kIsNull and kIsNotNull.
bool Holds(const TagPredicate& predicate, std::string_view value) {
  switch (predicate.op) {
    case TagOp::kIn: return std::ranges::find(predicate.values, value) != predicate.values.end();
    case TagOp::kNotIn: return std::ranges::find(predicate.values, value) == predicate.values.end();
    case TagOp::kLike: return MatchesLike(value, predicate.values[0]);
    case TagOp::kNotLike: return !MatchesLike(value, predicate.values[0]);
    case TagOp::kRange:
      if (predicate.has_low &&
          (predicate.low_exclusive ? value <= predicate.low : value < predicate.low)) {
        return false;
      }
      return !predicate.has_high ||
             (predicate.high_exclusive ? value < predicate.high : value <= predicate.high);
    case TagOp::kIsNull:
    case TagOp::kIsNotNull: break;
  }
  return false;
}

}  // namespace

uint32_t TableSeriesIndex::num_series() const {
  const std::shared_lock lock(mutex_);
  return static_cast<uint32_t>(keys_.size());
}

SeriesId TableSeriesIndex::FindOrAdd(std::string_view key, bool& added) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = ids_.find(key);
    added = found == ids_.end();
    if (!added) return SeriesId(found->second);
  }
  const std::unique_lock lock(mutex_);
  return Add(key);
}

SeriesId TableSeriesIndex::Add(std::string_view key) {
  const auto id = static_cast<uint32_t>(keys_.size());
  const std::string& stored = keys_.emplace_back(key);
  ids_.emplace(stored, id);
  key_bytes_ += key.size();
  // A key that does not parse has no tags; FindOrAdd() requires that it does.
  const auto tags = ParseSeriesKey(stored);
  if (!tags) return SeriesId(id);
  for (const auto& [name, value] : *tags) {
    Tag& tag = tags_[std::string(name)];
    auto code = tag.codes_of.find(value);
    if (code == tag.codes_of.end()) {
      const auto& kept = tag.values.emplace_back(value);
      code = tag.codes_of.emplace(kept, static_cast<int32_t>(tag.values.size() - 1)).first;
    }
    tag.codes.resize(id, -1);
    tag.codes.push_back(code->second);
  }
  return SeriesId(id);
}

Status TableSeriesIndex::Restore(SeriesId id, std::string_view key) {
  const std::unique_lock lock(mutex_);
  const auto found = ids_.find(key);
  if (found != ids_.end() && found->second == id.value()) return Status::Ok();
  if (found != ids_.end() || id.value() != keys_.size()) {
    return Corruption("series {} is given id {}, want {}", FormatSeriesKey(key), id.value(),
                      found != ids_.end() ? found->second : keys_.size());
  }
  STRIA_RETURN_IF_ERROR([&]() -> Status {
    const auto tags = ParseSeriesKey(key);
    return tags ? Status::Ok() : tags.error();
  }());
  Add(key);
  return Status::Ok();
}

std::string_view TableSeriesIndex::KeyOf(SeriesId id) const {
  const std::shared_lock lock(mutex_);
  return keys_[id.value()];
}

std::shared_ptr<const std::vector<uint32_t>> TableSeriesIndex::Ranks() {
  const std::unique_lock lock(mutex_);
  if (ranks_->size() == keys_.size()) return ranks_;
  // Sort the new ids only, and merge them into the order that is known.
  const auto num_known = static_cast<std::ptrdiff_t>(order_.size());
  for (auto id = static_cast<uint32_t>(order_.size()); id < keys_.size(); ++id)
    order_.push_back(id);
  const auto by_key = [&](uint32_t a, uint32_t b) { return keys_[a] < keys_[b]; };
  std::sort(order_.begin() + num_known, order_.end(), by_key);
  std::inplace_merge(order_.begin(), order_.begin() + num_known, order_.end(), by_key);
  auto ranks = std::make_shared<std::vector<uint32_t>>(order_.size());
  for (uint32_t rank = 0; rank < order_.size(); ++rank)
    (*ranks)[order_[rank]] = rank;
  ranks_ = ranks;
  return ranks_;
}

std::vector<uint8_t> TableSeriesIndex::Evaluate(const TagPredicate& predicate) const {
  const size_t num_series = keys_.size();
  const bool wants_null = predicate.op == TagOp::kIsNull;
  std::vector<uint8_t> holds(num_series, wants_null ? 1 : 0);
  const auto found = tags_.find(predicate.tag);
  if (found == tags_.end()) return holds;
  const Tag& tag = found->second;
  // Once for each distinct value, then a table look-up for each series.
  std::vector<uint8_t> value_holds(tag.values.size(), 0);
  for (size_t code = 0; code < tag.values.size(); ++code) {
    value_holds[code] =
        predicate.op == TagOp::kIsNotNull || (!wants_null && Holds(predicate, tag.values[code]));
  }
  for (size_t id = 0; id < tag.codes.size(); ++id) {
    if (tag.codes[id] >= 0) holds[id] = value_holds[static_cast<size_t>(tag.codes[id])];
  }
  return holds;
}

std::vector<SeriesId> TableSeriesIndex::Match(std::span<const TagPredicate> predicates) const {
  const std::shared_lock lock(mutex_);
  std::vector<uint8_t> matches(keys_.size(), 1);
  for (const auto& predicate : predicates) {
    const auto holds = Evaluate(predicate);
    for (size_t id = 0; id < matches.size(); ++id)
      matches[id] &= holds[id];
  }
  std::vector<SeriesId> ids;
  for (uint32_t id = 0; id < matches.size(); ++id) {
    if (matches[id] != 0) ids.emplace_back(id);
  }
  return ids;
}

TagCodes TableSeriesIndex::CodesOf(std::string_view name, std::span<const SeriesId> ids) const {
  const std::shared_lock lock(mutex_);
  TagCodes result;
  result.codes.assign(ids.size(), -1);
  const auto found = tags_.find(std::string(name));
  if (found == tags_.end()) return result;
  const Tag& tag = found->second;
  std::vector<int32_t> local_of(tag.values.size(), -1);
  for (size_t i = 0; i < ids.size(); ++i) {
    const size_t id = ids[i].value();
    const int32_t code = id < tag.codes.size() ? tag.codes[id] : -1;
    if (code < 0) continue;
    int32_t& local = local_of[static_cast<size_t>(code)];
    if (local < 0) {
      local = static_cast<int32_t>(result.dictionary.size());
      result.dictionary.push_back(tag.values[static_cast<size_t>(code)]);
    }
    result.codes[i] = local;
  }
  return result;
}

uint64_t TableSeriesIndex::bytes() const {
  const std::shared_lock lock(mutex_);
  constexpr uint64_t kBytesASeries = 96;  // String, map node and rank, measured on libstdc++.
  return key_bytes_ + keys_.size() * (kBytesASeries + 4 * tags_.size());
}

}  // namespace stria::storage
