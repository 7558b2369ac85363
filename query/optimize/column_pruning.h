// Drops what nobody looks at: columns of scans, expressions of projections, aggregates; and then
// projections that have nothing left to do.
//
//   Project usage_user, time               Scan [usage_user, time]
//     Scan [time, hostname, ...]    ->

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void PruneColumns(PlanPtr& plan);

}  // namespace stria::query
