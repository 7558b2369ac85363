#include "query/bind/function_catalog.h"

#include <algorithm>

#include <fmt/core.h>

#include "query/expr/function_registry.h"

namespace stria::query {
namespace {

struct FixedEntry {
  const char* name;
  const char* signature;
  const char* description;
};

constexpr FixedEntry kAggregates[] = {
    {"approx_count_distinct", "approx_count_distinct(any) -> int64",
     "The number of distinct values: exact up to 256, beyond with a standard error of 1.6 %."},
    {"approx_percentile", "approx_percentile(number, fraction) -> float64",
     "As percentile, in bounded memory: within 1 % of a value at that place."},
    {"avg", "avg(number) -> float64", "The arithmetic mean."},
    {"avg", "avg(interval) -> interval", "The arithmetic mean."},
    {"count", "count(*) -> int64", "The number of rows."},
    {"count", "count(any) -> int64", "The number of values that are not NULL."},
    {"delta", "delta(number[, timestamp]) -> float64", "The last value less the first, by time."},
    {"derivative", "derivative(number[, timestamp]) -> float64",
     "The slope, a second, of the straight line that is nearest to the values (least squares)."},
    {"first", "first(any) -> any", "The value with the least time."},
    {"first", "first(any, timestamp) -> any", "The value with the least time of one's choice."},
    {"histogram", "histogram(number, low, high, n) -> string",
     "A JSON array of n + 2 counts: of the values below low, of those in n equal steps up to high, "
     "of the others."},
    {"increase", "increase(number[, timestamp]) -> float64",
     "How much a counter rose; where a value is less than the one before, it began again at 0."},
    {"last", "last(any) -> any", "The value with the greatest time."},
    {"last", "last(any, timestamp) -> any", "The value with the greatest time of one's choice."},
    {"max", "max(any) -> any", "The greatest value."},
    {"max_by", "max_by(any, any) -> any",
     "The value of the row in which the second argument is greatest; among equals the greatest."},
    {"median", "median(number) -> float64", "The value in the middle; between two, their mean."},
    {"median", "median(interval) -> interval", "The value in the middle; between two, their mean."},
    {"min", "min(any) -> any", "The least value."},
    {"min_by", "min_by(any, any) -> any",
     "The value of the row in which the second argument is least; among equals the least."},
    {"mode", "mode(any) -> any", "The value that is there most often; among equals the least."},
    {"percentile", "percentile(number, fraction) -> float64",
     "The value that a fraction of the values, 0 to 1, is below; between two values on the "
     "straight line."},
    {"percentile", "percentile(interval, fraction) -> interval",
     "The value that a fraction of the values, 0 to 1, is below; between two values on the "
     "straight line."},
    {"percentile_disc", "percentile_disc(number, fraction) -> number",
     "The first value that at least a fraction of the values, 0 to 1, is at or below."},
    {"percentile_disc", "percentile_disc(interval, fraction) -> interval",
     "The first value that at least a fraction of the values, 0 to 1, is at or below."},
    {"percentile_disc", "percentile_disc(timestamp, fraction) -> timestamp",
     "The first value that at least a fraction of the values, 0 to 1, is at or below."},
    {"rate", "rate(number[, timestamp]) -> float64",
     "increase by the seconds from the first to the last time."},
    {"stddev", "stddev(number) -> float64", "As stddev_samp."},
    {"stddev_pop", "stddev_pop(number) -> float64", "The standard deviation of the values."},
    {"stddev_samp", "stddev_samp(number) -> float64",
     "The standard deviation of what the values are a sample of; NULL for one value."},
    {"sum", "sum(number) -> number",
     "The sum, in the type of its numbers; one of integers that does not fit fails."},
    {"sum", "sum(interval) -> interval", "The sum; one that does not fit fails."},
    {"time_weighted_avg", "time_weighted_avg(number[, timestamp]) -> float64",
     "The mean of a value that stays until the next one comes."},
    {"var_pop", "var_pop(number) -> float64", "The variance of the values."},
    {"var_samp", "var_samp(number) -> float64",
     "The variance of what the values are a sample of; NULL for one value."},
    {"variance", "variance(number) -> float64", "As var_samp."},
};

// Aggregates may stand before OVER too.
constexpr FixedEntry kWindows[] = {
    {"cume_dist", "cume_dist() -> float64",
     "The share of the rows of the partition that are not after the current row."},
    {"dense_rank", "dense_rank() -> int64", "The rank without gaps: peers count as one."},
    {"first_value", "first_value(any) -> any", "The value of the first row of the frame."},
    {"lag", "lag(any) -> any", "The value of the row before; NULL where there is none."},
    {"lag", "lag(any, int64) -> any",
     "The value of the row so many rows before; NULL where there is none."},
    {"lag", "lag(any, int64, any) -> any",
     "The value of the row so many rows before; the last argument where there is none."},
    {"last_value", "last_value(any) -> any", "The value of the last row of the frame."},
    {"lead", "lead(any) -> any", "The value of the row after; NULL where there is none."},
    {"lead", "lead(any, int64) -> any",
     "The value of the row so many rows after; NULL where there is none."},
    {"lead", "lead(any, int64, any) -> any",
     "The value of the row so many rows after; the last argument where there is none."},
    {"nth_value", "nth_value(any, int64) -> any",
     "The value of the row of that position in the frame, from 1; NULL where there is none."},
    {"ntile", "ntile(int64) -> int64",
     "The number, from 1, of the bucket when the partition is divided into so many of nearly equal "
     "size."},
    {"percent_rank", "percent_rank() -> float64",
     "The rank less 1 by the rows of the partition less 1; 0 where that is one row."},
    {"rank", "rank() -> int64", "1 and the number of rows before the first peer."},
    {"row_number", "row_number() -> int64", "The number of the row in its partition, from 1."},
};

// The binder replaces it by a constant.
constexpr FixedEntry kNow = {"now", "now() -> timestamp",
                             "The time at which the statement began; the same in all of it."};

FunctionEntry EntryOf(const FixedEntry& fixed, std::string_view kind) {
  return {.name = fixed.name,
          .kind = kind,
          .signature = fixed.signature,
          .description = fixed.description};
}

void PrintTable(std::string& page, const std::vector<FunctionEntry>& entries,
                std::string_view kind) {
  page += "| function | what it gives |\n|---|---|\n";
  for (size_t i = 0; i < entries.size(); ++i) {
    const FunctionEntry& entry = entries[i];
    if (entry.kind != kind) continue;
    // Overloads with one sentence share a row.
    const bool continues = i > 0 && entries[i - 1].kind == kind &&
                           entries[i - 1].name == entry.name &&
                           entries[i - 1].description == entry.description;
    if (continues) {
      page.insert(page.rfind(" | "), fmt::format("<br>`{}`", entry.signature));
    } else {
      page += fmt::format("| `{}` | {} |\n", entry.signature, entry.description);
    }
  }
}

}  // namespace

std::vector<FunctionEntry> ListSqlFunctions() {
  std::vector<FunctionEntry> entries;
  for (const auto& aggregate : kAggregates)
    entries.push_back(EntryOf(aggregate, "aggregate"));
  for (const auto& window : kWindows)
    entries.push_back(EntryOf(window, "window"));
  const auto num_fixed = static_cast<ptrdiff_t>(entries.size());
  entries.push_back(EntryOf(kNow, "scalar"));
  for (const auto& function : ListFunctions()) {
    entries.push_back({.name = function.name,
                       .kind = "scalar",
                       .signature = function.Signature(),
                       .description = function.doc});
  }
  std::stable_sort(entries.begin() + num_fixed, entries.end(),
                   [](const FunctionEntry& a, const FunctionEntry& b) { return a.name < b.name; });
  return entries;
}

std::string PrintFunctionsPage() {
  const auto entries = ListSqlFunctions();
  std::string page =
      "# Functions\n"
      "\n"
      "Printed from the registry; `system.functions` has the same rows.\n"
      "\n"
      "## Aggregates\n"
      "\n"
      "They pass over NULL, but for `count(*)`, and give NULL where there is no value, but for "
      "the\n"
      "counts, which give 0. What goes by a time goes by the column `time` unless another time is "
      "given.\n"
      "`DISTINCT` before the argument lets each value count once; `FILTER (WHERE condition)` "
      "behind "
      "the call\n"
      "leaves rows out.\n"
      "\n";
  PrintTable(page, entries, "aggregate");
  page +=
      "\n"
      "## Window functions\n"
      "\n"
      "They need OVER, which [statements.md](statements.md) describes. Aggregates may have one "
      "too: "
      "they\n"
      "are then computed for each row, from the rows of its frame.\n"
      "\n";
  PrintTable(page, entries, "window");
  page +=
      "\n"
      "## Scalar functions\n"
      "\n"
      "An argument that is NULL makes the result NULL unless the sentence says otherwise. A text "
      "in\n"
      "quotes may stand where a timestamp or an interval is wanted.\n"
      "\n";
  PrintTable(page, entries, "scalar");
  return page;
}

}  // namespace stria::query
