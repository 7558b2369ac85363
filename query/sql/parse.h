// SQL text to statements.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "query/expr/query_error.h"
#include "query/sql/ast.h"

namespace stria::query {

inline constexpr size_t kMaxStatementBytes = 1 << 20;
inline constexpr uint32_t kMaxNesting = 200;

using ParseResult = std::variant<std::shared_ptr<const Statement>, QueryError>;

/// Parses one statement. Text that is too long or nested too deeply is refused before the parser
/// sees it. An error has code "parse", the position of the token, and a hint where there is one.
ParseResult ParseStatement(std::string_view sql);

/// The same, with bounded caches of statements by their exact text, and by their text without its
/// literals (see statement_template.h): parsing takes 70-220 us, and does not scale over threads.
/// Thread safety: thread-safe.
ParseResult ParseStatementCached(std::string_view sql);

namespace internal {

/// Implemented by ast_builder.cc, the one file that includes ANTLR's headers.
ParseResult BuildStatement(std::string_view sql);

}  // namespace internal

}  // namespace stria::query
