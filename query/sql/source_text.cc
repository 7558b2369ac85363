#include "query/sql/source_text.h"

#include <charconv>

#include "query/expr/time_text.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

constexpr size_t kMaxTextBytes = 256;

template <typename T>
bool ReadNumber(std::string_view text, T& value) {
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

Result<Value> ReadDecimal(std::string_view text) {
  double value = 0;
  if (ReadNumber(text, value)) return Value::Float64(value);
  return OutOfRange("the number {} does not fit float64", text);
}

// int64 where it fits, else uint64, else float64.
Result<Value> ReadInteger(std::string_view token, bool is_negative) {
  std::string text = is_negative ? "-" : "";
  text += token;
  int64_t value = 0;
  if (ReadNumber(text, value)) return Value::Int64(value);
  uint64_t large = 0;
  if (!is_negative && ReadNumber(text, large)) return Value::Uint64(large);
  return ReadDecimal(text);
}

}  // namespace

std::string Unquote(std::string_view quoted) {
  std::string text;
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    text += quoted[i];
    if (quoted[i] == quoted[0]) ++i;
  }
  return text;
}

Result<Value> ReadLiteral(LiteralKind kind, std::string_view token, bool is_negative) {
  switch (kind) {
    case LiteralKind::kInteger: return ReadInteger(token, is_negative);
    case LiteralKind::kDecimal: return ReadDecimal(token);
    case LiteralKind::kString: return Value::String(Unquote(token));
    case LiteralKind::kInterval: {
      STRIA_ASSIGN_OR_RETURN(const int64_t ns, ParseInterval(Unquote(token)));
      return Value::Interval(ns);
    }
    case LiteralKind::kTimestamp: {
      STRIA_ASSIGN_OR_RETURN(const int64_t ns, ParseTimestamp(Unquote(token)));
      return Value::Timestamp(ns);
    }
    case LiteralKind::kNone: break;
  }
  return InvalidArgument("no literal: {}", token);
}

std::string FoldText(std::string_view source) {
  std::string text;
  bool after_blank = false;
  for (const char c : source) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (is_blank && after_blank) continue;
    after_blank = is_blank;
    if (text.size() == kMaxTextBytes) {
      // Not in the middle of a character.
      while (!text.empty() && (static_cast<unsigned char>(c) & 0xc0) == 0x80) {
        const bool is_lead = (static_cast<unsigned char>(text.back()) & 0xc0) != 0x80;
        text.pop_back();
        if (is_lead) break;
      }
      break;
    }
    text += is_blank ? ' ' : c;
  }
  return text;
}

}  // namespace stria::query
