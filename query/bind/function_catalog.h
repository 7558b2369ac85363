// Every function that SQL knows, in one list: what system.functions shows and docs/sql/functions.md
// is printed from.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stria::query {

struct FunctionEntry {
  std::string name;
  std::string_view kind;  ///< "aggregate", "window" or "scalar"
  std::string signature;  ///< "round(float64, int64) -> float64"
  std::string description;
};

/// Aggregates first, then window functions, then scalar functions, each by name; one entry for each
/// list of types.
std::vector<FunctionEntry> ListSqlFunctions();

/// docs/sql/functions.md.
std::string PrintFunctionsPage();

}  // namespace stria::query
