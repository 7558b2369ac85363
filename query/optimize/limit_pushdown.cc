#include "query/optimize/limit_pushdown.h"

#include <limits>

namespace stria::query {

void PushLimits(PlanPtr& plan) {
  for (PlanNode* node = plan.get(); node != nullptr; node = node->input.get()) {
    if (node->kind != PlanKind::kLimit || !node->limit) continue;
    uint64_t num_rows = 0;
    if (__builtin_add_overflow(*node->limit, node->offset, &num_rows))
      num_rows = std::numeric_limits<uint64_t>::max();
    PlanNode* below = node->input.get();
    while (below->kind == PlanKind::kProject)
      below = below->input.get();
    if (below->kind == PlanKind::kSort) below->top = num_rows;
  }
}

}  // namespace stria::query
