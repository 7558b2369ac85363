// One SELECT to a plan.
//
//   FROM -> WHERE -> GROUP BY -> HAVING -> window functions -> DISTINCT ON -> ORDER BY -> the
//   select list -> DISTINCT
//        -> LIMIT
//
// The select list comes after ORDER BY, so that rows can be sorted by what is not shown.

#pragma once

#include "query/bind/relation_binder.h"

namespace stria::query {

/// Queries in queries: each level costs stack while it is bound and planned.
inline constexpr uint32_t kMaxQueryDepth = 64;

/// Expressions in one GROUP BY, ORDER BY or DISTINCT ON.
inline constexpr size_t kMaxKeys = 256;

Bound<PlanPtr> BindSelect(const AstSelect& select, const QueryPlace& place);

}  // namespace stria::query
