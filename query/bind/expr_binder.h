// Expressions: names become columns, calls become functions or aggregates, types are made to meet.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/bind/bound_error.h"
#include "query/bind/scope.h"
#include "query/expr/expression.h"
#include "query/sql/ast.h"

namespace stria::query {

/// The aggregate calls of one SELECT, each once.
struct AggregateList {
  std::vector<AggregateCall> calls;
};

class WindowList;  // query/bind/window_binder.h

/// What an expression is bound in.
struct ExprContext {
  const Scope& scope;
  int64_t now_ns = 0;  ///< now(), one instant for the whole statement
  /// The place for messages: "WHERE", "GROUP BY", ...
  std::string_view clause;
  /// Collects aggregate calls; nullptr where none are allowed. Call i becomes a reference to column
  /// scope.columns().size() + i.
  AggregateList* aggregates = nullptr;
  /// Names of select items, as a second place to look for a column; nullptr: none.
  const std::vector<AstSelectItem>* aliases = nullptr;
  /// Collects calls with OVER; nullptr where none are allowed.
  WindowList* windows = nullptr;
};

/// Binds `expr`. Constant parts are folded.
Bound<ExprPtr> BindExpr(const AstExpr& expr, const ExprContext& context);

/// The same for a condition: fails with type_conflict unless the type is bool.
Bound<ExprPtr> BindCondition(const AstExpr& expr, const ExprContext& context);

/// Whether `name` (lower case) is count, sum, avg, min, max, first or last.
bool IsAggregateName(std::string_view name);

/// Whether `expr` calls an aggregate that makes groups: one with OVER does not, one inside it does.
bool HasAggregate(const AstExpr& expr);

}  // namespace stria::query
