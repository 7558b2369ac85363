#include "query/bind/relation_binder.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "query/bind/select_binder.h"
#include "storage/base/nearest_name.h"

namespace stria::query {
namespace {

// The nearest of `candidates` that the reader may see; "" where there is none. `may_see` is asked
// about that one only.
template <typename MaySeeName>
std::string DidYouMean(std::string_view name, const std::vector<std::string>& candidates,
                       const MaySeeName& may_see) {
  const std::string nearest = NearestName(name, candidates);
  if (nearest.empty() || !may_see(nearest)) return {};
  return fmt::format("Did you mean \"{}\"?", nearest);
}

std::string DatabaseOf(const AstRelation& relation, const BindContext& context) {
  return relation.database.empty() ? context.database : relation.database;
}

Bound<RowFilter> CheckRead(const AstRelation& relation, const std::string& database,
                           const BindContext& context) {
  if (context.access == nullptr || !*context.access || database.empty()) return RowFilter{};
  auto filter = (*context.access)(Access::kRead, database, relation.table);
  if (!filter) return BindError(relation.position, filter.error());
  return *std::move(filter);
}

// The nearest name, or the database that has the table, or a way to see what there is.
QueryError UnknownTable(const AstRelation& relation, const std::string& database,
                        const BindContext& context) {
  std::vector<std::string> names;
  for (const auto& table : context.engine.Tables(database))
    names.push_back(table->name);
  std::string hint = DidYouMean(relation.table, names, [&](const std::string& table) {
    return MaySee(context, database, table);
  });
  if (hint.empty()) {
    for (const auto& other : context.engine.Databases()) {
      if (context.engine.FindTable(other, relation.table) == nullptr) continue;
      if (!MaySee(context, other, relation.table)) continue;
      hint = fmt::format("there is one in another database: {}.{}", other, relation.table);
      break;
    }
  }
  if (hint.empty()) hint = "SHOW TABLES lists them; the first write makes one";
  return BindError(relation.table_position, "unknown_table",
                   fmt::format("table \"{}\" not found in {}", relation.table, database),
                   std::move(hint));
}

QueryError UnknownSystemTable(const AstRelation& relation, const BindContext& context) {
  std::vector<std::string> names;
  for (const auto& table : context.virtual_tables.tables())
    names.push_back(table->name());
  std::string hint = DidYouMean(relation.table, names, [&](const std::string& table) {
    return MaySee(context, kSystemDatabase, table);
  });
  if (hint.empty()) hint = "SHOW TABLES FROM system lists them";
  return BindError(relation.table_position, "unknown_table",
                   fmt::format("table \"{}\" not found in system", relation.table),
                   std::move(hint));
}

BoundRelation FromStoredTable(const AstRelation& relation, TableSchemaPtr table,
                              RowFilter row_filter) {
  auto node = std::make_unique<PlanNode>();
  node->kind = PlanKind::kScan;
  node->columns = ColumnsInOrder(*table);
  for (const auto& column : node->columns) {
    node->output.push_back({column.name, column.type});
    if (column.role == ColumnRole::kField) node->request.fields.push_back(column.id);
  }
  node->request.tags = std::move(row_filter);
  Scope scope(node->output, relation.alias.empty() ? table->name : relation.alias, table->database,
              fmt::format("{}.{}", table->database, table->name));
  node->request.table = std::move(table);
  return {std::move(node), std::move(scope)};
}

BoundRelation FromSystemTable(const AstRelation& relation, const VirtualTable& table) {
  auto node = std::make_unique<PlanNode>();
  node->kind = PlanKind::kVirtualScan;
  node->virtual_table = &table;
  for (const auto& column : table.columns())
    node->output.push_back({column.name, column.type});
  Scope scope(node->output, relation.alias.empty() ? table.name() : relation.alias,
              std::string(kSystemDatabase), fmt::format("{}.{}", kSystemDatabase, table.name()));
  return {std::move(node), std::move(scope)};
}

Bound<BoundRelation> FromQuery(const AstSelect& query, const QueryPlace& place, std::string name,
                               std::string description) {
  STRIA_BIND(PlanPtr plan, BindSelect(query, place));
  Scope scope(plan->output, std::move(name), {}, std::move(description));
  return BoundRelation{std::move(plan), std::move(scope)};
}

}  // namespace

std::optional<QueryError> Refusal(Access access, std::string_view database, std::string_view table,
                                  Position position, const BindContext& context) {
  if (context.access == nullptr || !*context.access) return std::nullopt;
  const auto allowed = (*context.access)(access, database, table);
  if (allowed) return std::nullopt;
  return BindError(position, allowed.error());
}

bool MaySee(const BindContext& context, std::string_view database, std::string_view table) {
  if (context.access == nullptr || !*context.access) return true;
  return (*context.access)(Access::kRead, database, table).has_value();
}

std::vector<ColumnSchema> ColumnsInOrder(const TableSchema& table) {
  std::vector<ColumnSchema> columns;
  columns.reserve(table.columns.size());
  for (const auto role : {ColumnRole::kTime, ColumnRole::kTag, ColumnRole::kField}) {
    for (const auto& column : table.columns) {
      if (column.role == role) columns.push_back(column);
    }
  }
  return columns;
}

Bound<std::string> FindDatabase(const std::string& name, Position position,
                                const BindContext& context) {
  if (name.empty()) {
    return BindError(position, "unknown_database", "no database is chosen",
                     "give the request a database (db=NAME), or write DATABASE.TABLE");
  }
  if (name == kSystemDatabase || context.engine.HasDatabase(name)) return name;
  std::string hint = DidYouMean(name, context.engine.Databases(), [&](const std::string& database) {
    return MaySee(context, database, {});
  });
  if (hint.empty()) hint = "SHOW DATABASES lists them; a write makes one";
  return BindError(position, "unknown_database", fmt::format("database \"{}\" not found", name),
                   std::move(hint));
}

Bound<const VirtualTable*> FindSystemTable(const AstRelation& relation,
                                           const BindContext& context) {
  const VirtualTable* const none = nullptr;
  if (DatabaseOf(relation, context) != kSystemDatabase) return none;
  STRIA_BIND(const RowFilter filter, CheckRead(relation, std::string(kSystemDatabase), context));
  if (!filter.empty()) {
    return BindError(relation.position, "forbidden",
                     fmt::format("system.{} cannot be read in part", relation.table));
  }
  const VirtualTable* table = context.virtual_tables.Find(relation.table);
  if (table == nullptr) return UnknownSystemTable(relation, context);
  return table;
}

Bound<BoundRelation> BindRelation(const AstRelation& relation, const QueryPlace& place) {
  const BindContext& context = place.context;
  if (relation.query != nullptr) {
    const QueryPlace inner{context, place.ctes, place.depth + 1};
    return FromQuery(*relation.query, inner, relation.alias,
                     relation.alias.empty() ? "the subquery" : relation.alias);
  }
  if (relation.database.empty()) {
    for (const CteScope* scope = place.ctes; scope != nullptr; scope = scope->outer) {
      for (size_t i = scope->num_visible; i-- > 0;) {
        const auto& [name, query] = scope->select->ctes[i];
        if (name != relation.table) continue;
        (*scope->is_read)[i] = true;
        const CteScope before{scope->outer, scope->select, i, scope->is_read};
        const QueryPlace inner{context, &before, place.depth + 1};
        return FromQuery(*query, inner, relation.alias.empty() ? name : relation.alias, name);
      }
    }
  }
  STRIA_BIND(const VirtualTable* const system_table, FindSystemTable(relation, context));
  if (system_table != nullptr) return FromSystemTable(relation, *system_table);
  // Permission comes first: who may not read a table does not learn whether it is there.
  const std::string database = DatabaseOf(relation, context);
  STRIA_BIND(RowFilter filter, CheckRead(relation, database, context));
  STRIA_BIND(const std::string known, FindDatabase(database, relation.position, context));
  auto table = context.engine.FindTable(known, relation.table);
  if (table == nullptr) return UnknownTable(relation, known, context);
  return FromStoredTable(relation, std::move(table), std::move(filter));
}

}  // namespace stria::query
