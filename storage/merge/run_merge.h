// The one merge of the engine, for scan and compaction: later writes win, field by field.
//
// Runs of one series come from sources that stand in the order of their sequence numbers. Where
// their times do not overlap they are simply put one after the other; where they do, the
// overlapping slice, and only it, is merged.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/run_source.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// Rows [row_begin, row_end) of run `run` of a source.
struct RunSlice {
  RunSource* source = nullptr;
  uint32_t run = 0;
  uint32_t row_begin = 0;  ///< in the source
  uint32_t row_end = 0;
};

/// A piece of the answer for one series: one slice as it is, or several to be merged.
struct MergePiece {
  std::vector<RunSlice> slices;  ///< oldest first
};

/// Cuts the runs of one series, oldest first, into pieces ascending by time that do not overlap.
Result<std::vector<MergePiece>> PlanMerge(std::span<const RunSlice> runs);

/// The rows that a piece of several slices gives, and where each comes from. Its columns are read
/// one at a time.
///
/// Thread safety: confined. The sources outlive it.
class MergedRows {
 public:
  /// Puts the rows of `piece` in order and appends their times to `times`.
  static Result<MergedRows> Make(MergePiece piece, std::vector<int64_t>& times);

  size_t num_rows() const { return num_rows_; }

  /// Appends one value for each row to `column`, which has `num_rows_before`: that of the newest
  /// slice that has one.
  Status AppendColumn(size_t num_rows_before, ColumnRows& column) const;

 private:
  // A version of a row; those of one row stand side by side, oldest first.
  struct Entry {
    int64_t time = 0;
    uint32_t slice = 0;
    uint32_t row = 0;  // Of the source.
  };

  MergePiece piece_;
  std::vector<Entry> entries_;
  size_t num_rows_ = 0;
};

/// Appends rows [row_begin, row_end) of `source` to `column`, which has `num_rows_before`.
Status AppendColumn(RunSource& source, uint32_t row_begin, uint32_t row_end, size_t num_rows_before,
                    ColumnRows& column);

/// Cuts a piece of several slices into pieces of at most about `max_rows` rows, by time.
Result<std::vector<MergePiece>> SplitByTime(MergePiece piece, size_t max_rows);

/// Appends the merged rows of `piece` to `rows` as (part of) a run of `series`: a run that ends
/// where these begin is extended. The columns read are those that `rows` has, by id and type.
/// String values point into the sources.
Status AppendMerged(const MergePiece& piece, SeriesId series, SortedRows& rows);

/// The rows of `slice` with begin <= time < end; `end` may be "no bound" (see TimeRange). Empty
/// slices have row_begin == row_end.
Result<RunSlice> ClipToTime(const RunSlice& slice, int64_t begin, int64_t end);

}  // namespace stria::storage
