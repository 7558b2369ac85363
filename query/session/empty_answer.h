// Why an answer has no rows, in one sentence.

#pragma once

#include <string>

#include "query/exec/result_sink.h"
#include "query/plan/logical_plan.h"
#include "storage/engine/engine.h"
#include "storage/types/time_range.h"

namespace stria::query {

/// "0 rows: plant.readings has data from 2026-11-01 to 2026-11-22; your range is 2025", or another
/// reason, or "" when there is none to be seen. `plan` was run and gave no row.
std::string ExplainEmptyAnswer(const PlanNode& plan, const QueryStats& stats,
                               const storage::Engine& engine);

/// "2025", "2025-03", "2025-03-04" where the range is that, else "from ... to ...", "from ... on"
/// or "before ...".
std::string FormatTimeRange(TimeRange range);

}  // namespace stria::query
