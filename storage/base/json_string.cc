#include "storage/base/json_string.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace stria {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Whether a byte goes into a JSON string as it is.
constexpr auto kIsPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x80; ++byte)
    plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

uint8_t ByteAt(std::string_view text, size_t position) {
  return static_cast<uint8_t>(text[position]);
}

void AppendEscape(char c, std::string& json) {
  switch (c) {
    case '"': json += "\\\""; return;
    case '\\': json += "\\\\"; return;
    case '\n': json += "\\n"; return;
    case '\r': json += "\\r"; return;
    case '\t': json += "\\t"; return;
    default: break;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  json += "\\u00";
  json += kDigits[static_cast<uint8_t>(c) >> 4];
  json += kDigits[static_cast<uint8_t>(c) & 15];
}

}  // namespace

size_t Utf8CharacterSize(std::string_view text) {
  const uint8_t lead = ByteAt(text, 0);
  if (lead < 0x80) return 1;
  const size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  // What the second byte may be at least and at most keeps overlong forms, surrogates and what is
  // above U+10FFFF out (RFC 3629, section 4).
  const uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (ByteAt(text, 1) < least || ByteAt(text, 1) > most) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((ByteAt(text, i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

void AppendJsonString(std::string_view text, std::string& json) {
  json += '"';
  while (!text.empty()) {
    const auto* const stop =
        std::ranges::find_if(text, [](char c) { return !kIsPlain[static_cast<uint8_t>(c)]; });
    const auto num_plain = static_cast<size_t>(stop - text.begin());
    json.append(text.substr(0, num_plain));
    text.remove_prefix(num_plain);
    if (text.empty()) break;
    size_t size = 1;
    if (ByteAt(text, 0) < 0x80) {
      AppendEscape(text.front(), json);
    } else if (size = Utf8CharacterSize(text); size != 0) {
      json.append(text.substr(0, size));
    } else {
      json.append(kReplacement);
      size = 1;
    }
    text.remove_prefix(size);
  }
  json += '"';
}

std::string JsonString(std::string_view text) {
  std::string json;
  json.reserve(text.size() + 2);
  AppendJsonString(text, json);
  return json;
}

}  // namespace stria
