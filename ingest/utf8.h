// Is this text UTF-8?

#pragma once

#include <string_view>

namespace stria::ingest {

/// True for well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace stria::ingest
