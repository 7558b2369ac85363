// Tells a sort below a limit how many rows are wanted, so that it keeps no more.
//
//   Limit 10                Limit 10
//     Sort by time    ->      Sort by time, first 10 only

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void PushLimits(PlanPtr& plan);

}  // namespace stria::query
