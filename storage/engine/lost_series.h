// Series whose keys stood in records of the log that cannot be read any more.
//
// Later records name such a series only by its id. Its rows cannot be given to anybody, so they
// stay in the quarantine; its id is never given to another key.

#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "storage/series/series_file.h"
#include "storage/series/series_index.h"
#include "storage/types/ids.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// Thread safety: confined to the start of a shard.
class LostSeries {
 public:
  /// Takes the ids of `index` that are missing below `end`, under keys of no row, and adds them to
  /// `taken`: they go into the next series file as others do.
  void TakeIds(TableId table, uint32_t end, TableSeriesIndex& index,
               std::vector<SeriesRange>& taken);

  /// Removes rows whose series is lost or not in `index`; returns their number.
  uint64_t EraseRows(const TableSeriesIndex& index, TableRows& rows);

 private:
  std::map<TableId, std::set<uint32_t>> ids_;  // Of the tables that were looked at.
};

}  // namespace stria::storage
