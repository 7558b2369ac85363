// The identifiers of the engine, each its own type.

#pragma once

#include <cstdint>

#include "storage/base/strong_type.h"

namespace stria {

/// A database, table or column; given by the catalog, never reused. Column ids are unique in a
/// table.
using DatabaseId = StrongType<struct DatabaseIdTag, uint32_t>;
using TableId = StrongType<struct TableIdTag, uint32_t>;
using ColumnId = StrongType<struct ColumnIdTag, uint32_t>;

/// A tag set of one table, dense from 0 in each (table, shard), never reused.
using SeriesId = StrongType<struct SeriesIdTag, uint32_t>;

}  // namespace stria
