#include "query/plan/logical_plan.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "query/expr/cast.h"
#include "query/expr/time_text.h"
#include "query/plan/virtual_table.h"

namespace stria::query {
namespace {

std::string Texts(const std::vector<ExprPtr>& exprs) {
  std::string text;
  for (const auto& expr : exprs)
    text += (text.empty() ? "" : ", ") + expr->text;
  return text;
}

std::string SortText(const std::vector<SortKey>& keys) {
  std::string text;
  for (const auto& key : keys) {
    text += (text.empty() ? "" : ", ") + key.expr->text;
    if (key.descending) text += " DESC";
    if (key.nulls_first != key.descending) text += key.nulls_first ? " NULLS FIRST" : " NULLS LAST";
  }
  return text;
}

std::string TimeText(TimeRange range) {
  if (range.empty()) return " time in no instant";
  std::string text;
  if (range.begin != TimeRange().begin) text += " time >= " + FormatTimestamp(range.begin);
  if (!range.unbounded_above())
    text += std::string(text.empty() ? "" : " and") + " time < " + FormatTimestamp(range.end);
  return text;
}

std::string ScanText(const PlanNode& node) {
  const TableSchema& table = *node.request.table;
  std::string columns;
  for (const auto& column : node.columns)
    columns += (columns.empty() ? "" : ", ") + column.name;
  std::string text = fmt::format("Scan {}.{} [{}]", table.database, table.name, columns);
  text += TimeText(node.request.time);
  for (const auto& tag : node.request.tags)
    text += "; " + FormatTagPredicate(tag);
  for (const auto& hint : node.request.hints) {
    static constexpr const char* kOps[] = {"=", "<>", "<", "<=", ">", ">="};
    const auto* column = table.Find(hint.column);
    text += fmt::format("; skip vectors unless {} {} {}", column == nullptr ? "?" : column->name,
                        kOps[static_cast<size_t>(hint.op)], FormatDouble(hint.value));
  }
  if (node.request.last_row_only) text += "; last row of each series";
  return text;
}

std::string AggregateText(const PlanNode& node) {
  std::string calls;
  for (const auto& call : node.aggregates)
    calls += (calls.empty() ? "" : ", ") + call.text;
  std::string text = "Aggregate";
  if (!calls.empty()) text += " " + calls;
  if (!node.exprs.empty()) text += " by " + Texts(node.exprs);
  return text;
}

std::string WindowText(const PlanNode& node) {
  std::string text;
  for (const auto& call : node.window_calls)
    text += (text.empty() ? "Window " : ", ") + call.text;
  if (!node.exprs.empty()) text += " partition by " + Texts(node.exprs);
  if (!node.sort_keys.empty()) text += " order by " + SortText(node.sort_keys);
  return text;
}

std::string NodeText(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kScan: return ScanText(node);
    case PlanKind::kVirtualScan: return "Scan system." + node.virtual_table->name();
    case PlanKind::kOneRow: return "One row";
    case PlanKind::kFilter: return "Filter " + node.predicate->text;
    case PlanKind::kProject: return "Project " + Texts(node.exprs);
    case PlanKind::kAggregate: return AggregateText(node);
    case PlanKind::kSort:
      return "Sort by " + SortText(node.sort_keys) +
             (node.top ? fmt::format(", first {} only", *node.top) : "");
    case PlanKind::kLimit:
      return "Limit" + (node.limit ? fmt::format(" {}", *node.limit) : "") +
             (node.offset > 0 ? fmt::format(" offset {}", node.offset) : "");
    case PlanKind::kDistinctOn:
      return "First row of each " + Texts(node.exprs) + " by " + SortText(node.sort_keys);
    case PlanKind::kWindow: return WindowText(node);
  }
  return "?";
}

}  // namespace

std::string FormatTagPredicate(const storage::TagPredicate& tag) {
  using storage::TagOp;
  const auto quoted = [](const std::string& value) { return "'" + value + "'"; };
  std::string list;
  constexpr size_t kMaxShown = 8;
  for (size_t i = 0; i < tag.values.size() && i < kMaxShown; ++i)
    list += (i == 0 ? "" : ", ") + quoted(tag.values[i]);
  if (tag.values.size() > kMaxShown)
    list += fmt::format(", and {} more", tag.values.size() - kMaxShown);
  switch (tag.op) {
    case TagOp::kIn: return fmt::format("{} in ({})", tag.tag, list);
    case TagOp::kNotIn: return fmt::format("{} not in ({})", tag.tag, list);
    case TagOp::kLike: return fmt::format("{} like {}", tag.tag, list);
    case TagOp::kNotLike: return fmt::format("{} not like {}", tag.tag, list);
    case TagOp::kRegex: return fmt::format("{} ~ {}", tag.tag, list);
    case TagOp::kNotRegex: return fmt::format("{} !~ {}", tag.tag, list);
    case TagOp::kIsNull: return tag.tag + " is null";
    case TagOp::kIsNotNull: return tag.tag + " is not null";
    case TagOp::kRange: break;
  }
  std::string text;
  if (tag.has_low)
    text = fmt::format("{} {} {}", tag.tag, tag.low_exclusive ? ">" : ">=", quoted(tag.low));
  if (tag.has_high) {
    text += fmt::format("{}{} {} {}", text.empty() ? "" : " and ", tag.tag,
                        tag.high_exclusive ? "<" : "<=", quoted(tag.high));
  }
  return text;
}

bool CanRenameOutput(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kVirtualScan: return false;
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kLimit:
    case PlanKind::kDistinctOn:
    case PlanKind::kWindow: return CanRenameOutput(*node.input);
    default: return true;
  }
}

std::string ExplainPlan(const PlanNode& plan) {
  std::string text;
  std::string indent;
  for (const PlanNode* node = &plan; node != nullptr; node = node->input.get()) {
    text += indent + NodeText(*node);
    if (!node->notes.empty()) text += fmt::format("  ({})", fmt::join(node->notes, "; "));
    text += '\n';
    indent += "  ";
  }
  return text;
}

}  // namespace stria::query
