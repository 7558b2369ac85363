// Expressions above a GROUP BY: they see the keys and the aggregates, and nothing else.

#pragma once

#include <vector>

#include "query/bind/expr_binder.h"

namespace stria::query {

/// The columns of the rows below: those of the scope, then one for each aggregate call. The columns
/// of the rows above: the keys, then the calls.
class Grouping {
 public:
  explicit Grouping(const Scope& scope) : scope_(scope) {}

  /// Adds a key, unless it is there.
  void AddKey(ExprPtr key);

  const std::vector<ExprPtr>& keys() const { return keys_; }

  /// `expr`, which was bound from `ast` in `context`, as an expression over the rows above. Fails
  /// with invalid_argument at the column that is neither grouped nor aggregated.
  Bound<ExprPtr> Lift(const ExprPtr& expr, const AstExpr& ast, const ExprContext& context) const;

  /// The same for a plain column of SELECT *.
  Bound<ExprPtr> LiftColumn(const ExprPtr& column, Position position) const;

 private:
  ExprPtr TryLift(const ExprPtr& expr) const;
  QueryError NotGrouped(const AstExpr& ast, const ExprContext& context) const;
  QueryError NotGrouped(const std::string& name, Position position) const;

  const Scope& scope_;
  std::vector<ExprPtr> keys_;
};

}  // namespace stria::query
