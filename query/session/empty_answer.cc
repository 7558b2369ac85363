#include "query/session/empty_answer.h"

#include <limits>

#include <fmt/core.h>

#include "query/expr/time_text.h"

namespace stria::query {
namespace {

constexpr size_t kDateChars = 10;  // 2026-11-01
constexpr size_t kMonthChars = 7;
constexpr size_t kYearChars = 4;

std::string DateOf(int64_t ns) {
  return FormatTimestamp(ns).substr(0, kDateChars);
}

// Without what is zero: 2026-11-01, 2026-11-01T10:00:00Z, 2026-11-01T10:00:00.5Z.
std::string ShortTime(int64_t ns) {
  std::string text = FormatTimestamp(ns);
  if (FloorTo(ns, kNsPerDay) == ns) return text.substr(0, kDateChars);
  text.pop_back();  // Z
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  while (text.size() < std::size("2026-11-01T10:00:00") - 1)
    text += '0';
  return text + 'Z';
}

// Years and months are stepped in the calendar; nothing when that leaves the range of times.
int64_t BeginOfMonth(int64_t year, int64_t month) {
  if (month > 12) return BeginOfMonth(year + 1, month - 12);
  int64_t ns = 0;
  if (__builtin_mul_overflow(DaysOfCivil(year, static_cast<int32_t>(month), 1), kNsPerDay, &ns))
    return std::numeric_limits<int64_t>::max();
  return ns;
}

// Days for data far from the range, times for data that begins or ends on a day of the range.
std::string DataText(int64_t min_time, int64_t max_time, TimeRange range) {
  const int64_t begin = FloorTo(min_time, kNsPerDay);
  int64_t end = 0;
  if (__builtin_add_overflow(FloorTo(max_time, kNsPerDay), kNsPerDay, &end)) end = max_time;
  const bool are_days_apart =
      range.begin >= end || (!range.unbounded_above() && range.end <= begin);
  if (!are_days_apart)
    return fmt::format("from {} to {}", ShortTime(min_time), ShortTime(max_time));
  if (begin + kNsPerDay == end) return "on " + DateOf(min_time);
  return fmt::format("from {} to {}", DateOf(min_time), DateOf(max_time));
}

}  // namespace

std::string FormatTimeRange(TimeRange range) {
  if (range.begin == TimeRange().begin) return "before " + ShortTime(range.end);
  if (range.unbounded_above()) return fmt::format("from {} on", ShortTime(range.begin));
  const CivilTime begin = CivilOf(range.begin);
  if (begin.ns_of_day == 0) {
    const std::string date = DateOf(range.begin);
    const bool is_month = begin.day == 1;
    if (is_month && begin.month == 1 && range.end == BeginOfMonth(begin.year + 1, 1))
      return date.substr(0, kYearChars);
    if (is_month && range.end == BeginOfMonth(begin.year, begin.month + 1))
      return date.substr(0, kMonthChars);
    if (range.end - range.begin == kNsPerDay) return date;
  }
  return fmt::format("from {} to {}", ShortTime(range.begin), ShortTime(range.end));
}

std::string ExplainEmptyAnswer(const PlanNode& plan, const QueryStats& stats,
                               const storage::Engine& engine) {
  const PlanNode* above = nullptr;
  const PlanNode* node = &plan;
  while (node->input != nullptr) {
    if (node->kind == PlanKind::kLimit && node->limit == 0) return {};
    above = node;
    node = node->input.get();
  }
  if (node->kind != PlanKind::kScan) return {};
  const TableSchema& table = *node->request.table;
  const std::string name = fmt::format("{}.{}", table.database, table.name);
  const TimeRange range = node->request.time;
  if (range.empty()) return "0 rows: the condition of WHERE can never be true";
  const storage::TableInfo info = engine.DescribeTable(table);
  if (info.rows_in_parts + info.rows_in_memtable == 0)
    return fmt::format("0 rows: {} is empty", name);
  if (!range.Overlaps(info.min_time, info.max_time)) {
    return fmt::format("0 rows: {} has data {}; your range is {}", name,
                       DataText(info.min_time, info.max_time, range), FormatTimeRange(range));
  }
  if (stats.rows_scanned > 0) {
    if (above == nullptr || above->kind != PlanKind::kFilter) return {};
    return fmt::format("0 rows: none of the {} rows of {} that were looked at satisfies {}",
                       stats.rows_scanned, name, above->predicate->text);
  }
  if (node->request.tags.empty()) return {};
  std::string tags;
  for (const auto& tag : node->request.tags)
    tags += (tags.empty() ? "" : " and ") + FormatTagPredicate(tag);
  const std::string when = range == TimeRange() ? "" : " in your range";
  return fmt::format("0 rows: no row of {}{} has {}", name, when, tags);
}

}  // namespace stria::query
