// The columns of a table.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/ids.h"

namespace stria {

inline constexpr std::string_view kTimeColumnName = "time";

struct ColumnSchema {
  ColumnId id;
  std::string name;
  ColumnRole role = ColumnRole::kField;
  DataType type = DataType::kFloat64;  ///< kTimestamp for the time, kString for tags

  friend bool operator==(const ColumnSchema&, const ColumnSchema&) = default;
};

/// The limits of a table; 0 is what the server is set to.
struct TableLimits {
  uint64_t max_series = 0;
  uint32_t max_columns = 0;  ///< tags and fields

  friend bool operator==(const TableLimits&, const TableLimits&) = default;
};

/// One version of a table's columns; immutable once shared. The time column comes first (id 0), the
/// rest stand in the order in which they appeared.
struct TableSchema {
  TableId id;
  DatabaseId database_id;
  std::string database;
  std::string name;
  int64_t partition_ns = 0;  ///< width of a partition
  TableLimits limits;
  uint32_t next_column_id = 1;  ///< above the id of every column that there ever was
  std::vector<ColumnSchema> columns;

  /// The column, or nullptr. Names are case-sensitive. Linear; the binder's and writer's maps serve
  /// wide tables.
  const ColumnSchema* Find(std::string_view column_name) const {
    for (const auto& column : columns) {
      if (column.name == column_name) return &column;
    }
    return nullptr;
  }
  const ColumnSchema* Find(ColumnId column_id) const {
    for (const auto& column : columns) {
      if (column.id == column_id) return &column;
    }
    return nullptr;
  }
};

using TableSchemaPtr = std::shared_ptr<const TableSchema>;

}  // namespace stria
