// What a table is told to be, by CREATE TABLE and ALTER TABLE.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/types/schema.h"

namespace stria {

/// Options that are to be set; those without a value stay as they are. 0 is what the server is set
/// to.
struct TableOptionsChange {
  std::optional<int64_t> partition_ns = std::nullopt;
  std::optional<uint64_t> max_series = std::nullopt;
  std::optional<uint32_t> max_columns = std::nullopt;

  friend bool operator==(const TableOptionsChange&, const TableOptionsChange&) = default;
};

/// A table that is to be made. Columns are tags and fields; their ids are not looked at.
struct NewTable {
  std::string database;
  std::string name;
  std::vector<ColumnSchema> columns;
  TableOptionsChange options;
};

}  // namespace stria
