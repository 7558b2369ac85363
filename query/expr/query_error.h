// A failed statement, as people and programs are told.

#pragma once

#include <cstdint>
#include <string>

namespace stria::query {

/// `code` is one of the pinned API codes ("parse", "unknown_column", ...); `line` and `column`
/// count from 1 and are 0 where no token is to blame.
struct QueryError {
  std::string code;
  std::string message;
  uint32_t line = 0, column = 0;
  std::string hint;
};

}  // namespace stria::query
