// Reading a table: the series that match, and their rows in blocks.
//
// A block holds rows sorted by (series, time), no key twice, everything merged: nothing above this
// interface needs to know parts, memtables or overlays. Its runs say where each series lies, so
// that tags, time ranges and buckets are decided per run and not per row. Values come as vectors
// that are still packed.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"
#include "storage/types/decoded_vector.h"
#include "storage/types/predicate.h"
#include "storage/types/schema.h"
#include "storage/types/time_range.h"
#include "storage/types/vector_view.h"

namespace stria::storage {

struct ScanRequest {
  TableSchemaPtr table;
  std::vector<ColumnId> fields;  ///< the field columns wanted; block columns follow this order
  /// The tag columns wanted, in any order; all of the table without it.
  std::optional<std::vector<ColumnId>> tag_columns;
  TimeRange time;
  std::vector<TagPredicate> tags;  ///< all must hold
  std::vector<FieldHint> hints;    ///< all must hold in the filter above
  bool last_row_only = false;      ///< only the row with the greatest time of each series is needed
};

/// Counters of one scan, for EXPLAIN ANALYZE and the stats of an answer.
struct ScanStats {
  uint64_t rows = 0;  ///< rows handed out
  uint64_t blocks = 0;
  uint64_t parts = 0;           ///< parts touched
  uint64_t parts_pruned = 0;    ///< parts skipped by time
  uint64_t vectors_pruned = 0;  ///< vectors skipped by zone map
  uint64_t bytes_read = 0;      ///< encoded bytes of the blocks that were used, cached or not
};

/// A slice of one series in a block: rows [row_begin, row_end), times ascending and distinct.
struct ScanRun {
  uint32_t series = 0;  ///< index into ScanSeries, dense over the scan and its shards
  uint32_t row_begin = 0;
  uint32_t row_end = 0;
  int64_t first_time = 0;
  int64_t last_time = 0;
  int64_t step = 0;  ///< > 0: time of row i is first_time + (i - row_begin) * step; 0: see Times()
};

/// The series that the scan may hand out, with their tags as query-local codes.
struct ScanSeries {
  /// Codes of one tag column. dictionary[codes[s]] is the value of series s; codes[s] < 0 is NULL.
  struct Tag {
    ColumnId column;
    std::string name;
    std::vector<std::string> dictionary;
    std::vector<int32_t> codes;  ///< [num_series]
  };
  uint32_t num_series = 0;
  std::vector<Tag> tags;  ///< the tag columns that were wanted, in schema order
};

/// Rows of one row group, memtable chunk or merged slice. Owned by one worker at a time.
///
/// Thread safety: thread-compatible; ReadVector() and Times() fill caches in the block and so count
/// as writes.
class ScanBlock {
 public:
  virtual ~ScanBlock() = default;

  virtual std::span<const ScanRun> runs() const = 0;

  /// Times of a run, [run.row_end - run.row_begin], ns ascending. Valid until the block dies.
  virtual Result<std::span<const int64_t>> Times(const ScanRun& run) = 0;

  /// Values of field `field` (position in ScanRequest::fields) for rows [vector * 1024, ...) of the
  /// block, all rows of the 1,024-row grid that the block has, whatever runs they belong to. The
  /// view is valid until the block dies. Rows of runs that do not match are there too: look only at
  /// the rows of runs().
  virtual Result<VectorView> ReadVector(size_t field, uint32_t vector) = 0;

  /// ReadVector() into `memory.view`, for those who want each vector once: it is valid until
  /// `memory` is used again or the block dies.
  virtual Status ReadVectorInto(size_t field, uint32_t vector, DecodedVector& memory) = 0;

  /// Sets bits[i] and validity[i] (1 = value, 0 = NULL, then the bits are any) to row rows[i] of
  /// ReadVector(), not of strings: for those who want a few rows of a vector only. Requires `rows`
  /// to ascend.
  virtual Status ReadRows(size_t field, uint32_t vector, std::span<const uint32_t> rows,
                          uint64_t* bits, uint8_t* validity) = 0;
};

/// One snapshot of one table, cut into independent pieces.
///
/// Thread safety: OpenBlock() may be called from several threads at once.
class Scan {
 public:
  virtual ~Scan() = default;

  virtual const ScanSeries& series() const = 0;

  /// The number of pieces; each gives one block. Pieces are in no particular order.
  virtual size_t num_blocks() const = 0;

  /// Opens piece `index`. The block must not outlive the scan.
  virtual Result<std::unique_ptr<ScanBlock>> OpenBlock(size_t index) = 0;

  /// What was done so far.
  virtual ScanStats stats() const = 0;
};

}  // namespace stria::storage
