// Finds plans that need only the newest row of each series, and says so to the scan.
//
//   First row of each hostname by hostname, time DESC          (the same); last row of each series
//     Scan                                               ->
//
// Three shapes, each right above a scan that sees to every condition itself:
//
//   * DISTINCT ON of tags, in the order of the tags and then the newest time first. The newest row
//     of a group of series is the newest row of one of them.
//   * ORDER BY time DESC LIMIT 1.
//   * GROUP BY of tags with max(time), and last(), min() or max() of tags. Not last(field): it
//     passes over NULLs, and the newest row may have one.

#pragma once

#include "query/plan/logical_plan.h"

namespace stria::query {

void FindLastPoints(PlanPtr& plan);

}  // namespace stria::query
