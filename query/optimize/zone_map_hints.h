// Conditions on numeric fields become hints: the scan skips vectors whose smallest and greatest
// values say that no row of them can satisfy the filter.
//
//   Filter usage_user > 90    ->    Filter usage_user > 90
//     Scan                            Scan; skip vectors unless usage_user > 90
//
// The filter stays: a vector that is not skipped has rows of both kinds.

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void AddZoneMapHints(PlanPtr& plan);

}  // namespace stria::query
