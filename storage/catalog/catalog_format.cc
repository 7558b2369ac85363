#include "storage/catalog/catalog_format.h"

#include <algorithm>
#include <utility>

#include "storage/base/errors.h"

namespace stria::storage {
namespace {

// What a table may be told; those that are not in its entry are as the server is set.
enum class Option : uint8_t {
  kMaxSeries = 1,
  kMaxColumns = 2,
};

void AppendColumns(std::span<const ColumnSchema> columns, std::vector<std::byte>& record) {
  AppendVarint(columns.size(), record);
  for (const auto& column : columns) {
    AppendVarint(column.id.value(), record);
    AppendString(column.name, record);
    AppendInteger(static_cast<uint8_t>(column.role), record);
    AppendInteger(static_cast<uint8_t>(column.type), record);
  }
}

}  // namespace

void AppendServer(uint32_t num_shards, Lineage lineage, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kServer), record);
  AppendVarint(num_shards, record);
  AppendInteger(lineage.high, record);
  AppendInteger(lineage.low, record);
}

void AppendDatabase(DatabaseId id, std::string_view name, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kDatabase), record);
  AppendVarint(id.value(), record);
  AppendString(name, record);
}

void AppendTable(const TableSchema& table, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kTable), record);
  AppendVarint(table.id.value(), record);
  AppendVarint(table.database_id.value(), record);
  AppendString(table.database, record);
  AppendString(table.name, record);
  AppendInteger(table.partition_ns, record);
  AppendVarint(table.next_column_id, record);
  AppendColumns(table.columns, record);
}

void AppendNewColumns(const TableSchema& table, size_t num_before, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kNewColumns), record);
  AppendVarint(table.id.value(), record);
  AppendVarint(table.next_column_id, record);
  AppendColumns(std::span(table.columns).subspan(num_before), record);
}

void AppendLimits(const TableSchema& table, std::vector<std::byte>& record) {
  const std::pair<Option, uint64_t> options[] = {{Option::kMaxSeries, table.limits.max_series},
                                                 {Option::kMaxColumns, table.limits.max_columns}};
  AppendInteger(static_cast<uint8_t>(Entry::kTableOptions), record);
  AppendVarint(table.id.value(), record);
  AppendVarint(static_cast<uint64_t>(std::ranges::count_if(
                   options, [](const auto& option) { return option.second != 0; })),
               record);
  for (const auto& [option, value] : options) {
    if (value == 0) continue;
    AppendInteger(static_cast<uint8_t>(option), record);
    AppendVarint(value, record);
  }
}

void AppendNextIds(uint32_t next_table_id, uint32_t next_database_id,
                   std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kNextIds), record);
  AppendVarint(next_table_id, record);
  AppendVarint(next_database_id, record);
}

void AppendDropTable(TableId id, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kDropTable), record);
  AppendVarint(id.value(), record);
}

void AppendDropDatabase(DatabaseId id, std::vector<std::byte>& record) {
  AppendInteger(static_cast<uint8_t>(Entry::kDropDatabase), record);
  AppendVarint(id.value(), record);
}

Result<uint32_t> ReadSmall(ByteReader& reader) {
  STRIA_ASSIGN_OR_RETURN(const auto value, reader.ReadVarint());
  if (value >= UINT32_MAX) return Corruption("number {} is too large", value);
  return static_cast<uint32_t>(value);
}

Status ReadColumns(ByteReader& reader, TableSchema& table) {
  STRIA_ASSIGN_OR_RETURN(table.next_column_id, ReadSmall(reader));
  STRIA_ASSIGN_OR_RETURN(const auto num_columns, reader.ReadVarint());
  for (uint64_t i = 0; i < num_columns; ++i) {
    ColumnSchema column;
    STRIA_ASSIGN_OR_RETURN(const auto column_id, ReadSmall(reader));
    STRIA_ASSIGN_OR_RETURN(column.name, reader.ReadString());
    STRIA_ASSIGN_OR_RETURN(const auto role, reader.Read<uint8_t>());
    STRIA_ASSIGN_OR_RETURN(const auto type, reader.Read<uint8_t>());
    if (role > static_cast<uint8_t>(ColumnRole::kField) ||
        type > static_cast<uint8_t>(DataType::kString)) {
      return Corruption("column \"{}\" of role {} and type {}", column.name, role, type);
    }
    if (!table.columns.empty() && column_id <= table.columns.back().id.value()) {
      return Corruption("column \"{}\" has id {}, which is not above the one before", column.name,
                        column_id);
    }
    if (column_id >= table.next_column_id) {
      return Corruption("column \"{}\" has id {}, and the next is to have {}", column.name,
                        column_id, table.next_column_id);
    }
    column.id = ColumnId(column_id);
    column.role = static_cast<ColumnRole>(role);
    column.type = static_cast<DataType>(type);
    table.columns.push_back(std::move(column));
  }
  return Status::Ok();
}

Result<std::shared_ptr<TableSchema>> ReadTable(ByteReader& reader) {
  auto table = std::make_shared<TableSchema>();
  STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
  STRIA_ASSIGN_OR_RETURN(const auto database_id, ReadSmall(reader));
  table->id = TableId(id);
  table->database_id = DatabaseId(database_id);
  STRIA_ASSIGN_OR_RETURN(table->database, reader.ReadString());
  STRIA_ASSIGN_OR_RETURN(table->name, reader.ReadString());
  STRIA_ASSIGN_OR_RETURN(table->partition_ns, reader.Read<int64_t>());
  if (table->partition_ns <= 0) return Corruption("partitions of {} ns", table->partition_ns);
  STRIA_RETURN_IF_ERROR(ReadColumns(reader, *table));
  if (table->columns.empty() || table->columns[0].role != ColumnRole::kTime) {
    return Corruption("table \"{}\" without a time column", table->name);
  }
  return table;
}

Result<TableLimits> ReadLimits(ByteReader& reader) {
  TableLimits limits;
  STRIA_ASSIGN_OR_RETURN(const auto num_options, reader.ReadVarint());
  for (uint64_t i = 0; i < num_options; ++i) {
    STRIA_ASSIGN_OR_RETURN(const auto option, reader.Read<uint8_t>());
    if (option == static_cast<uint8_t>(Option::kMaxSeries)) {
      STRIA_ASSIGN_OR_RETURN(limits.max_series, reader.ReadVarint());
    } else if (option == static_cast<uint8_t>(Option::kMaxColumns)) {
      STRIA_ASSIGN_OR_RETURN(limits.max_columns, ReadSmall(reader));
    } else {
      return Corruption("table option {} is not known", option);
    }
  }
  return limits;
}

}  // namespace stria::storage
