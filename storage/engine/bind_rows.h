// Binds the rows of a request to the catalog: names become ids, new tables and columns are created,
// rows in conflict with the types that are there are left out, and every row gets its shard.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/catalog/catalog.h"
#include "storage/engine/engine.h"
#include "storage/series/series_index.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// A series of a batch, by its id or, when that is BatchSeries::kNoId, by its key.
struct BoundSeries {
  std::string key;
  uint32_t id = BatchSeries::kNoId;
};

/// The rows of one table that go to one shard. `rows.series` are positions in `series` until the
/// log task, which alone gives ids, replaces them.
struct BoundTable {
  TableSchemaPtr schema;
  TableRows rows;
  std::vector<BoundSeries> series;
};

/// A request, ready to be logged.
struct BoundBatch {
  std::vector<std::vector<BoundTable>> shards;  ///< [num_shards]
  WriteResult result;
};

/// What there is of the series of a table.
struct SeriesLookup {
  /// Gives the series of the batch that the table has already their ids.
  std::function<void(const TableSchema& table, RowBatch& batch)> find;
  std::function<uint64_t(TableId)> count;
  /// The tag with the most values, in the shard that has the most of it.
  std::function<std::optional<TagCount>(TableId)> largest_tag;
  /// Bytes of memory that new series may take; empty: no limit.
  std::function<uint64_t()> room = {};
};

/// The limits that are in force for a table (nullptr: a new one): its own, or the server's.
TableLimits LimitsOf(const TableSchema* table, const EngineOptions& options);

/// Binds `request`, committing what the catalog lacks. When `result.status` is not ok, nothing of
/// the batch may be stored; else `shards` holds the rows that were not rejected. A table that is
/// full of columns or series refuses the rows that need more, and takes the others; series of other
/// requests that are under way at the same moment are not counted. Rows whose series memory has no
/// room for are rejected with kUnavailable: they may be sent again later. Fails with
/// kUnavailable when a table was dropped since its series became known.
BoundBatch BindRows(WriteRequest& request, Catalog& catalog, const EngineOptions& options,
                    const SeriesLookup& series);

/// The shard of a series. Slots are divided evenly.
uint32_t ShardOf(TableId table, std::string_view key, uint32_t num_shards);

}  // namespace stria::storage
