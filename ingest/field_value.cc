#include "ingest/field_value.h"

#include <bit>
#include <charconv>
#include <cmath>

#include <fast_float/fast_float.h>
#include <fmt/core.h>

namespace stria::ingest {
namespace {

constexpr size_t kMaxTextInReason = 64;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

size_t CountDigits(std::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && IsDigit(text[end]))
    ++end;
  return end - begin;
}

std::string ParseBoolean(std::string_view text, FieldValue& value) {
  value.type = DataType::kBool;
  for (const std::string_view word : {"t", "T", "true", "True", "TRUE"}) {
    if (text == word) {
      value.bits = 1;
      return {};
    }
  }
  for (const std::string_view word : {"f", "F", "false", "False", "FALSE"}) {
    if (text == word) {
      value.bits = 0;
      return {};
    }
  }
  return "invalid boolean";
}

// `digits` is the number without its suffix, known to be an optional sign and digits.
template <typename Integer>
std::string ParseInteger(std::string_view text, std::string_view digits, DataType type,
                         FieldValue& value) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return fmt::format("unable to parse {} {}: value out of range",
                       type == DataType::kInt64 ? "integer" : "unsigned",
                       text.substr(0, kMaxTextInReason));
  }
  value = {type, static_cast<uint64_t>(number)};
  return {};
}

// Is `text` [-] digits [. digits] [e [+-] digits], with a digit before or after the point?
bool IsFloatSyntax(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  size_t num_digits = CountDigits(text, at);
  at += num_digits;
  if (at < text.size() && text[at] == '.') {
    const size_t num_decimals = CountDigits(text, at + 1);
    at += 1 + num_decimals;
    num_digits += num_decimals;
  }
  if (num_digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t num_exponent_digits = CountDigits(text, at);
    if (num_exponent_digits == 0) return false;
    at += num_exponent_digits;
  }
  return at == text.size();
}

std::string ParseFloat(std::string_view text, FieldValue& value) {
  if (!IsFloatSyntax(text)) return "invalid number";
  double number = 0;
  fast_float::from_chars(text.data(), text.data() + text.size(), number);
  if (!std::isfinite(number)) {
    return fmt::format("invalid float {}: value out of range", text.substr(0, kMaxTextInReason));
  }
  value = {DataType::kFloat64, std::bit_cast<uint64_t>(number)};
  return {};
}

}  // namespace

std::string ParseFieldValue(std::string_view text, FieldValue& value) {
  if (text.empty()) return "missing field value";
  const char first = text.front();
  const bool looks_like_number = IsDigit(first) || first == '.' || first == '-' || first == '+' ||
                                 first == 'N' || first == 'n';
  if (!looks_like_number) return ParseBoolean(text, value);

  const char last = text.back();
  if (last == 'i' || last == 'u') {
    const std::string_view digits = text.substr(0, text.size() - 1);
    const size_t sign = last == 'i' && digits.starts_with('-') ? 1 : 0;
    if (digits.size() == sign || CountDigits(digits, sign) != digits.size() - sign) {
      return "invalid number";
    }
    return last == 'i' ? ParseInteger<int64_t>(text, digits, DataType::kInt64, value)
                       : ParseInteger<uint64_t>(text, digits, DataType::kUint64, value);
  }
  return ParseFloat(text, value);
}

}  // namespace stria::ingest
