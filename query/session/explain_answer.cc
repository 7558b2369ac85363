#include "query/session/explain_answer.h"

#include <fmt/core.h>

#include "query/exec/physical_planner.h"

namespace stria::query {

std::string ExplainText(const PlanNode& plan) {
  return ExplainPlan(plan) + "\nOperators:\n" + ExplainOperators(plan);
}

std::string AnalyzeText(const QueryStats& stats, int64_t planning_ns, int64_t execution_ns) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return fmt::format(
      "\nplanned in {:.3f} ms, executed in {:.3f} ms\n"
      "rows: {} returned, {} scanned\n"
      "parts: {} read, {} skipped by their time\n"
      "vectors: {} skipped by their zone map\n"
      "bytes read: {}\n",
      ms(planning_ns), ms(execution_ns), stats.rows_returned, stats.rows_scanned, stats.parts,
      stats.parts_pruned, stats.vectors_pruned, stats.bytes_read);
}

}  // namespace stria::query
