#include "query/session/delete_rows.h"

#include <memory>
#include <utility>

#include <fmt/core.h>

#include "query/optimize/tag_pushdown.h"
#include "query/optimize/time_range_pushdown.h"
#include "query/plan/logical_plan.h"
#include "query/session/empty_answer.h"

namespace stria::query {
namespace {

bool IsTrue(const Expr& condition) {
  return condition.kind == ExprKind::kLiteral && !condition.literal.is_null() &&
         condition.literal.boolean();
}

}  // namespace

std::variant<storage::DeleteRequest, QueryError> MakeDeleteRequest(const BoundDelete& bound) {
  storage::DeleteRequest request{.table = bound.table, .time = {}, .tags = bound.row_filter};
  for (const auto& condition : bound.conditions) {
    if (IsTrue(*condition.condition)) continue;
    auto scan = std::make_unique<PlanNode>();
    scan->kind = PlanKind::kScan;
    scan->columns = bound.columns;
    for (const auto& column : scan->columns)
      scan->output.push_back({column.name, column.type});
    scan->request.table = bound.table;
    auto filter = std::make_unique<PlanNode>();
    filter->kind = PlanKind::kFilter;
    filter->output = scan->output;
    filter->predicate = condition.condition;
    filter->input = std::move(scan);
    PlanPtr plan = std::move(filter);
    PushTimeRanges(plan);
    PushTags(plan);
    if (plan->kind != PlanKind::kScan) {
      return BindError(condition.position, "invalid_argument",
                       fmt::format("DELETE cannot choose rows by {}", condition.text),
                       "it takes comparisons of the time, or of one tag, with constants, joined by "
                       "AND; for an OR send several");
    }
    request.time = request.time.Intersect(plan->request.time);
    request.tags.insert(request.tags.end(), plan->request.tags.begin(), plan->request.tags.end());
  }
  return request;
}

std::string DescribeDelete(const storage::DeleteRequest& request) {
  const std::string name = fmt::format("{}.{}", request.table->database, request.table->name);
  if (request.time.empty())
    return fmt::format("nothing deleted from {}: no time satisfies that", name);
  std::string conditions;
  const auto add = [&](const std::string& text) {
    conditions += (conditions.empty() ? ": " : "; ") + text;
  };
  if (request.time != TimeRange{}) add(FormatTimeRange(request.time));
  for (const auto& tag : request.tags)
    add(FormatTagPredicate(tag));
  return fmt::format("deleted from {}{}", name, conditions.empty() ? ": all rows" : conditions);
}

}  // namespace stria::query
