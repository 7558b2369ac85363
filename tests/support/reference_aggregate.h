// What an aggregate means, the slow and obvious way: over all rows at once, in long double.

#pragma once

#include <vector>

#include "query/expr/expression.h"
#include "storage/types/value.h"
#include "tests/support/reference_query.h"

namespace stria::query {

/// The aggregate of all of `rows`. What is approximate elsewhere is exact here: the number of
/// distinct values, and the value at the place of a percentile.
Value ReferenceAggregate(const AggregateCall& call, const std::vector<ReferenceRow>& rows);

}  // namespace stria::query
