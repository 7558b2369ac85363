// The columns that names in an expression can mean.

#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "query/bind/bound_error.h"
#include "query/plan/logical_plan.h"
#include "query/sql/ast.h"

namespace stria::query {

class Scope {
 public:
  /// No columns: SELECT without FROM.
  Scope() = default;

  /// `qualifier` is the alias or table name, `database` that of a table, `description` what error
  /// messages call it: "plant.readings".
  Scope(std::vector<OutputColumn> columns, std::string qualifier, std::string database,
        std::string description);

  const std::vector<OutputColumn>& columns() const { return columns_; }
  const std::string& description() const { return description_; }

  /// Position of the column `names` (column, table.column or database.table.column), nullopt when
  /// there is none. Case counts, but a name that is not found is looked for in lower case, so that
  /// TIME is time.
  std::optional<uint32_t> Find(const std::vector<std::string>& names) const;

  /// Whether several columns have the name that Find() finds.
  bool IsAmbiguous(uint32_t column) const;

  /// Position of the timestamp column "time", for first() and last().
  std::optional<uint32_t> FindTime() const;

  /// The error for a name that Find() does not know, with the nearest name as a hint.
  QueryError UnknownColumn(const AstExpr& expr) const;

 private:
  std::vector<OutputColumn> columns_;
  std::unordered_map<std::string, uint32_t> by_name_;
  std::unordered_set<std::string> ambiguous_;
  std::string qualifier_, database_, description_;
};

}  // namespace stria::query
