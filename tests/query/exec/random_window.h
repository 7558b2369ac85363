// Random windows over rows with the columns of RandomTable: time, a, b, f, i, u, s, t.

#pragma once

#include <random>

#include "query/plan/logical_plan.h"

namespace stria::query {

/// A kWindow above `input` that neither overflows nor fails. `ties_are_decided`: peers stand in the
/// order of the input; without that, what depends on their order is not asked, or there are none.
PlanPtr MakeRandomWindow(PlanPtr input, std::mt19937_64& random, bool ties_are_decided);

}  // namespace stria::query
