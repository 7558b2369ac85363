#include "query/expr/function_registry.h"

#include <algorithm>

#include "query/expr/functions/families.h"
#include "storage/base/errors.h"
#include "storage/base/nearest_name.h"

namespace stria::query {
namespace {

std::vector<FunctionDef> MakeFunctions() {
  std::vector<FunctionDef> functions;
  AddMathFunctions(functions);
  AddStringFunctions(functions);
  AddTimeFunctions(functions);
  AddConditionalFunctions(functions);
  std::ranges::stable_sort(functions, {}, &FunctionDef::name);
  return functions;
}

std::span<const FunctionDef> Overloads(std::string_view name) {
  const auto found = std::ranges::equal_range(
      ListFunctions(), name, {}, [](const FunctionDef& f) { return std::string_view(f.name); });
  return {found.begin(), found.end()};
}

DataType ParameterType(const FunctionDef& function, size_t index) {
  return function.args[std::min(index, function.args.size() - 1)];
}

// The summed cost of calling `function` so, or negative.
int RankOf(const FunctionDef& function, std::span<const DataType> args,
           std::span<const uint8_t> string_literals) {
  if (args.size() < function.args.size()) return -1;
  if (args.size() > function.args.size() && !function.variadic) return -1;
  int total = 0;
  for (size_t i = 0; i < args.size(); ++i) {
    const DataType wanted = ParameterType(function, i);
    int rank = ImplicitCastRank(args[i], wanted);
    if (rank < 0 && args[i] == DataType::kString && i < string_literals.size() &&
        string_literals[i] != 0 &&
        (wanted == DataType::kTimestamp || wanted == DataType::kInterval)) {
      rank = 4;
    }
    if (rank < 0) return -1;
    total += rank;
  }
  return total;
}

std::string TypeList(std::span<const DataType> types) {
  std::string text;
  for (const DataType type : types) {
    if (!text.empty()) text += ", ";
    text += DataTypeName(type);
  }
  return text;
}

}  // namespace

std::string FunctionDef::Signature() const {
  std::string text = name + "(" + TypeList(args) + (variadic ? ", ...)" : ")");
  text += " -> ";
  text += DataTypeName(result);
  return text;
}

int ImplicitCastRank(DataType from, DataType to) {
  if (from == to) return 0;
  if (from == DataType::kNull) return 1;
  if (from == DataType::kInt64 && to == DataType::kFloat64) return 2;
  if (from == DataType::kUint64 && to == DataType::kFloat64) return 3;
  return -1;
}

const std::vector<FunctionDef>& ListFunctions() {
  static const std::vector<FunctionDef> functions = MakeFunctions();
  return functions;
}

bool HasFunction(std::string_view name) {
  return !Overloads(name).empty();
}

Result<FunctionMatch> FindFunction(std::string_view name, std::span<const DataType> args,
                                   std::span<const uint8_t> string_literals) {
  const auto overloads = Overloads(name);
  if (overloads.empty()) {
    std::vector<std::string> names;
    for (const auto& function : ListFunctions())
      names.push_back(function.name);
    const std::string nearest = NearestName(name, names);
    if (nearest.empty()) return NotFound("no function \"{}\"; see system.functions", name);
    return NotFound("no function \"{}\". Did you mean \"{}\"?", name, nearest);
  }
  const FunctionDef* best = nullptr;
  int best_rank = 0;
  for (const auto& function : overloads) {
    const int rank = RankOf(function, args, string_literals);
    if (rank < 0 || (best != nullptr && rank >= best_rank)) continue;
    best = &function;
    best_rank = rank;
  }
  if (best == nullptr) {
    std::string known;
    for (const auto& function : overloads)
      known += (known.empty() ? "" : "; ") + function.Signature();
    return InvalidArgument("no function {}({}); there is {}", name, TypeList(args), known);
  }
  FunctionMatch match{.function = best, .arg_types = {}};
  for (size_t i = 0; i < args.size(); ++i)
    match.arg_types.push_back(ParameterType(*best, i));
  return match;
}

}  // namespace stria::query
