#include "query/optimize/optimizer.h"

#include "query/optimize/column_pruning.h"
#include "query/optimize/last_point.h"
#include "query/optimize/limit_pushdown.h"
#include "query/optimize/predicate_pushdown.h"
#include "query/optimize/tag_pushdown.h"
#include "query/optimize/time_range_pushdown.h"
#include "query/optimize/zone_map_hints.h"

namespace stria::query {

std::span<const Rule> AllRules() {
  static constexpr Rule kRules[] = {
      {"predicate_pushdown", PushPredicates},
      {"time_range_pushdown", PushTimeRanges},
      {"tag_pushdown", PushTags},
      {"zone_map_hints", AddZoneMapHints},
      {"column_pruning", PruneColumns},
      {"limit_pushdown", PushLimits},
      {"last_point", FindLastPoints},
  };
  return kRules;
}

void Optimize(PlanPtr& plan) {
  for (const Rule& rule : AllRules())
    rule.apply(plan);
}

}  // namespace stria::query
