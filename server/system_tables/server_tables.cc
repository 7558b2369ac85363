// system.settings and functions: how the server is set, and what its SQL knows.

#include <memory>

#include "query/bind/function_catalog.h"
#include "server/system_tables/computed_table.h"
#include "server/system_tables/system_tables.h"

namespace stria::server {
namespace {

using enum DataType;
using Rows = std::vector<std::vector<Value>>;

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

Rows SettingRows(const Settings& settings) {
  Rows rows;
  for (const auto& setting : AllSettings()) {
    rows.push_back({Text(setting.name), Value::String(settings.Text(setting.name)),
                    Text(setting.default_text), Value::Bool(settings.IsDefault(setting.name)),
                    Text(setting.description)});
  }
  return rows;
}

Rows FunctionRows() {
  Rows rows;
  for (const auto& function : query::ListSqlFunctions()) {
    rows.push_back({Text(function.name), Text(function.kind), Text(function.signature),
                    Text(function.description)});
  }
  return rows;
}

Rows RejectRows(const RejectLog& rejects) {
  Rows rows;
  for (const auto& line : rejects.List({}, {})) {
    rows.push_back({Value::Timestamp(line.time_ns), Text(line.database), Text(line.table),
                    Text(line.line), Text(line.code), Text(line.reason), Text(line.source)});
  }
  return rows;
}

}  // namespace

void AddRejectsTable(query::VirtualTableRegistry& tables, const RejectLog& rejects) {
  tables.Add(std::make_unique<ComputedTable>(
      "rejects",
      "Lines that were refused for what their table is; `stria rejects` writes them again.",
      std::vector<query::VirtualColumn>{
          {"time", kTimestamp, "when the line came"},
          {"database", kString, "database it was written to"},
          {"table", kString, "table it was written to"},
          {"line", kString, "the line"},
          {"code", kString, "code of the error, such as type_conflict"},
          {"reason", kString, "why it was refused"},
          {"source", kString, "protocol it came by"}},
      [&rejects]() -> Result<Rows> { return RejectRows(rejects); }));
}

void AddServerTables(query::VirtualTableRegistry& tables, const Settings& settings) {
  tables.Add(std::make_unique<ComputedTable>(
      "settings", "All settings of the server.",
      std::vector<query::VirtualColumn>{
          {"name", kString, "section.key"},
          {"value", kString, "what is in force"},
          {"default_value", kString, "what it is when nobody sets it"},
          {"is_default", kBool, "whether nobody has set it"},
          {"description", kString, "what it does"}},
      [&settings]() -> Result<Rows> { return SettingRows(settings); }));
  tables.Add(std::make_unique<ComputedTable>(
      "functions", "All functions of SQL.",
      std::vector<query::VirtualColumn>{{"name", kString, "name"},
                                        {"kind", kString, "scalar or aggregate"},
                                        {"signature", kString, "types of arguments and result"},
                                        {"description", kString, "what it does"}},
      []() -> Result<Rows> { return FunctionRows(); }));
}

}  // namespace stria::server
