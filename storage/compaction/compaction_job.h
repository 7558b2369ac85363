// Runs one compaction: parts in, one denser part out, later writes and deletes applied.
//
// The job goes through its parts side by side in the order of rows, (series key, time), and makes
// one row group a step. What one step holds is bounded, whatever the size of the parts:
//
//   262,144 rows' times and, one after the other, columns: 8 + 16 bytes a row; of merged rows 16
//   bytes more for each version. The encoded pages of the row groups that are open, at most two or
//   three of each part, and one decoded column of them. The directory of the new part, about 20
//   bytes a run.
//
// Wide tables have shorter row groups, of 64 Mi values, so that a step takes some tenths of a
// second.
//
// A row group that is at least a quarter full is copied byte for byte when it is dense (level 1),
// no row of another part lies between its first and its last row, no tombstone touches it and none
// of its columns was dropped. So the rows that are decoded and encoded again are those around which
// something has changed. At most one short row group is made for each that is copied, which keeps
// them an eighth full in the mean.
//
// The job only makes a part of a new file. What the parts of a table are is decided by the manifest
// commit that the engine makes afterwards, so the job may be dropped, or killed, anywhere.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/compaction/part_cursor.h"
#include "storage/flush/part_file_writer.h"
#include "storage/format/part_reader.h"
#include "storage/merge/apply_tombstones.h"
#include "storage/merge/run_merge.h"
#include "storage/types/schema.h"

namespace stria::storage {

struct CompactionPart {
  PartMeta meta;
  std::shared_ptr<PartReader> reader;
};

struct CompactionInput {
  std::vector<CompactionPart> parts;  ///< in the order of their sequence numbers
  TableSchemaPtr schema;              ///< columns that it lacks were dropped
  Lineage lineage;                    ///< of the shard, and of every part
  std::function<std::string(SeriesId)> key_of;
  std::shared_ptr<const std::vector<uint32_t>> ranks;
  /// What is deleted, as of no earlier than the parts; null: nothing.
  std::shared_ptr<const TombstoneList> tombstones;
  /// Whether older parts, which are not among these, have rows at or after their first time.
  bool has_older_reach = false;
};

/// Thread safety: confined.
class CompactionJob {
 public:
  /// Adds a part to `writer`, which outlives the job and does nothing else meanwhile.
  CompactionJob(CompactionInput input, PartFileWriter& writer)
      : input_(std::move(input)), writer_(writer) {}
  /// A part that is not finished is left.
  ~CompactionJob();
  CompactionJob(const CompactionJob&) = delete;
  CompactionJob& operator=(const CompactionJob&) = delete;

  /// Writes the next row group; false when there is none any more. After a failure the job is to be
  /// dropped.
  Result<bool> Step();

  /// The new part; nullopt when every row is deleted. Requires that Step() said false.
  Result<std::optional<PartMeta>> Finish();

  uint64_t rows_copied() const { return rows_copied_; }

 private:
  // Rows of one series that wait for their row group.
  struct Pending {
    MergePiece piece;
    size_t num_rows = 0;  // At most, where rows are merged.
    SeriesId series;
    bool may_overlap = false;
    std::vector<std::shared_ptr<OpenGroup>> groups;  // That hold the rows.
  };
  struct GroupRows;

  Status Start();
  PartCursor* First();
  Result<bool> CanCopy(const PartCursor& cursor);
  bool HasDroppedColumn(const PartCursor& cursor) const;
  Status Copy(PartCursor& cursor);
  Status TakeCluster();
  Status AddPieces(std::vector<RunSlice> slices, SeriesId series, bool may_overlap,
                   const std::vector<std::shared_ptr<OpenGroup>>& groups);
  Result<GroupRows> TakeRows();
  Status WriteGroup();
  Status WriteColumn(const PartColumn& column, const GroupRows& rows);
  bool HasValues(const PartColumn& column, const OpenGroup& group) const;
  PartWriter& Writer();

  CompactionInput input_;
  PartFileWriter& writer_;
  bool started_ = false;
  std::vector<PartCursor> cursors_;
  std::vector<PartColumn> columns_;
  uint32_t group_rows_ = 0;  // Of a full row group.
  std::deque<Pending> pending_;
  size_t pending_rows_ = 0;
  PartWriter* part_ = nullptr;    // Of writer_; null before the first row group.
  std::vector<SeriesId> listed_;  // Of the row group that is written: may overlap older parts.
  uint64_t rows_copied_ = 0;
};

}  // namespace stria::storage
