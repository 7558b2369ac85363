// Moves conditions down to the rows that they are about.
//
//   Filter h = 'a'                      Project hostname AS h
//     Project hostname AS h     ->        Filter hostname = 'a'
//       Scan                                Scan
//
// A condition passes a projection (its columns become the expressions behind them), a sort, and,
// when it looks at nothing but the keys, a GROUP BY or DISTINCT ON. A limit stops it.

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void PushPredicates(PlanPtr& plan);

}  // namespace stria::query
