// Which aggregates can be computed from runs, without looking at a row: those right above a scan,
// grouped by tags and by one time bucket, of plain columns.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "query/expr/time_bucket.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// Where a key or an argument comes from.
struct RunColumn {
  enum class Kind : uint8_t {
    kRows,    ///< every row counts: count(*), count(1)
    kTime,    ///< the time column
    kBucket,  ///< the bucket of the time; keys only
    kTag,     ///< constant in a run
    kField,
  };
  Kind kind = Kind::kRows;
  uint32_t scan_column = 0;  ///< position in PlanNode::columns; kTag, kField
  uint32_t field = 0;        ///< position among the fields of the scan; kField
};

struct RunAggregatePlan {
  std::vector<RunColumn> keys;       ///< one for each key of the node
  std::vector<RunColumn> arguments;  ///< one for each aggregate of the node
  std::optional<TimeBucket> bucket;
};

/// The plan for `node` if it is such an aggregate.
std::optional<RunAggregatePlan> MatchRunAggregate(const PlanNode& node);

}  // namespace stria::query
