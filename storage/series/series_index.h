// The series of one table in one shard: canonical key to dense id and back, and tags to series.
//
// Keys lie in an arena; tags are kept as codes into one dictionary for each tag name, so that a
// predicate looks at each distinct value once and a query groups by codes. The order of keys, which
// parts are sorted by, is kept as a rank array that grows by merging.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/ids.h"
#include "storage/types/predicate.h"

namespace stria::storage {

/// Tag values of some series as codes: dictionary[codes[i]] is the value of the i-th, a code below
/// 0 stands for a series without the tag.
struct TagCodes {
  std::vector<std::string> dictionary;
  std::vector<int32_t> codes;
};

/// Thread safety: thread-safe; ids are given by one writer at a time.
class TableSeriesIndex {
 public:
  TableSeriesIndex() = default;
  TableSeriesIndex(const TableSeriesIndex&) = delete;
  TableSeriesIndex& operator=(const TableSeriesIndex&) = delete;

  uint32_t num_series() const;

  /// The id of `key`; `added` tells whether it is new. Requires a well-formed key.
  SeriesId FindOrAdd(std::string_view key, bool& added);

  /// Adds a key under the id that a log record or a series file gives it. Does nothing if it is
  /// there under that id; fails with kCorruption when either is taken otherwise.
  Status Restore(SeriesId id, std::string_view key);

  /// The key; the view lives as long as the index. Requires a known id.
  std::string_view KeyOf(SeriesId id) const;

  /// rank[id] = position of its key among all keys, for ids below num_series().
  std::shared_ptr<const std::vector<uint32_t>> Ranks();

  /// Ids of the series for which all of `predicates` hold, ascending.
  std::vector<SeriesId> Match(std::span<const TagPredicate> predicates) const;

  /// The values of one tag for `ids`.
  TagCodes CodesOf(std::string_view tag, std::span<const SeriesId> ids) const;

  /// Approximate bytes in memory.
  uint64_t bytes() const;

 private:
  struct Tag {
    std::deque<std::string> values;  // By code; views below stay valid.
    std::unordered_map<std::string_view, int32_t> codes_of;
    std::vector<int32_t> codes;  // By series id; -1 = none.
  };

  SeriesId Add(std::string_view key);
  std::vector<uint8_t> Evaluate(const TagPredicate& predicate) const;

  mutable std::shared_mutex mutex_;
  std::deque<std::string> keys_;  // By id.
  std::unordered_map<std::string_view, uint32_t> ids_;
  std::unordered_map<std::string, Tag> tags_;
  uint64_t key_bytes_ = 0;
  std::vector<uint32_t> order_;  // Ids in the order of keys, for those that ranks_ covers.
  std::shared_ptr<const std::vector<uint32_t>> ranks_ = std::make_shared<std::vector<uint32_t>>();
};

}  // namespace stria::storage
