// What stands behind FROM: stored tables, system tables, subqueries and the names of WITH.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "query/bind/binder.h"
#include "query/bind/scope.h"

namespace stria::query {

/// The names of one WITH: the first `num_visible` of `select`, then those of `outer`. A query sees
/// all of its own, a query inside WITH those before it. Lives on the stack of the binder.
struct CteScope {
  const CteScope* outer = nullptr;
  const AstSelect* select = nullptr;
  size_t num_visible = 0;
  std::vector<bool>* is_read = nullptr;  ///< by position in `select`; what is bound is noted here
};

/// Where a query stands.
struct QueryPlace {
  const BindContext& context;
  const CteScope* ctes = nullptr;
  uint32_t depth = 0;  ///< queries around this one
};

/// Rows and the names of their columns.
struct BoundRelation {
  PlanPtr plan;
  Scope scope;
};

/// Binds one relation. Columns of a stored table are the time, then the tags, then the fields, each
/// in the order in which they appeared. Fails with unknown_database, unknown_table or forbidden.
Bound<BoundRelation> BindRelation(const AstRelation& relation, const QueryPlace& place);

/// The system table `relation` names, or nullptr when it names none.
Bound<const VirtualTable*> FindSystemTable(const AstRelation& relation, const BindContext& context);

/// Whether the reader may know of a table, or of a database when `table` is empty: for lists and
/// hints.
bool MaySee(const BindContext& context, std::string_view database, std::string_view table);

/// Why the door does not let a statement through that does more than read; nothing when it does.
std::optional<QueryError> Refusal(Access access, std::string_view database, std::string_view table,
                                  Position position, const BindContext& context);

/// The columns in the order of SELECT *.
std::vector<ColumnSchema> ColumnsInOrder(const TableSchema& table);

/// Fails with unknown_database unless there is a database of that name.
Bound<std::string> FindDatabase(const std::string& name, Position position,
                                const BindContext& context);

/// "system": the database of the tables that are computed when they are read.
inline constexpr std::string_view kSystemDatabase = "system";

}  // namespace stria::query
