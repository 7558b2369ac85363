// Conditions on tags become predicates of the scan, which decides them once for each series and not
// for each row.
//
//   Filter hostname IN ('a', 'b') AND region LIKE 'eu-%'    ->    Scan hostname in ('a', 'b'); ...
//     Scan
//
// A series without the tag has NULL there, for which no comparison is true; the scan's predicates
// say the same. Comparisons of a tag with anything but literals stay in the filter.

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void PushTags(PlanPtr& plan);

}  // namespace stria::query
