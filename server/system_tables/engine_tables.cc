// system.databases, tables, columns, parts and shards: what is stored, and where.

#include <memory>

#include "server/system_tables/computed_table.h"
#include "server/system_tables/system_tables.h"

namespace stria::server {
namespace {

using enum DataType;
using Rows = std::vector<std::vector<Value>>;

Value Count(uint64_t count) {
  return Value::Int64(static_cast<int64_t>(count));
}

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

// A time that only means something where there are rows.
Value TimeIf(bool has_rows, int64_t ns) {
  return has_rows ? Value::Timestamp(ns) : Value::Null(kTimestamp);
}

Rows DatabaseRows(const storage::Engine& engine) {
  Rows rows;
  for (const auto& database : engine.Databases())
    rows.push_back({Text(database), Count(engine.Tables(database).size())});
  return rows;
}

Rows TableRowsOf(const storage::Engine& engine) {
  Rows rows;
  for (const auto& database : engine.Databases()) {
    for (const auto& schema : engine.Tables(database)) {
      const auto info = engine.DescribeTable(*schema);
      const uint64_t num_rows = info.rows_in_parts + info.rows_in_memtable;
      rows.push_back({Text(database), Text(schema->name), Count(num_rows),
                      Count(info.rows_in_memtable), Count(info.num_series),
                      Count(info.schema->columns.size()), Count(info.num_parts),
                      Count(info.part_bytes), TimeIf(num_rows != 0, info.min_time),
                      TimeIf(num_rows != 0, info.max_time), Value::Interval(schema->partition_ns),
                      Count(info.max_series), Count(info.max_columns)});
    }
  }
  return rows;
}

Rows ColumnRows(const storage::Engine& engine) {
  Rows rows;
  for (const auto& database : engine.Databases()) {
    for (const auto& schema : engine.Tables(database)) {
      for (const auto& column : schema->columns) {
        rows.push_back({Text(database), Text(schema->name), Text(column.name),
                        Text(ColumnRoleName(column.role)), Text(DataTypeName(column.type))});
      }
    }
  }
  return rows;
}

Rows PartRows(const storage::Engine& engine) {
  Rows rows;
  for (const auto& part : engine.Parts()) {
    rows.push_back({Text(part.database), Text(part.table), Count(part.shard), Text(part.file),
                    Count(part.offset), Text(part.tier), Count(part.bytes), Count(part.rows),
                    Value::Timestamp(part.min_time), Value::Timestamp(part.max_time),
                    Count(part.seq_min), Count(part.seq_max)});
  }
  return rows;
}

Rows ShardRows(const storage::Engine& engine) {
  Rows rows;
  for (const auto& shard : engine.Shards()) {
    rows.push_back({Count(shard.shard), Count(shard.rows), Count(shard.bytes), Count(shard.series),
                    Count(shard.parts), Count(shard.next_seq), Count(shard.wal_low),
                    Count(shard.wal_bytes), Count(shard.slots), Count(shard.series_bytes)});
  }
  return rows;
}

Rows HealthRows(const storage::Engine& engine) {
  Rows rows;
  for (const auto& entry : engine.HealthEntries()) {
    rows.push_back({Text(HealthComponentName(entry.component)), Text(HealthStateName(entry.state)),
                    Text(entry.what), Text(entry.detail), Value::Timestamp(entry.since_ns),
                    Text(entry.advice)});
  }
  return rows;
}

}  // namespace

void AddEngineTables(query::VirtualTableRegistry& tables, const storage::Engine& engine) {
  const auto add = [&](std::string name, std::string description,
                       std::vector<query::VirtualColumn> columns,
                       Rows (*rows)(const storage::Engine&)) {
    tables.Add(std::make_unique<ComputedTable>(
        std::move(name), std::move(description), std::move(columns),
        [&engine, rows]() -> Result<Rows> { return rows(engine); }));
  };
  add("databases", "All databases.",
      {{"database", kString, "name"}, {"tables", kInt64, "number of tables"}}, DatabaseRows);
  add("tables", "All tables, and what they hold.",
      {{"database", kString, "database of the table"},
       {"table", kString, "name"},
       {"rows", kInt64, "rows in parts and in memory, before duplicates are merged"},
       {"rows_in_memory", kInt64, "those that are in no part yet"},
       {"series", kInt64, "tag sets"},
       {"columns", kInt64, "columns, with time"},
       {"parts", kInt64, "number of parts"},
       {"bytes", kInt64, "size of the parts"},
       {"min_time", kTimestamp, "time of the oldest row"},
       {"max_time", kTimestamp, "time of the newest row"},
       {"partition", kInterval, "time that one partition covers"},
       {"max_series", kInt64, "series that it may have"},
       {"max_columns", kInt64, "tags and fields that it may have"}},
      TableRowsOf);
  add("columns", "All columns of all tables.",
      {{"database", kString, "database of the table"},
       {"table", kString, "table"},
       {"column", kString, "name"},
       {"role", kString, "time, tag or field"},
       {"type", kString, "type of its values"}},
      ColumnRows);
  add("parts", "All parts: immutable files, or pieces of one, with rows of one table.",
      {{"database", kString, "database of the table"},
       {"table", kString, "table"},
       {"shard", kInt64, "shard"},
       {"file", kString, "file below shard/N/part"},
       {"offset", kInt64, "where in the file it begins"},
       {"tier", kString, "hot as flushed, warm as compacted"},
       {"bytes", kInt64, "size"},
       {"rows", kInt64, "number of rows"},
       {"min_time", kTimestamp, "time of its oldest row"},
       {"max_time", kTimestamp, "time of its newest row"},
       {"seq_min", kInt64, "first record of the log that is in it"},
       {"seq_max", kInt64, "last record of the log that is in it"}},
      PartRows);
  add("shards", "All shards: each has a log, memtables and parts of its own.",
      {{"shard", kInt64, "number"},
       {"rows", kInt64, "rows in parts and in memory"},
       {"bytes", kInt64, "size of the parts"},
       {"series", kInt64, "tag sets"},
       {"parts", kInt64, "number of parts"},
       {"next_seq", kInt64, "number of the next record of the log"},
       {"wal_low", kInt64, "first record of the log that is still needed"},
       {"wal_bytes", kInt64, "size of the log that is still needed"},
       {"slots", kInt64, "share of the series, in slots of 4096"},
       {"series_bytes", kInt64, "memory of the index of series"}},
      ShardRows);
  add("health", "What is wrong, and what to do; a component that is well has one row that says so.",
      {{"component", kString, "log, manifest, series, part, flush, compaction or disk"},
       {"state", kString,
        "ok; degraded: fails and is tried again; quarantined: damaged, and kept apart from the "
        "rest; failed: until a restart"},
       {"what", kString, "file or thing that is meant, empty for all of the component"},
       {"detail", kString, "what happened"},
       {"since", kTimestamp, "when it was first seen, or of the start"},
       {"what_to_do", kString, "what helps"}},
      HealthRows);
}

}  // namespace stria::server
