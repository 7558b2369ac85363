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
    {"avg", "avg(number) -> float64", "The arithmetic mean."},
    {"count", "count(*) -> int64", "The number of rows."},
    {"count", "count(any) -> int64", "The number of values that are not NULL."},
    {"first", "first(any) -> any", "The value with the least time."},
    {"first", "first(any, timestamp) -> any", "The value with the least time of one's choice."},
    {"last", "last(any) -> any", "The value with the greatest time."},
    {"last", "last(any, timestamp) -> any", "The value with the greatest time of one's choice."},
    {"max", "max(any) -> any", "The greatest value."},
    {"min", "min(any) -> any", "The least value."},
    {"sum", "sum(number) -> number",
     "The sum, in the type of its numbers; one of integers that does not fit fails."},
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
  const auto num_aggregates = static_cast<ptrdiff_t>(entries.size());
  entries.push_back(EntryOf(kNow, "scalar"));
  for (const auto& function : ListFunctions()) {
    entries.push_back({.name = function.name,
                       .kind = "scalar",
                       .signature = function.Signature(),
                       .description = function.doc});
  }
  std::stable_sort(entries.begin() + num_aggregates, entries.end(),
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
      "counts, which give 0. `first` and `last` go by the column `time` unless another time is "
      "given.\n"
      "\n";
  PrintTable(page, entries, "aggregate");
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
