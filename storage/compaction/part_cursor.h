// The runs of one part in order, row group after row group, for the merge of a compaction.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "storage/base/status.h"
#include "storage/format/part_meta.h"
#include "storage/format/part_reader.h"
#include "storage/format/run_source.h"

namespace stria::storage {

/// A row group that is open; whoever still needs its rows shares it.
struct OpenGroup {
  size_t part = 0;  ///< position in the input
  size_t index = 0;
  std::unique_ptr<RunSource> source;
};

/// Where a run stands in the order of a part: its series by the rank of its key, then its time.
using RunPosition = std::pair<uint32_t, int64_t>;

/// Thread safety: confined.
class PartCursor {
 public:
  /// `ranks` maps series ids to the order of keys, and outlives the cursor.
  PartCursor(size_t part, const PartMeta& meta, std::shared_ptr<PartReader> reader,
             const std::vector<uint32_t>& ranks)
      : part_(part), meta_(meta), reader_(std::move(reader)), ranks_(ranks) {}

  /// Goes to the first run. Once, before anything else.
  Status Start() { return OpenNextGroup(); }

  const PartMeta& meta() const { return meta_; }
  PartReader& reader() const { return *reader_; }
  /// False after the last run.
  bool has_run() const { return group_ != nullptr; }

  // The run where it stands. Requires one.

  const SourceRun& run() const { return group_->source->runs()[run_]; }
  uint32_t run_index() const { return run_; }
  const std::shared_ptr<OpenGroup>& group() const { return group_; }
  RunPosition position() const { return {rank_, run().first_time}; }
  bool at_begin_of_group() const { return run_ == 0; }
  /// Of the last row of the row group. Fails with kCorruption when the series is unknown.
  Result<RunPosition> EndOfGroup() const;

  /// Goes to the next run. Fails with kCorruption when it does not come after this one.
  Status Advance();
  /// Goes to the first run of the next row group.
  Status SkipGroup();

 private:
  Status OpenNextGroup();
  Result<uint32_t> RankOf(const SourceRun& run) const;
  Status Enter();

  size_t part_;
  PartMeta meta_;
  std::shared_ptr<PartReader> reader_;
  const std::vector<uint32_t>& ranks_;
  size_t next_group_ = 0;
  std::shared_ptr<OpenGroup> group_;
  uint32_t run_ = 0;
  uint32_t rank_ = 0;                     // Of the run.
  std::optional<RunPosition> last_seen_;  // The end of the run before.
};

}  // namespace stria::storage
