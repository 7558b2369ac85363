// The scalar functions of SQL: name and argument types to implementation, each with its sentence
// of documentation. `system.functions` and docs/sql/functions.md are printed from here.
//
// One file for each family in functions/; none registers itself behind the scenes: the table is
// built from the lists that function_registry.cc names.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/expr/batch.h"
#include "storage/base/status.h"
#include "storage/types/data_type.h"

namespace stria::query {

/// Computes `result`, num_rows values of the function's result type, from one column for each
/// argument, of exactly the declared types, in any form. NULL arguments give NULL unless the
/// function says otherwise. Fails with kInvalidArgument or kOutOfRange, never for the sake of a
/// row whose arguments are NULL.
using FunctionImpl = Status (*)(std::span<const Column> args, uint32_t num_rows, Column& result);

/// One function with one list of argument types.
struct FunctionDef {
  std::string name;  ///< lower case
  std::vector<DataType> args;
  bool variadic = false;  ///< the last argument may be repeated
  DataType result = DataType::kNull;
  std::string doc;  ///< one sentence
  FunctionImpl impl = nullptr;

  /// "round(float64, int64) -> float64".
  std::string Signature() const;
};

/// The function that a call means, and the type that each argument has to be cast to.
struct FunctionMatch {
  const FunctionDef* function = nullptr;
  std::vector<DataType> arg_types;  ///< one for each argument of the call
};

/// Picks the overload of `name` (lower case) that `args` reach with the cheapest implicit casts:
/// none, NULL to anything, int64 and uint64 to float64, string to timestamp or interval only
/// where `string_literals` (empty, or one a call argument) says that it is a literal.
///
/// Fails with kNotFound when there is no such name (the message has the nearest one), and with
/// kInvalidArgument when no overload takes these types (the message lists those there are).
Result<FunctionMatch> FindFunction(std::string_view name, std::span<const DataType> args,
                                   std::span<const uint8_t> string_literals = {});

/// Whether some overload has this name.
bool HasFunction(std::string_view name);

/// All overloads, by name.
const std::vector<FunctionDef>& ListFunctions();

/// The cost of an implicit cast from `from` to `to`, as FindFunction() adds them up; negative where
/// there is none.
int ImplicitCastRank(DataType from, DataType to);

}  // namespace stria::query
