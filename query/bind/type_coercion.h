// Which types meet, and where casts go.
//
// Literals adapt to columns: a string next to a time is a time, an integral float next to an
// integer column is an integer. Columns are cast only from integers to float64.

#pragma once

#include "query/bind/bound_error.h"
#include "query/expr/expression.h"
#include "query/sql/ast.h"

namespace stria::query {

/// `expr` as `to`, implicitly; literals are converted now. Fails with type_conflict where no
/// implicit conversion exists, invalid_argument where a literal's text is none of that type.
Bound<ExprPtr> Coerce(ExprPtr expr, DataType to, Position position);

/// Brings both sides of a comparison (or the branches of a CASE) to one type.
Bound<DataType> UnifyTypes(ExprPtr& left, ExprPtr& right, Position position);

/// Makes CAST(expr AS to); a literal is cast now. Fails where no cast exists.
Bound<ExprPtr> MakeCast(ExprPtr expr, DataType to, std::string text, Position position);

/// A literal with the text that SQL would have for it.
ExprPtr MakeLiteral(Value value, std::string text);

/// `expr`, or the literal it comes to when it has no columns and evaluates without an error.
ExprPtr Fold(ExprPtr expr);

/// The type that SQL calls `name`: double, text, timestamptz and others besides the own names.
/// kNull where there is none.
DataType TypeOfName(const std::string& name);

}  // namespace stria::query
