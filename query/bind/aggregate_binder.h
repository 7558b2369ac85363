// Calls of aggregates.

#pragma once

#include "query/bind/expr_binder.h"

namespace stria::query {

/// Adds the call `expr` to context.aggregates, unless it is there, and refers to it. Fails where
/// aggregates are not allowed, on a wrong number or type of arguments.
Bound<ExprPtr> BindAggregate(const AstExpr& expr, const ExprContext& context);

/// The call `expr`, with arguments bound in `inner`, where FILTER is part of the argument: values
/// that it drops are NULL. Fails on a wrong number or type of arguments.
Bound<AggregateCall> BindAggregateCall(const AstExpr& expr, const ExprContext& inner);

}  // namespace stria::query
