// The little JSON that the client verbs need: quoting a string, and finding one in a small answer.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stria::cli {

/// `text` as a JSON string, with its quotes.
std::string JsonQuote(std::string_view text);

/// The value of the first member called `name` that is a string, at any depth; nullopt where there
/// is none or the text is not JSON.
std::optional<std::string> FindJsonString(std::string_view json, std::string_view name);

/// The same for a member that is a whole number.
std::optional<int64_t> FindJsonInteger(std::string_view json, std::string_view name);

/// The first cell of the first row of an /api/v1/sql answer, as an integer.
std::optional<int64_t> FirstJsonInteger(std::string_view json);

}  // namespace stria::cli
