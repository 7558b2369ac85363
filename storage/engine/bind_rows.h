// Binds the rows of a request to the catalog: names become ids, new tables and columns are created,
// rows in conflict with the types that are there are left out, and every row gets its shard.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/catalog/catalog.h"
#include "storage/engine/engine.h"
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

/// Gives the series of the batch that the table has already their ids.
using FindSeries = std::function<void(const TableSchema& table, RowBatch& batch)>;

/// Binds `request`, committing what the catalog lacks. When `result.status` is not ok, nothing of
/// the batch may be stored; else `shards` holds the rows that were not rejected. Fails with
/// kUnavailable when a table was dropped since its series became known.
BoundBatch BindRows(WriteRequest& request, Catalog& catalog, const EngineOptions& options,
                    const FindSeries& find_series);

/// The shard of a series. Slots are divided evenly.
uint32_t ShardOf(TableId table, std::string_view key, uint32_t num_shards);

}  // namespace stria::storage
