// The rules and their order.
//
// The order is fixed, and each rule runs once: conditions sink first, because the rules after it
// look for them right above a scan; columns are pruned when the conditions that used them are gone;
// what remains looks at the shape that is left.

#pragma once

#include <span>

#include "query/optimize/rule.h"

namespace stria::query {

/// The rules, in the order in which Optimize() applies them.
std::span<const Rule> AllRules();

/// Makes `plan` faster. Its answer, its columns and their names stay.
void Optimize(PlanPtr& plan);

}  // namespace stria::query
