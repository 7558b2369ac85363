// Cuts SQL text into statements at semicolons outside of strings, quoted names and comments.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stria::cli {

/// The statements of `text`, trimmed, without their semicolons and without empty ones.
std::vector<std::string> SplitStatements(std::string_view text);

}  // namespace stria::cli
