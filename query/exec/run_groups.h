// Groups of (tag values, time bucket): a grid where the buckets of the scan are known and few
// enough, else a hash table.

#pragma once

#include <cstdint>
#include <optional>

#include "query/aggregate/word_table.h"

namespace stria::query {

/// The grid: every tag group has `num_buckets` groups, from `first_bucket` on.
struct GroupGrid {
  uint32_t num_tag_groups = 0;
  uint32_t num_buckets = 0;
  int64_t first_bucket = 0;
};

/// Thread safety: thread-compatible.
class RunGroups {
 public:
  /// Without a grid, groups are numbered as they appear.
  explicit RunGroups(const std::optional<GroupGrid>& grid) : grid_(grid), table_(2) {}

  uint32_t GroupOf(uint32_t tag_group, int64_t bucket) {
    if (grid_) {
      return tag_group * grid_->num_buckets + static_cast<uint32_t>(bucket - grid_->first_bucket);
    }
    const uint64_t words[] = {tag_group, static_cast<uint64_t>(bucket)};
    return table_.FindOrAdd(words);
  }

  /// Of a grid all groups, also those without rows.
  size_t size() const {
    return grid_ ? size_t{grid_->num_tag_groups} * grid_->num_buckets : table_.size();
  }
  uint32_t TagGroupOf(uint32_t group) const {
    return grid_ ? group / grid_->num_buckets : static_cast<uint32_t>(table_.KeyOf(group)[0]);
  }
  int64_t BucketOf(uint32_t group) const {
    return grid_ ? grid_->first_bucket + int64_t{group % grid_->num_buckets}
                 : static_cast<int64_t>(table_.KeyOf(group)[1]);
  }
  size_t MemoryBytes() const { return table_.MemoryBytes(); }

 private:
  std::optional<GroupGrid> grid_;
  WordTable table_;
};

}  // namespace stria::query
