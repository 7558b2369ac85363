// Text as a JSON string.

#pragma once

#include <string>
#include <string_view>

namespace stria {

/// Appends `text` as a JSON string with its quotes (RFC 8259). Bytes that are not UTF-8 become
/// U+FFFD, one for each byte, so that what comes out is always valid.
void AppendJsonString(std::string_view text, std::string& json);

std::string JsonString(std::string_view text);

/// The length of the UTF-8 character at the front of `text`, which is not empty; 0 where there is
/// none: a stray or missing continuation byte, an overlong form, a surrogate, or above U+10FFFF.
size_t Utf8CharacterSize(std::string_view text);

}  // namespace stria
