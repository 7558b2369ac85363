#include "query/bind/change_binder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "query/bind/expr_binder.h"
#include "query/bind/relation_binder.h"

namespace stria::query {
namespace {

// The stored table that a statement changes, as a scan of all of its columns. Permission to read it
// is asked for first, so that who may not learns nothing of it.
Bound<BoundRelation> BindStored(const AstRelation& relation, Access access,
                                const BindContext& context) {
  STRIA_BIND(BoundRelation bound, BindRelation(relation, {context, nullptr, 0}));
  if (bound.plan->kind != PlanKind::kScan) {
    return BindError(relation.position, "invalid_argument",
                     "the tables of system are computed when they are read; nothing of them can be "
                     "taken away");
  }
  const TableSchema& table = *bound.plan->request.table;
  if (auto error = Refusal(access, table.database, table.name, relation.position, context))
    return *std::move(error);
  return bound;
}

bool IsUnknown(const QueryError& error) {
  return error.code == "unknown_table" || error.code == "unknown_database";
}

// The conditions that AND joins.
void SplitConjuncts(const AstExprPtr& condition, std::vector<AstExprPtr>& conjuncts) {
  if (condition->kind != AstKind::kAnd) return conjuncts.push_back(condition);
  for (const auto& arg : condition->args)
    SplitConjuncts(arg, conjuncts);
}

std::string NamesOf(const TableSchema& table, ColumnRole role) {
  std::string names;
  for (const auto& column : table.columns) {
    if (column.role == role) names += (names.empty() ? "" : ", ") + column.name;
  }
  return names;
}

std::optional<QueryError> FindField(const AstExpr& expr, const BoundRelation& relation) {
  if (expr.kind == AstKind::kColumn) {
    const auto position = relation.scope.Find(expr.names);
    if (!position || relation.plan->columns[*position].role != ColumnRole::kField)
      return std::nullopt;
    const TableSchema& table = *relation.plan->request.table;
    const std::string tags = NamesOf(table, ColumnRole::kTag);
    return BindError(
        expr.position, "invalid_argument",
        fmt::format("column \"{}\" is a field; DELETE chooses rows by the time and by "
                    "tags only",
                    relation.plan->columns[*position].name),
        tags.empty() ? fmt::format("{}.{} has no tags", table.database, table.name)
                     : fmt::format("the tags of {}.{} are: {}", table.database, table.name, tags));
  }
  for (const auto& arg : expr.args) {
    if (auto error = FindField(*arg, relation)) return error;
  }
  return std::nullopt;
}

}  // namespace

Bound<BoundDelete> BindDelete(const AstDelete& statement, const BindContext& context) {
  STRIA_BIND(BoundRelation relation, BindStored(statement.table, Access::kDelete, context));
  const TableSchemaPtr table = relation.plan->request.table;
  if (statement.where == nullptr) {
    return BindError(statement.position, "invalid_argument",
                     "DELETE without WHERE would delete all rows",
                     fmt::format("DROP TABLE {} drops the table with all of its rows; WHERE true "
                                 "deletes them and keeps the table",
                                 table->name));
  }
  BoundDelete bound{.table = table,
                    .row_filter = std::move(relation.plan->request.tags),
                    .conditions = {},
                    .position = statement.position,
                    .columns = relation.plan->columns};
  std::vector<AstExprPtr> conjuncts;
  SplitConjuncts(statement.where, conjuncts);
  for (const auto& conjunct : conjuncts) {
    if (auto error = FindField(*conjunct, relation)) return *std::move(error);
    const ExprContext where{.scope = relation.scope, .now_ns = context.now_ns, .clause = "WHERE"};
    STRIA_BIND(ExprPtr condition, BindCondition(*conjunct, where));
    bound.conditions.push_back({std::move(condition), conjunct->position, conjunct->text});
  }
  return bound;
}

Bound<BoundDrop> BindDropTable(const AstDropTable& statement, const BindContext& context) {
  BoundDrop drop{.kind = BoundDrop::Kind::kTable,
                 .database = statement.table.database,
                 .table = statement.table.table,
                 .column = {},
                 .position = statement.table.table_position,
                 .if_exists = statement.if_exists,
                 .is_there = true};
  auto relation = BindStored(statement.table, Access::kDrop, context);
  if (!relation) {
    if (!statement.if_exists || !IsUnknown(relation.error())) return relation.error();
    drop.is_there = false;
    return drop;
  }
  drop.database = relation->plan->request.table->database;
  return drop;
}

Bound<BoundDrop> BindDropDatabase(const AstDropDatabase& statement, const BindContext& context) {
  if (auto error = Refusal(Access::kDrop, statement.name, {}, statement.position, context))
    return *std::move(error);
  if (statement.name == kSystemDatabase) {
    return BindError(statement.position, "invalid_argument",
                     "the database \"system\" belongs to the server");
  }
  BoundDrop drop{.kind = BoundDrop::Kind::kDatabase,
                 .database = statement.name,
                 .table = {},
                 .column = {},
                 .position = statement.position,
                 .if_exists = statement.if_exists,
                 .is_there = true};
  const auto known = FindDatabase(statement.name, statement.position, context);
  if (!known) {
    if (!statement.if_exists) return known.error();
    drop.is_there = false;
  }
  return drop;
}

Bound<BoundDrop> BindDropColumn(const AstDropColumn& statement, const BindContext& context) {
  STRIA_BIND(const BoundRelation relation, BindStored(statement.table, Access::kDrop, context));
  const TableSchema& table = *relation.plan->request.table;
  BoundDrop drop{.kind = BoundDrop::Kind::kColumn,
                 .database = table.database,
                 .table = table.name,
                 .column = statement.column,
                 .position = statement.column_position,
                 .if_exists = statement.if_exists,
                 .is_there = true};
  AstExpr name;
  name.kind = AstKind::kColumn;
  name.names = {statement.column};
  name.position = statement.column_position;
  const auto position = relation.scope.Find(name.names);
  if (!position) {
    if (!statement.if_exists) return relation.scope.UnknownColumn(name);
    drop.is_there = false;
    return drop;
  }
  const ColumnSchema& column = relation.plan->columns[*position];
  if (column.role != ColumnRole::kField) {
    const bool is_tag = column.role == ColumnRole::kTag;
    return BindError(
        statement.column_position, "invalid_argument",
        fmt::format("column \"{}\" is {}; only fields can be dropped", column.name,
                    is_tag ? "a tag, and tells series apart" : "the time of the rows"),
        is_tag ? "series that differ in nothing else would become one, and their rows each other's "
                 "later writes; write the rows without the tag to another table"
               : "");
  }
  drop.column = column.name;  // Perhaps in lower case.
  return drop;
}

}  // namespace stria::query
