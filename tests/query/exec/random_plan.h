// Random plans over the columns of RandomTable.

#pragma once

#include <random>

#include "query/plan/logical_plan.h"
#include "storage/types/schema.h"

namespace stria::query {

struct RandomPlan {
  PlanPtr plan;
  bool is_ordered = false;  ///< the order of all rows is decided, down to the last key
};

/// A plan that both the operators and the reference run, without overflow or failure.
RandomPlan MakeRandomPlan(const TableSchemaPtr& table, std::mt19937_64& random);

}  // namespace stria::query
