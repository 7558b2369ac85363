// A piece of a table that is sorted by (series key, time) and knows its runs: a row group of a
// part, or a sorted chunk of a memtable. Merge, scan, flush and compaction read all of them through
// this.

#pragma once

#include <cstdint>
#include <span>

#include "storage/base/status.h"
#include "storage/types/decoded_vector.h"
#include "storage/types/ids.h"
#include "storage/types/vector_view.h"

namespace stria::storage {

/// Rows [row_begin, row_end) of a source belong to `series`, times ascending and distinct.
struct SourceRun {
  SeriesId series;
  uint32_t row_begin = 0;
  uint32_t row_end = 0;
  /// False: begins after everything that the series has in older parts, see overlap_set.h.
  bool may_overlap = true;
  int64_t first_time = 0;
  int64_t last_time = 0;
  int64_t step = 0;  ///< > 0: times are first_time + i * step; 0: ask Times()
};

/// Copies `rows` of `view`, not of strings, as RunSource::ReadRows() does.
inline void CopyRows(const VectorView& view, std::span<const uint32_t> rows, uint64_t* bits,
                     uint8_t* validity) {
  for (const uint32_t row : rows) {
    const bool is_valid = view.IsValid(row);
    *bits++ = is_valid ? view.Bits(row) : 0;
    *validity++ = is_valid ? 1 : 0;
  }
}

/// Thread safety: confined to one worker; ReadVector() and Times() fill caches.
class RunSource {
 public:
  virtual ~RunSource() = default;

  virtual uint32_t num_rows() const = 0;
  virtual std::span<const SourceRun> runs() const = 0;

  /// Times of runs()[run_index], ns. Valid until the source dies.
  virtual Result<std::span<const int64_t>> Times(size_t run_index) = 0;

  /// Rows [vector * 1024, min((vector + 1) * 1024, num_rows())) of a field. all_null with the given
  /// type when the source has no such column. Valid until the source dies.
  virtual Result<VectorView> ReadVector(ColumnId column, DataType type, uint32_t vector) = 0;

  /// ReadVector() into `memory.view`, for those who want each vector once: nothing is kept, and the
  /// view is valid until `memory` is used again or the source dies.
  virtual Status ReadVectorInto(ColumnId column, DataType type, uint32_t vector,
                                DecodedVector& memory) {
    STRIA_ASSIGN_OR_RETURN(memory.view, ReadVector(column, type, vector));
    return Status::Ok();
  }

  /// Sets bits[i] and validity[i] (1 = value, 0 = NULL, then the bits are any) to row rows[i] of a
  /// vector of fixed-width values: for those who want a few of its rows only. Requires `rows` to
  /// ascend and to be in the vector.
  virtual Status ReadRows(ColumnId column, DataType type, uint32_t vector,
                          std::span<const uint32_t> rows, uint64_t* bits, uint8_t* validity) {
    STRIA_ASSIGN_OR_RETURN(const VectorView view, ReadVector(column, type, vector));
    CopyRows(view, rows, bits, validity);
    return Status::Ok();
  }

  /// Drops what is kept of `column`, and the vectors that ReadVector() gave of it.
  virtual void ForgetColumn(ColumnId column) { static_cast<void>(column); }

  /// Whether the zone map of `column` in `vector` shows that no value v there satisfies
  /// low <= v <= high. False where it is not known.
  virtual bool ZoneExcludes(ColumnId column, uint32_t vector, double low, double high) {
    static_cast<void>(column), static_cast<void>(vector), static_cast<void>(low),
        static_cast<void>(high);
    return false;
  }
};

}  // namespace stria::storage
