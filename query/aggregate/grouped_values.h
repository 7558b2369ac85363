// All values of all groups, with a time each where one is wanted: for aggregates that need to see
// a group whole. 12 bytes a value (20 with times), and that once more while they are sorted by
// group.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stria::query {

/// Thread safety: thread-compatible.
class GroupedValues {
 public:
  explicit GroupedValues(bool has_times) : has_times_(has_times) {}

  void Resize(size_t num_groups) { num_groups_ = num_groups; }
  void Add(uint32_t group, uint64_t word, int64_t time = 0);
  /// Adds the values of group i of `other` to our group `mapping[i]`.
  void Merge(const GroupedValues& other, std::span<const uint32_t> mapping);

  /// Puts the values of a group together, in the order in which they were added. Once, before
  /// values() and times().
  void SortByGroup();

  std::span<uint64_t> values(uint32_t group) { return SliceOf(words_, group); }
  std::span<int64_t> times(uint32_t group) { return SliceOf(times_, group); }

  size_t MemoryBytes() const;

 private:
  template <typename T>
  std::span<T> SliceOf(std::vector<T>& all, uint32_t group) {
    return std::span(all).subspan(begins_[group], begins_[group + 1] - begins_[group]);
  }

  bool has_times_;
  size_t num_groups_ = 0;
  std::vector<uint32_t> groups_;  // Of each value; empty once they are sorted.
  std::vector<uint64_t> words_;
  std::vector<int64_t> times_;
  std::vector<size_t> begins_;  // By group, and the end of the last; once they are sorted.
};

}  // namespace stria::query
