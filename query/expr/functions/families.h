// The families of functions; each file adds its own.

#pragma once

#include <vector>

#include "query/expr/function_registry.h"

namespace stria::query {

void AddMathFunctions(std::vector<FunctionDef>& functions);
void AddStringFunctions(std::vector<FunctionDef>& functions);
void AddTimeFunctions(std::vector<FunctionDef>& functions);
void AddConditionalFunctions(std::vector<FunctionDef>& functions);

}  // namespace stria::query
