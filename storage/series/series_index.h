// The series of one table in one shard: canonical key to dense id and back, and tags to series.
//
// Keys are kept as codes into one dictionary for each tag name (key_columns.h), so that a value
// that many series share is there once, a predicate looks at each distinct value once and a query
// groups by codes. A series of four tags and 60 bytes of key, one of them with a value of its own,
// takes about 60 bytes with everything. Parts are sorted by key: the rank of each id in that order
// is kept, 4 bytes a series, and grows by merging (key_order.h).

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/base/status.h"
#include "storage/series/id_table.h"
#include "storage/series/key_columns.h"
#include "storage/types/ids.h"
#include "storage/types/predicate.h"

class Roaring;

namespace stria::storage {

class TagPostings;

/// Tag values of some series as codes: dictionary[codes[i]] is the value of the i-th, a code below
/// 0 stands for a series without the tag.
struct TagCodes {
  std::vector<std::string> dictionary;
  std::vector<int32_t> codes;
};

/// A tag and how many values it has.
struct TagCount {
  std::string name;
  uint32_t num_values = 0;
  std::string newest_value;
};

/// Thread safety: thread-safe; ids are given by one writer at a time, who alone may call what is
/// not const, but for Ranks(). Readers never hold the writer up for long: what takes long lets go
/// of the lock in between.
class TableSeriesIndex {
 public:
  TableSeriesIndex();
  ~TableSeriesIndex();
  TableSeriesIndex(const TableSeriesIndex&) = delete;
  TableSeriesIndex& operator=(const TableSeriesIndex&) = delete;

  uint32_t num_series() const { return num_series_.load(std::memory_order_acquire); }

  /// The id of `key`; `added` tells whether it is new. Requires a well-formed key below 4 MiB.
  SeriesId FindOrAdd(std::string_view key, bool& added);

  /// FindOrAdd() of many keys, whose look-ups overlap: `ids[i]` is that of `keys[i]`, and `added`
  /// gets the i of each that is new, ascending.
  void FindOrAdd(std::span<const std::string_view> keys, std::span<uint32_t> ids,
                 std::vector<uint32_t>& added);

  /// The id of `key`, if it has one.
  std::optional<SeriesId> Find(std::string_view key) const;

  /// The same for many: `ids[i]` is that of `keys[i]`, or kNoId.
  void Find(std::span<const std::string_view> keys, std::span<uint32_t> ids) const;
  static constexpr uint32_t kNoId = IdTable::kNone;

  /// Adds a key under the id that a log record or a series file gives it. Does nothing if it is
  /// there under that id; fails with kCorruption when either is taken otherwise.
  Status Restore(SeriesId id, std::string_view key);

  /// Appends the key. Requires a known id.
  void AppendKey(SeriesId id, std::string& key) const;
  std::string KeyOf(SeriesId id) const;

  /// rank[id] = position of its key among all keys, for ids below num_series().
  std::shared_ptr<const std::vector<uint32_t>> Ranks();

  /// Ids of the series for which all of `predicates` hold, ascending. Takes time in proportion to
  /// what matches and, for conditions other than equality, to the distinct values of the tags.
  std::vector<SeriesId> Match(std::span<const TagPredicate> predicates) const;

  /// The values of one tag for `ids`.
  TagCodes CodesOf(std::string_view tag, std::span<const SeriesId> ids) const;

  /// The tag with the most values; none for a table without tags.
  std::optional<TagCount> LargestTag() const;

  /// Bytes in memory.
  uint64_t bytes() const;

  // For series files, which keep the columns as they are.

  /// Calls `read` with the columns, which do not change meanwhile: it should not take long.
  void ReadColumns(const std::function<void(const KeyColumns&)>& read) const;

  /// Calls `change` with the columns, for it to add tags, values and shapes.
  void ChangeColumns(const std::function<void(KeyColumns&)>& change);

  /// A key by its shape and codes, in the order of the shape; both are in the columns.
  struct CodedKey {
    uint32_t shape = 0;
    std::span<const uint32_t> codes;
  };
  /// Restore() of many keys, under ids that count up from `first`.
  Status Restore(SeriesId first, std::span<const CodedKey> keys);

  /// Adds keys that are not there, under ids that count up from num_series(); Find() does not see
  /// them before FinishAppend(), which fails with kCorruption if one was there. Faster than
  /// Restore().
  void Append(std::span<const CodedKey> keys);
  Status FinishAppend();

  /// Makes room for so many series.
  void Reserve(size_t num_series);

 private:
  static uint32_t HashOf(std::string_view key);

  uint32_t Find(std::string_view key, uint32_t hash) const;
  void FindBatch(std::span<const std::string_view> keys, uint32_t* hashes, uint32_t* ids) const;
  uint32_t Add(std::string_view key, uint32_t hash);
  Status RefuseId(SeriesId id, std::string_view key, uint32_t found) const;

  std::shared_ptr<const TagPostings> PostingsOf(const KeyColumns::Tag& tag, uint32_t end) const;
  Roaring SeriesWith(const TagPredicate& predicate, uint32_t end) const;
  Roaring SeriesOfCodes(const KeyColumns::Tag& tag, std::span<const uint32_t> codes,
                        uint32_t end) const;
  void AddByScan(const KeyColumns::Tag& tag, std::span<const uint32_t> codes, uint32_t begin,
                 uint32_t end, Roaring& series) const;
  Roaring SeriesWithTag(const KeyColumns::Tag& tag, uint32_t end) const;
  std::vector<uint32_t> CodesWith(const KeyColumns::Tag& tag, const TagPredicate& predicate) const;
  Roaring Filter(const Roaring& series, const TagPredicate& predicate) const;

  // Guards keys_ and ids_; the writer needs it for changes only, since nobody else makes any.
  mutable std::shared_mutex mutex_;
  KeyColumns keys_;
  IdTable ids_;                     // By the hash of the key.
  std::vector<uint64_t> appended_;  // Entries of ids_ that wait for FinishAppend().
  std::atomic<uint32_t> num_series_ = 0;

  std::mutex ranks_mutex_;  // Before mutex_; for making ranks_, which takes long.
  mutable std::mutex ranks_pointer_mutex_;
  std::shared_ptr<const std::vector<uint32_t>> ranks_ = std::make_shared<std::vector<uint32_t>>();

  mutable std::mutex postings_mutex_;  // Before mutex_.
  mutable std::unordered_map<const KeyColumns::Tag*, std::shared_ptr<const TagPostings>> postings_;
};

}  // namespace stria::storage
