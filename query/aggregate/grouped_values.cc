#include "query/aggregate/grouped_values.h"

#include "storage/base/check.h"

namespace stria::query {
namespace {

// values[places[i]] = old values[i].
template <typename T>
void Place(std::vector<T>& values, const std::vector<size_t>& places) {
  std::vector<T> placed(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    placed[places[i]] = values[i];
  values = std::move(placed);
}

}  // namespace

void GroupedValues::Add(uint32_t group, uint64_t word, int64_t time) {
  groups_.push_back(group);
  words_.push_back(word);
  if (has_times_) times_.push_back(time);
}

void GroupedValues::Merge(const GroupedValues& other, std::span<const uint32_t> mapping) {
  for (size_t i = 0; i < other.groups_.size(); ++i)
    Add(mapping[other.groups_[i]], other.words_[i], has_times_ ? other.times_[i] : 0);
}

void GroupedValues::SortByGroup() {
  STRIA_CHECK(begins_.empty());
  begins_.resize(num_groups_ + 1);
  for (const uint32_t group : groups_)
    ++begins_[group + 1];
  for (size_t group = 0; group < num_groups_; ++group)
    begins_[group + 1] += begins_[group];
  std::vector<size_t> next(begins_.begin(), begins_.end() - 1);
  std::vector<size_t> places(groups_.size());
  for (size_t i = 0; i < groups_.size(); ++i)
    places[i] = next[groups_[i]]++;
  Place(words_, places);
  if (has_times_) Place(times_, places);
  groups_ = {};
}

size_t GroupedValues::MemoryBytes() const {
  return groups_.capacity() * sizeof(uint32_t) + words_.capacity() * sizeof(uint64_t) +
         times_.capacity() * sizeof(int64_t) + begins_.capacity() * sizeof(size_t);
}

}  // namespace stria::query
