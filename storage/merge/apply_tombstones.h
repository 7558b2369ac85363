// What deletes leave of a run: for scan and compaction, before runs are merged.
//
// A tombstone with number d applies to a part whose applied_deletes() is below d, and to the rows
// of a memtable that were appended before it, never to anything later. So a source has one number,
// "every delete up to here is applied", and the tombstones above it cut ranges of time out of the
// runs of the series that they match.

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/part_meta.h"
#include "storage/merge/run_merge.h"
#include "storage/series/series_index.h"
#include "storage/types/ids.h"
#include "storage/types/time_range.h"
#include "storage/types/tombstone.h"

namespace stria::storage {

/// A tombstone and the series that it matches, which are looked up once, when they are first asked
/// for: a series that is added later has no row that is old enough.
///
/// Thread safety: thread-safe.
class MatchedTombstone {
 public:
  /// `series` is the index of its table in its shard.
  MatchedTombstone(Tombstone tombstone, std::shared_ptr<const TableSeriesIndex> series)
      : tombstone_(std::move(tombstone)), series_(std::move(series)) {}

  const Tombstone& tombstone() const { return tombstone_; }
  bool Matches(SeriesId series) const;

 private:
  void Match() const;

  const Tombstone tombstone_;
  mutable std::shared_ptr<const TableSeriesIndex> series_;  // Null once matched.
  mutable std::once_flag matched_;
  // Either ids, ascending, where few match, or one bit for each series.
  mutable std::vector<SeriesId> ids_;
  mutable std::vector<bool> is_matched_;
};

/// The tombstones of one table in one shard that some rows may still need. A snapshot holds one, so
/// that a DELETE is seen whole or not at all.
///
/// They stand in chunks of which the numbers and the times are known, so that those which are too
/// old or lie elsewhere are passed over a chunk at a time, and a list with one more shares all
/// chunks but the last: there may be a DELETE every few rows.
///
/// Thread safety: immutable once shared.
class TombstoneList {
 public:
  bool empty() const { return chunks_.empty(); }
  size_t size() const;
  /// Of all, ascending.
  std::vector<uint64_t> Seqs() const;
  /// The greatest number; 0 for none. What applies all of them to its input writes a part with
  /// deletes_seq = max(last_seq(), deletes_seq of its input).
  uint64_t last_seq() const { return chunks_.empty() ? 0 : chunks_.back()->last_seq(); }

  /// Whether rows of a part, or of a source with times in [first, last], may be deleted.
  bool Touches(const PartMeta& part) const;
  bool Touches(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const;

  /// Those of them for which Touches() holds.
  TombstoneList Touching(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const;

  /// Whether one of them deletes every row of the part, whatever its series.
  bool Covers(const PartMeta& part) const;
  bool Covers(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const;

  /// The ranges that are deleted of rows of `series` with times in [first, last] in a source that
  /// has every delete up to `applied_deletes` applied: ascending, none empty, with gaps between
  /// them. They may reach beyond the times.
  std::vector<TimeRange> DeletedRanges(SeriesId series, int64_t first_time, int64_t last_time,
                                       uint64_t applied_deletes) const;

  /// The same list with one more, whose number is above all others.
  TombstoneList With(std::shared_ptr<const MatchedTombstone> tombstone) const;
  /// The same list without the numbers `seqs`, which ascend.
  TombstoneList Without(std::span<const uint64_t> seqs) const;

 private:
  using Matched = std::shared_ptr<const MatchedTombstone>;

  struct Chunk {
    std::vector<Matched> tombstones;  // Ascending by number; never empty.
    TimeRange times;                  // From the first to the last of them all.

    uint64_t last_seq() const { return tombstones.back()->tombstone().seq; }
    void Add(Matched tombstone);
  };

  void Add(Matched tombstone);

  // Calls visit(matched) for those that Touches() asks for until it returns true; whether it did.
  template <typename Visit>
  bool AnyTouching(int64_t first_time, int64_t last_time, uint64_t applied_deletes,
                   Visit visit) const;

  std::vector<std::shared_ptr<const Chunk>> chunks_;  // Ascending by number.
};

/// Appends to `left` the pieces of `slice`, in the order of time, whose times lie in none of
/// `deleted`, which are as DeletedRanges() gives them.
Status AppendSurviving(const RunSlice& slice, std::span<const TimeRange> deleted,
                       std::vector<RunSlice>& left);

}  // namespace stria::storage
