// What a rule of the optimizer is: a function that rewrites a plan into one with the same answer.

#pragma once

#include <string_view>

#include "query/plan/logical_plan.h"

namespace stria::query {

struct Rule {
  std::string_view name;
  void (*apply)(PlanPtr& plan);
};

}  // namespace stria::query
