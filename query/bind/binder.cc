#include "query/bind/binder.h"

#include <utility>

#include <fmt/core.h>

#include "query/bind/change_binder.h"
#include "query/bind/relation_binder.h"
#include "query/bind/select_binder.h"
#include "query/bind/table_binder.h"

namespace stria::query {
namespace {

class StatementBinder {
 public:
  explicit StatementBinder(const BindContext& context) : context_(context) {}

  Bound<BoundStatement> operator()(const std::shared_ptr<const AstSelect>& select) const {
    STRIA_BIND(PlanPtr plan, BindSelect(*select, {context_, nullptr, 0}));
    return BoundStatement(std::move(plan));
  }

  Bound<BoundStatement> operator()(const AstExplain& explain) const {
    STRIA_BIND(PlanPtr plan, BindSelect(*explain.query, {context_, nullptr, 0}));
    return BoundStatement(BoundExplain{std::move(plan), explain.analyze});
  }

  Bound<BoundStatement> operator()(const AstShowTables& show) const {
    const std::string& name = show.database.empty() ? context_.database : show.database;
    STRIA_BIND(const std::string database, FindDatabase(name, show.position, context_));
    BoundRows answer{.columns = {{"table", DataType::kString}}, .rows = {}};
    const auto add = [&](const std::string& table) {
      if (MaySee(context_, database, table)) answer.rows.push_back({Value::String(table)});
    };
    if (database == kSystemDatabase) {
      for (const auto& table : context_.virtual_tables.tables())
        add(table->name());
    } else {
      for (const auto& table : context_.engine.Tables(database))
        add(table->name);
    }
    return BoundStatement(std::move(answer));
  }

  Bound<BoundStatement> operator()(const AstShowDatabases&) const {
    BoundRows answer{.columns = {{"database", DataType::kString}}, .rows = {}};
    for (const auto& database : context_.engine.Databases()) {
      if (MaySee(context_, database, {})) answer.rows.push_back({Value::String(database)});
    }
    return BoundStatement(std::move(answer));
  }

  Bound<BoundStatement> operator()(const AstDescribe& describe) const {
    const AstRelation& relation = describe.table;
    BoundRows answer{.columns = {{"column", DataType::kString},
                                 {"type", DataType::kString},
                                 {"kind", DataType::kString}},
                     .rows = {}};
    const auto add = [&](const std::string& name, DataType type, Value kind) {
      answer.rows.push_back(
          {Value::String(name), Value::String(std::string(DataTypeName(type))), std::move(kind)});
    };
    STRIA_BIND(const VirtualTable* const system_table, FindSystemTable(relation, context_));
    if (system_table != nullptr) {
      for (const auto& column : system_table->columns())
        add(column.name, column.type, Value::Null(DataType::kString));
      return BoundStatement(std::move(answer));
    }
    // The binding of a FROM asks whether the table may be read.
    STRIA_BIND(const BoundRelation bound, BindRelation(relation, {context_, nullptr, 0}));
    for (const auto& column : bound.plan->columns)
      add(column.name, column.type, Value::String(std::string(ColumnRoleName(column.role))));
    return BoundStatement(std::move(answer));
  }

  Bound<BoundStatement> operator()(const AstCreateDatabase& create) const {
    if (context_.access != nullptr && *context_.access) {
      const auto allowed = (*context_.access)(Access::kCreate, create.name, {});
      if (!allowed) return BindError(create.position, allowed.error());
    }
    if (create.name == kSystemDatabase) {
      return BindError(create.position, "invalid_argument",
                       "the name \"system\" belongs to the server");
    }
    return BoundStatement(BoundCreateDatabase{create.name, create.position});
  }

  Bound<BoundStatement> operator()(const AstShowCreate& show) const {
    STRIA_BIND(BoundRows answer, BindShowCreate(show, context_));
    return BoundStatement(std::move(answer));
  }
  Bound<BoundStatement> operator()(const AstCreateTable& create) const {
    STRIA_BIND(BoundCreateTable bound, BindCreateTable(create, context_));
    return BoundStatement(std::move(bound));
  }
  Bound<BoundStatement> operator()(const AstSetOptions& change) const {
    STRIA_BIND(BoundSetOptions bound, BindSetOptions(change, context_));
    return BoundStatement(std::move(bound));
  }
  Bound<BoundStatement> operator()(const AstDelete& statement) const {
    STRIA_BIND(BoundDelete bound, BindDelete(statement, context_));
    return BoundStatement(std::move(bound));
  }
  Bound<BoundStatement> operator()(const AstDropTable& statement) const {
    STRIA_BIND(BoundDrop bound, BindDropTable(statement, context_));
    return BoundStatement(std::move(bound));
  }
  Bound<BoundStatement> operator()(const AstDropDatabase& statement) const {
    STRIA_BIND(BoundDrop bound, BindDropDatabase(statement, context_));
    return BoundStatement(std::move(bound));
  }
  Bound<BoundStatement> operator()(const AstDropColumn& statement) const {
    STRIA_BIND(BoundDrop bound, BindDropColumn(statement, context_));
    return BoundStatement(std::move(bound));
  }

 private:
  const BindContext& context_;
};

}  // namespace

Bound<BoundStatement> BindStatement(const Statement& statement, const BindContext& context) {
  return std::visit(StatementBinder(context), statement);
}

}  // namespace stria::query
