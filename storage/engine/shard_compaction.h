// One compaction of a shard, step by step: groups of parts of some tables in, one file out, one
// manifest commit at the end.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/compaction/compaction_job.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/engine/shard.h"
#include "storage/flush/part_file_writer.h"

namespace stria::storage {

/// Dropped before its end it leaves nothing behind.
///
/// Thread safety: confined; the shard outlives it.
class ShardCompaction {
 public:
  /// Picks at most one group of parts of each table, of those that are not `damaged`; null when
  /// there is none.
  static std::unique_ptr<ShardCompaction> Pick(Shard& shard, std::span<const TableSchemaPtr> tables,
                                               const CompactionPolicy& policy,
                                               const std::map<TableId, Status>& damaged);

  ShardCompaction(const ShardCompaction&) = delete;
  ShardCompaction& operator=(const ShardCompaction&) = delete;

  /// The tables that it has a group of.
  std::vector<TableId> tables() const;

  /// Does a piece of the work, one row group at most; false when all is done and committed. A table
  /// whose parts are damaged is left as it is and added to `damaged`. After a failure nothing has
  /// changed.
  Result<bool> Step(std::map<TableId, Status>& damaged);

  /// Bytes written so far.
  uint64_t bytes() const { return writer_.bytes(); }
  /// Groups that were merged, once Step() said false.
  size_t num_merged() const { return merged_.size(); }

 private:
  struct Group {
    TableSchemaPtr schema;
    std::vector<PartMeta> picked;
    bool has_older_reach = false;
  };

  ShardCompaction(Shard& shard, std::vector<Group> groups)
      : shard_(shard),
        groups_(std::move(groups)),
        file_(shard.NewFileName(".part")),
        writer_(shard.files(), shard.parts().directory(), file_) {}

  Status Begin();
  Result<bool> StepGroup();
  Status Commit();

  Shard& shard_;
  const std::vector<Group> groups_;
  const std::string file_;
  PartFileWriter writer_;
  size_t next_ = 0;                         // Of groups_: that is worked on, or begins.
  std::shared_ptr<const Version> version_;  // Keeps the files that the job reads.
  std::unique_ptr<CompactionJob> job_;
  std::vector<MergedParts> merged_;
};

}  // namespace stria::storage
