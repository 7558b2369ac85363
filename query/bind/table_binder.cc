#include "query/bind/table_binder.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "query/bind/relation_binder.h"
#include "query/bind/type_coercion.h"
#include "query/expr/time_text.h"
#include "storage/base/nearest_name.h"

namespace stria::query {
namespace {

// What the settings allow.
constexpr int64_t kMinPartitionNs = 1'000'000'000;
constexpr uint64_t kMaxSeries = UINT32_MAX;
constexpr uint64_t kMaxColumns = 100'000;

constexpr const char* kOptionList = "the options are partition, max_series and max_columns";

// Who may not read it learns nothing of it.
Bound<TableSchemaPtr> FindStored(const AstRelation& relation, const BindContext& context) {
  STRIA_BIND(const BoundRelation bound, BindRelation(relation, {context, nullptr, 0}));
  if (bound.plan->kind != PlanKind::kScan) {
    return BindError(relation.position, "invalid_argument",
                     "the tables of system are computed when they are read; nobody makes them");
  }
  return bound.plan->request.table;
}

Bound<int64_t> PartitionOf(const AstOption& option) {
  const auto width = ParseInterval(*option.value);
  if (!width) return BindError(option.value_position, width.error());
  if (*width < kMinPartitionNs) {
    return BindError(
        option.value_position, "invalid_argument",
        fmt::format("partition = '{}': a partition covers a second or more", *option.value),
        "as in partition = '1 day'");
  }
  return *width;
}

Bound<uint64_t> CountOf(const AstOption& option, uint64_t greatest) {
  const std::string& text = *option.value;
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count == 0 || count > greatest) {
    return BindError(
        option.value_position, "invalid_argument",
        fmt::format("{} = {}: want a whole number from 1 to {}", option.name, text, greatest));
  }
  return count;
}

// An option without a value goes back to what the server is set to, which is 0.
Bound<TableOptionsChange> OptionsOf(const std::vector<AstOption>& options) {
  TableOptionsChange change;
  for (const AstOption& option : options) {
    const auto twice = [&] {
      return BindError(option.position, "invalid_argument",
                       fmt::format("option {} is given twice", option.name));
    };
    if (option.name == "partition") {
      if (change.partition_ns) return twice();
      change.partition_ns = 0;
      if (!option.value) continue;
      STRIA_BIND(change.partition_ns, PartitionOf(option));
    } else if (option.name == "max_series") {
      if (change.max_series) return twice();
      change.max_series = 0;
      if (!option.value) continue;
      STRIA_BIND(change.max_series, CountOf(option, kMaxSeries));
    } else if (option.name == "max_columns") {
      if (change.max_columns) return twice();
      change.max_columns = 0;
      if (!option.value) continue;
      STRIA_BIND(const uint64_t count, CountOf(option, kMaxColumns));
      change.max_columns = static_cast<uint32_t>(count);
    } else {
      const std::string nearest = NearestName(
          option.name, std::vector<std::string>{"partition", "max_series", "max_columns"});
      return BindError(option.position, "invalid_argument",
                       fmt::format("table option \"{}\" is not known", option.name),
                       nearest.empty() ? kOptionList : fmt::format("Did you mean {}?", nearest));
    }
  }
  return change;
}

Bound<ColumnSchema> ColumnOf(const AstNewColumn& column) {
  const bool is_time = column.name == kTimeColumnName;
  ColumnSchema schema{.id = {}, .name = column.name, .role = ColumnRole::kField, .type = {}};
  if (column.type == "tag") {
    schema.role = ColumnRole::kTag;
    schema.type = DataType::kString;
  } else {
    schema.type = TypeOfName(column.type);
  }
  if (is_time && schema.type == DataType::kTimestamp && column.role.empty()) {
    schema.role = ColumnRole::kTime;
    return schema;
  }
  if (is_time) {
    return BindError(column.type_position, "invalid_argument",
                     "the column \"time\" is the time of the rows: its type is timestamp");
  }
  switch (schema.type) {
    case DataType::kFloat64:
    case DataType::kInt64:
    case DataType::kUint64:
    case DataType::kBool:
    case DataType::kString: break;
    default:
      return BindError(column.type_position, "invalid_argument",
                       fmt::format("no column can be of type {}", column.type),
                       "a column is a tag, or a field of float64, int64, uint64, bool or string");
  }
  if (column.role == "tag" && schema.type == DataType::kString) {
    schema.role = ColumnRole::kTag;
  } else if (column.role == "tag" || (schema.role == ColumnRole::kTag && !column.role.empty())) {
    return BindError(column.role_position, "invalid_argument",
                     fmt::format("column \"{}\": tags are strings, and nothing else", column.name));
  } else if (!column.role.empty() && column.role != "field") {
    return BindError(column.role_position, "parse",
                     fmt::format("expected TAG or FIELD, found \"{}\"", column.role));
  }
  return schema;
}

Bound<std::vector<ColumnSchema>> ColumnsOf(const std::vector<AstNewColumn>& columns) {
  std::vector<ColumnSchema> schemas;
  std::unordered_set<std::string_view> names;
  for (const AstNewColumn& column : columns) {
    if (!names.insert(column.name).second) {
      return BindError(column.position, "invalid_argument",
                       fmt::format("column \"{}\" is there twice", column.name));
    }
    STRIA_BIND(ColumnSchema schema, ColumnOf(column));
    // Every table has the time.
    if (schema.role != ColumnRole::kTime) schemas.push_back(std::move(schema));
  }
  return schemas;
}

// A name as a statement can have it: in quotes unless it is a plain word that is no keyword.
std::string NameText(const std::string& name) {
  static constexpr std::string_view kReserved[] = {
      "and",   "as",       "asc",  "between", "by",    "case",  "cast",  "create",
      "desc",  "distinct", "else", "end",     "false", "from",  "group", "having",
      "in",    "is",       "like", "limit",   "not",   "null",  "on",    "or",
      "order", "select",   "then", "true",    "when",  "where", "with"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_plain = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  if (!name.empty() && is_letter(name[0]) && std::ranges::all_of(name, is_plain) &&
      std::ranges::find(kReserved, name) == std::end(kReserved)) {
    return name;
  }
  std::string quoted = "\"";
  for (const char c : name) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  return quoted + '"';
}

// In the greatest unit of which it is a whole number.
std::string WidthText(int64_t ns) {
  constexpr int64_t kSecond = 1'000'000'000;
  constexpr std::pair<int64_t, const char*> kUnits[] = {{86'400 * kSecond, "day"},
                                                        {3600 * kSecond, "hour"},
                                                        {60 * kSecond, "minute"},
                                                        {kSecond, "second"}};
  for (const auto& [unit_ns, unit] : kUnits) {
    if (ns % unit_ns == 0)
      return fmt::format("{} {}{}", ns / unit_ns, unit, ns == unit_ns ? "" : "s");
  }
  return FormatInterval(ns);
}

std::string StatementOf(const TableSchema& table) {
  std::string text =
      fmt::format("CREATE TABLE {}.{} (", NameText(table.database), NameText(table.name));
  const char* separator = "\n  ";
  for (const ColumnSchema& column : ColumnsInOrder(table)) {
    text += fmt::format("{}{} {}", separator, NameText(column.name),
                        column.role == ColumnRole::kTag ? "tag" : DataTypeName(column.type));
    separator = ",\n  ";
  }
  text += fmt::format("\n) WITH (partition = '{}'", WidthText(table.partition_ns));
  if (table.limits.max_series != 0)
    text += fmt::format(", max_series = {}", table.limits.max_series);
  if (table.limits.max_columns != 0)
    text += fmt::format(", max_columns = {}", table.limits.max_columns);
  return text + ")";
}

}  // namespace

Bound<BoundCreateTable> BindCreateTable(const AstCreateTable& statement,
                                        const BindContext& context) {
  const AstRelation& relation = statement.table;
  const std::string& name = relation.database.empty() ? context.database : relation.database;
  if (auto error = Refusal(Access::kCreate, name, relation.table, relation.position, context))
    return *std::move(error);
  STRIA_BIND(const std::string database, FindDatabase(name, relation.position, context));
  if (database == kSystemDatabase) {
    return BindError(relation.position, "invalid_argument",
                     "the database \"system\" belongs to the server");
  }
  BoundCreateTable bound{
      .table = {.database = database, .name = relation.table, .columns = {}, .options = {}},
      .position = relation.table_position,
      .if_not_exists = statement.if_not_exists};
  STRIA_BIND(bound.table.columns, ColumnsOf(statement.columns));
  STRIA_BIND(bound.table.options, OptionsOf(statement.options));
  if (context.engine.FindTable(database, relation.table) == nullptr) return bound;
  if (!statement.if_not_exists) {
    return BindError(relation.table_position, "invalid_argument",
                     fmt::format("table {}.{} is there already", database, relation.table),
                     "ALTER TABLE changes its options; new columns come with the rows that have "
                     "them");
  }
  bound.is_there = true;
  return bound;
}

Bound<BoundSetOptions> BindSetOptions(const AstSetOptions& statement, const BindContext& context) {
  STRIA_BIND(const TableSchemaPtr table, FindStored(statement.table, context));
  if (auto error = Refusal(Access::kAlter, table->database, table->name, statement.table.position,
                           context)) {
    return *std::move(error);
  }
  STRIA_BIND(const TableOptionsChange options, OptionsOf(statement.options));
  return BoundSetOptions{.database = table->database,
                         .table = table->name,
                         .options = options,
                         .position = statement.table.table_position};
}

Bound<BoundRows> BindShowCreate(const AstShowCreate& statement, const BindContext& context) {
  STRIA_BIND(const TableSchemaPtr table, FindStored(statement.table, context));
  return BoundRows{.columns = {{"table", DataType::kString}, {"statement", DataType::kString}},
                   .rows = {{Value::String(table->name), Value::String(StatementOf(*table))}}};
}

}  // namespace stria::query
