// Sorted rows in, one part out: at once, or row group by row group.
//
// A writer holds the directory so far, some 20 bytes a run, so that a part of any size is made in
// bounded memory: the caller hands in a row group column by column, encoded, and may take the bytes
// out of `file` between two row groups.

#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/encoding/encoding.h"
#include "storage/format/column_encoder.h"
#include "storage/format/part_footer.h"
#include "storage/format/part_meta.h"
#include "storage/format/part_reader.h"
#include "storage/types/schema.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

struct PartWriteOptions {
  TableSchemaPtr schema;  ///< names of the columns
  /// The canonical key of a series.
  std::function<std::string(SeriesId)> key_of;
  Lineage lineage;
  uint64_t seq_min = 0;
  uint64_t seq_max = 0;
  uint64_t deletes_seq = 0;  ///< every DELETE with a number up to it is applied
  uint8_t level = 0;         ///< 0 is written hot, all above dense: profile()
  /// Whether a run of that series that begins at that time may begin at or before the greatest time
  /// the series has in older parts: the part's overlap set. Empty: not known of any run.
  std::function<bool(SeriesId, int64_t first_time)> may_overlap;

  EncodingProfile profile() const {
    return level == 0 ? EncodingProfile::kHot : EncodingProfile::kDense;
  }
};

/// A column of a part that is written.
struct PartColumn {
  ColumnId id;
  DataType type = DataType::kFloat64;
};

/// Thread safety: confined.
class PartWriter {
 public:
  /// Appends to `file`, which outlives the writer. `columns` are those of every row group.
  PartWriter(PartWriteOptions options, TableId table, std::span<const PartColumn> columns,
             std::vector<std::byte>& file);

  // A row group: its columns, all of them and in their order, then its runs.

  /// Adds a column of at most kMaxRowGroupRows, as many in each.
  void AddColumn(ColumnId id, const EncodedColumn& column);
  /// Ends the row group of the rows [row_begin, row_end) that were added. `runs` are those that
  /// have rows there, in the order of their keys; what lies outside is cut off. Rows are positions
  /// in `times`.
  void EndRowGroup(std::span<const SortedRun> runs, std::span<const int64_t> times,
                   uint32_t row_begin, uint32_t row_end);

  /// Adds a row group of another part byte for byte; only the checksums, which cover the place, are
  /// new. Requires that the part's series ids are ours, that the group's columns with values are
  /// among ours, and that its keys come after those that were added.
  Status CopyRowGroup(PartReader& part, size_t group);

  uint64_t num_rows() const { return footer_.num_rows; }

  /// Ends the part. Requires a row group. `file` and `offset` of the meta data are the caller's.
  PartMeta Finish();

 private:
  template <typename Fill>
  BlockRef WriteBlock(const Fill& fill);
  void AppendRun(const DirectoryRun& run, RowGroupRef& group);
  void EncodeDirectoryPage(std::span<const DirectoryRun> runs);
  void WriteDirectory();

  // A page of the directory, encoded, whose place is not known yet.
  struct DirectoryBytes {
    std::vector<std::byte> runs, keys;
  };

  const PartWriteOptions options_;
  std::vector<std::byte>& file_;
  uint64_t length_ = 0;  // Of the part so far, whatever has left `file_` already.
  PartFooter footer_;
  RowGroupRef group_;               // That is being added.
  std::vector<DirectoryRun> runs_;  // That do not fill a directory page yet.
  std::vector<DirectoryBytes> directory_;
  std::vector<uint32_t> listed_;  // Runs of the overlap set.
  uint32_t num_runs_ = 0;
  int64_t min_time_ = std::numeric_limits<int64_t>::max();
  int64_t max_time_ = std::numeric_limits<int64_t>::min();
};

/// Those of `runs`, which cover rows in their order, that have some of [row_begin, row_end).
std::span<const SortedRun> RunsWithin(std::span<const SortedRun> runs, uint32_t row_begin,
                                      uint32_t row_end);

/// Appends a part with all of `rows` to `file`. Returns its meta data, with `file` empty and
/// `offset` where it begins in `file`.
///
/// Requires at least one row, and runs in the order of their keys. See part_layout.h for the bytes.
PartMeta WritePart(const SortedRows& rows, const PartWriteOptions& options,
                   std::vector<std::byte>& file);

}  // namespace stria::storage
