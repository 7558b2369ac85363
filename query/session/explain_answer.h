// The answers of EXPLAIN and EXPLAIN ANALYZE: text, one line a row.

#pragma once

#include <cstdint>
#include <string>

#include "query/exec/result_sink.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// The logical plan and, below an empty line, the operators that run it.
std::string ExplainText(const PlanNode& plan);

/// What running it took; for EXPLAIN ANALYZE, below ExplainText().
std::string AnalyzeText(const QueryStats& stats, int64_t planning_ns, int64_t execution_ns);

}  // namespace stria::query
