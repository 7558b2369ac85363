// Statements to plans: the door of this folder.
//
// A SELECT becomes a logical plan that does what its text says, one node for each clause; the rules
// of query/optimize make it fast. The small statements become what the session needs to run them.

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "query/bind/access.h"
#include "query/bind/bound_error.h"
#include "query/plan/logical_plan.h"
#include "query/plan/virtual_table.h"
#include "query/sql/ast.h"
#include "storage/engine/engine.h"
#include "storage/types/value.h"

namespace stria::query {

/// What names mean while one statement is bound. The objects outlive it.
struct BindContext {
  const storage::Engine& engine;
  const VirtualTableRegistry& virtual_tables;
  std::string database;  ///< for tables without a database in their name; may be empty
  int64_t now_ns = 0;    ///< now(), one instant for the whole statement
  const AccessCheck* access = nullptr;  ///< nullptr: everything is allowed
};

struct BoundExplain {
  PlanPtr plan;
  bool analyze = false;
};

/// An answer that is known already.
struct BoundRows {
  std::vector<OutputColumn> columns;
  std::vector<std::vector<Value>> rows;
};

struct BoundCreateDatabase {
  std::string name;
  Position position;
};

struct BoundCreateTable {
  NewTable table;
  Position position;
  bool if_not_exists = false;
  bool is_there = false;  ///< true only with IF NOT EXISTS
};

/// ALTER TABLE ... SET or RESET.
struct BoundSetOptions {
  std::string database, table;
  TableOptionsChange options;
  Position position;
};

/// DELETE: rows of `table` for which all conditions hold. Expressions refer to `columns`.
struct BoundDelete {
  struct Condition {
    ExprPtr condition;
    Position position;
    std::string text;  ///< as it was written
  };
  TableSchemaPtr table;
  RowFilter row_filter;  ///< of the principal
  std::vector<Condition> conditions;
  Position position;
  std::vector<ColumnSchema> columns;
};

struct BoundDrop {
  enum class Kind : uint8_t { kTable, kDatabase, kColumn };
  Kind kind = Kind::kTable;
  std::string database, table, column;
  Position position;
  bool if_exists = false;
  bool is_there = true;  ///< false only with IF EXISTS
};

using BoundStatement = std::variant<PlanPtr, BoundExplain, BoundRows, BoundCreateDatabase,
                                    BoundCreateTable, BoundSetOptions, BoundDelete, BoundDrop>;

/// Resolves every name in `statement`, and checks every type. An error has the position of the
/// token that is to blame, and a hint where there is one.
Bound<BoundStatement> BindStatement(const Statement& statement, const BindContext& context);

}  // namespace stria::query
