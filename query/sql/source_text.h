// What pieces of a statement's text mean: its literals, and the text of an expression.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"
#include "storage/types/value.h"

namespace stria::query {

enum class LiteralKind : uint8_t {
  kNone,  ///< no literal, or TRUE, FALSE, NULL
  kInteger,
  kDecimal,
  kString,
  kInterval,   ///< INTERVAL '...'
  kTimestamp,  ///< TIMESTAMP '...'
};

/// The value of `token`: the digits of a number, or a string with its quotes. `is_negative`: a sign
/// stands before an integer. Fails with kInvalidArgument or kOutOfRange.
Result<Value> ReadLiteral(LiteralKind kind, std::string_view token, bool is_negative);

/// The text between quotes, doubled quotes made single.
std::string Unquote(std::string_view quoted);

/// `source` with each run of blanks as one, cut after 256 bytes: the text of an expression, which
/// every node keeps as the name of a result column. A tree of long texts would be square.
std::string FoldText(std::string_view source);

}  // namespace stria::query
