// Rows of one table inside the engine: bound to ids, column by column. What the log records, the
// memtable appends, and (sorted, with runs) what a part is written from.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/ids.h"

namespace stria {

/// One field. `bits` (int64, uint64, float64 bits, bool 0/1; 0 where NULL) or, for kString,
/// `strings` has one entry a row.
struct ColumnRows {
  ColumnId id;
  DataType type = DataType::kFloat64;
  std::vector<uint64_t> bits;
  std::vector<std::string_view> strings;
  std::vector<uint8_t>
      validity;  ///< empty = every row has a value; else 1 = value, 0 = not written

  bool IsValid(size_t row) const { return validity.empty() || validity[row] != 0; }
};

/// Rows in arrival order: a later row of the same (series, time) wins, field by field.
struct TableRows {
  TableId table;
  std::vector<uint32_t> series;  ///< [num_rows], SeriesId values
  std::vector<int64_t> times;    ///< [num_rows], ns
  std::vector<ColumnRows> columns;
  std::vector<std::shared_ptr<const void>> keep_alive;  ///< owners of what `strings` point to

  size_t num_rows() const { return times.size(); }
};

/// A slice of SortedRows that belongs to one series.
struct SortedRun {
  SeriesId series;
  uint32_t row_begin = 0;
  uint32_t row_end = 0;
};

/// Rows sorted by (canonical series key, time), each (series, time) once; `runs` cover them in
/// order.
struct SortedRows {
  TableId table;
  std::vector<SortedRun> runs;
  std::vector<int64_t> times;
  std::vector<ColumnRows> columns;
  std::vector<std::shared_ptr<const void>> keep_alive;

  size_t num_rows() const { return times.size(); }
};

/// A series that a log record or a series file introduces.
struct NewSeries {
  TableId table;
  SeriesId id;
  std::string key;
};

}  // namespace stria
