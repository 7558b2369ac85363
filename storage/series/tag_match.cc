// The part of the series index that answers predicates: which series, and what values they have.

#include <algorithm>
#include <numeric>

#include <roaring/roaring.hh>

#include "storage/series/series_index.h"
#include "storage/series/tag_postings.h"
#include "storage/series/tag_test.h"

namespace stria::storage {
namespace {

// Values or series that are looked at before the writer gets a chance.
constexpr uint32_t kStretch = 16 * 1024;

// Series that are too new for postings, and looked at one by one: 50 us at most.
constexpr uint32_t kMaxUnposted = 64 * 1024;

constexpr uint32_t kNone = CodeColumn::kNone;

// What a predicate costs to find series by: the cheap ones go first, the others may then be asked
// of few series.
int CostClass(const TagPredicate& predicate) {
  switch (predicate.op) {
    case TagOp::kIn: return 0;
    case TagOp::kRange:
    case TagOp::kLike:
    case TagOp::kRegex: return 1;
    default: return 2;
  }
}

Roaring FirstSeries(uint32_t end) {
  Roaring series;
  series.addRange(0, end);
  return series;
}

}  // namespace

TableSeriesIndex::TableSeriesIndex() = default;
TableSeriesIndex::~TableSeriesIndex() = default;

std::shared_ptr<const TagPostings> TableSeriesIndex::PostingsOf(const KeyColumns::Tag& tag,
                                                                uint32_t end) const {
  const std::lock_guard lock(postings_mutex_);
  auto& postings = postings_[&tag];
  const uint32_t num_posted = postings == nullptr ? 0 : postings->num_series();
  if (end > num_posted && end - num_posted > std::max(kMaxUnposted, num_posted / 8))
    postings = TagPostings::Make(tag, end, mutex_);
  return postings;
}

// The series in [begin, end) with one of `codes`, which ascend.
void TableSeriesIndex::AddByScan(const KeyColumns::Tag& tag, std::span<const uint32_t> codes,
                                 uint32_t begin, uint32_t end, Roaring& series) const {
  if (codes.empty()) return;
  std::vector<bool> is_wanted;
  if (codes.size() > 4) {
    is_wanted.resize(codes.back() + 1);
    for (const uint32_t code : codes)
      is_wanted[code] = true;
  }
  const auto wants = [&](uint32_t code) {
    return is_wanted.empty() ? std::ranges::find(codes, code) != codes.end()
                             : code < is_wanted.size() && is_wanted[code];
  };
  std::vector<uint32_t> found(kStretch), column(kStretch);
  while (begin < end) {
    const uint32_t stop = std::min(end, (begin / kStretch + 1) * kStretch);
    {
      const std::shared_lock lock(mutex_);
      tag.codes.Read(begin, stop, column.data());
    }
    size_t num_found = 0;
    for (uint32_t id = begin; id < stop; ++id) {
      found[num_found] = id;
      num_found += wants(column[id - begin]) ? 1U : 0U;
    }
    series.addMany(num_found, found.data());
    begin = stop;
  }
}

Roaring TableSeriesIndex::SeriesOfCodes(const KeyColumns::Tag& tag, std::span<const uint32_t> codes,
                                        uint32_t end) const {
  Roaring series;
  if (codes.empty()) return series;
  uint32_t num_values = 0;
  ReadColumns([&](const KeyColumns&) { num_values = tag.values.size(); });
  // A good part of the values is found faster by going along the column.
  const bool are_many = codes.size() > 64 && codes.size() > num_values / 8;
  uint32_t num_posted = 0;
  if (!are_many) {
    if (const auto postings = PostingsOf(tag, end); postings != nullptr) {
      for (const uint32_t code : codes)
        postings->AddSeries(code, series);
      num_posted = postings->num_series();
      if (num_posted > end) series &= FirstSeries(end);
    }
  }
  AddByScan(tag, codes, num_posted, end, series);
  return series;
}

Roaring TableSeriesIndex::SeriesWithTag(const KeyColumns::Tag& tag, uint32_t end) const {
  Roaring series;
  std::vector<uint32_t> codes(kStretch), found(kStretch);
  for (uint32_t begin = 0; begin < end; begin += kStretch) {
    const uint32_t stop = std::min(end, begin + kStretch);
    {
      const std::shared_lock lock(mutex_);
      tag.codes.Read(begin, stop, codes.data());
    }
    size_t num_found = 0;
    for (uint32_t id = begin; id < stop; ++id) {
      found[num_found] = id;
      num_found += codes[id - begin] != kNone ? 1U : 0U;
    }
    series.addMany(num_found, found.data());
  }
  return series;
}

// Ascending.
std::vector<uint32_t> TableSeriesIndex::CodesWith(const KeyColumns::Tag& tag,
                                                  const TagPredicate& predicate) const {
  std::vector<uint32_t> codes;
  if (predicate.op == TagOp::kIn) {
    const std::shared_lock lock(mutex_);
    for (const std::string& value : predicate.values) {
      if (const uint32_t code = tag.values.Find(value); code != kNone) codes.push_back(code);
    }
    std::ranges::sort(codes);
    codes.erase(std::ranges::unique(codes).begin(), codes.end());
    return codes;
  }
  const TagTest holds(predicate);
  std::shared_lock lock(mutex_);
  const uint32_t num_values = tag.values.size();
  for (uint32_t code = 0; code < num_values; ++code) {
    if (code % kStretch == kStretch - 1) {
      lock.unlock();
      lock.lock();
    }
    if (holds(tag.values[code])) codes.push_back(code);
  }
  return codes;
}

Roaring TableSeriesIndex::SeriesWith(const TagPredicate& predicate, uint32_t end) const {
  const KeyColumns::Tag* tag = nullptr;
  ReadColumns([&](const KeyColumns& keys) { tag = keys.Find(predicate.tag); });
  if (predicate.op != TagOp::kIsNull && predicate.op != TagOp::kIsNotNull)
    return tag == nullptr ? Roaring() : SeriesOfCodes(*tag, CodesWith(*tag, predicate), end);
  Roaring series = tag == nullptr ? Roaring() : SeriesWithTag(*tag, end);
  if (predicate.op == TagOp::kIsNull) series.flip(0, end);
  return series;
}

// Those of `series` for which the predicate holds. Each value is put to the test once.
Roaring TableSeriesIndex::Filter(const Roaring& series, const TagPredicate& predicate) const {
  std::vector<uint32_t> ids(series.cardinality());
  series.toUint32Array(ids.data());
  const TagTest holds(predicate);
  std::unordered_map<uint32_t, bool> known;
  size_t num_left = 0;
  std::shared_lock lock(mutex_);
  const KeyColumns::Tag* tag = keys_.Find(predicate.tag);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % kStretch == kStretch - 1) {
      lock.unlock();
      lock.lock();
    }
    const uint32_t code = tag == nullptr ? kNone : tag->codes[ids[i]];
    bool is_left = (code == kNone) == (predicate.op == TagOp::kIsNull);
    if (predicate.op != TagOp::kIsNull && predicate.op != TagOp::kIsNotNull && code != kNone) {
      const auto [entry, is_new] = known.try_emplace(code);
      if (is_new) entry->second = holds(tag->values[code]);
      is_left = entry->second;
    }
    if (is_left) ids[num_left++] = ids[i];
  }
  return {num_left, ids.data()};
}

std::vector<SeriesId> TableSeriesIndex::Match(std::span<const TagPredicate> predicates) const {
  // Asking a series costs more than a step along a column.
  constexpr uint32_t kCostOfAsking = 16;
  const uint32_t end = num_series();
  std::vector<SeriesId> ids;
  if (predicates.empty()) {
    ids.reserve(end);
    for (uint32_t id = 0; id < end; ++id)
      ids.emplace_back(id);
    return ids;
  }
  std::vector<const TagPredicate*> order;
  for (const TagPredicate& predicate : predicates)
    order.push_back(&predicate);
  std::ranges::stable_sort(order, {}, [](const TagPredicate* one) { return CostClass(*one); });
  Roaring series = SeriesWith(*order[0], end);
  for (size_t i = 1; i < order.size() && !series.isEmpty(); ++i) {
    if (series.cardinality() <= end / kCostOfAsking) {
      series = Filter(series, *order[i]);
    } else {
      series &= SeriesWith(*order[i], end);
    }
  }
  std::vector<uint32_t> numbers(series.cardinality());
  series.toUint32Array(numbers.data());
  ids.reserve(numbers.size());
  for (const uint32_t number : numbers)
    ids.emplace_back(number);
  return ids;
}

TagCodes TableSeriesIndex::CodesOf(std::string_view name, std::span<const SeriesId> ids) const {
  TagCodes result;
  result.codes.assign(ids.size(), -1);
  std::shared_lock lock(mutex_);
  const KeyColumns::Tag* tag = keys_.Find(name);
  if (tag == nullptr) return result;
  // Local codes by code, in whichever form takes less to make.
  std::vector<int32_t> local_of;
  std::unordered_map<uint32_t, int32_t> local_of_some;
  const bool are_few = ids.size() < tag->values.size() / 16;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % kStretch == kStretch - 1) {
      lock.unlock();
      lock.lock();
    }
    const uint32_t code = tag->codes[ids[i].value()];
    if (code == kNone) continue;
    if (!are_few && code >= local_of.size()) local_of.resize(tag->values.size(), -1);
    int32_t& local = are_few ? local_of_some.try_emplace(code, -1).first->second : local_of[code];
    if (local < 0) {
      local = static_cast<int32_t>(result.dictionary.size());
      result.dictionary.emplace_back(tag->values[code]);
    }
    result.codes[i] = local;
  }
  return result;
}

uint64_t TableSeriesIndex::bytes() const {
  uint64_t bytes = 0;
  {
    const std::lock_guard lock(ranks_pointer_mutex_);
    bytes += ranks_->capacity() * sizeof(uint32_t);
  }
  {
    const std::lock_guard lock(postings_mutex_);
    for (const auto& [tag, postings] : postings_)
      bytes += postings == nullptr ? 0 : postings->bytes();
  }
  const std::shared_lock lock(mutex_);
  return bytes + keys_.bytes() + ids_.bytes();
}

}  // namespace stria::storage
