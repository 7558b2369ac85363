// SQL's LIKE.

#pragma once

#include <string_view>

namespace stria {

/// Whether all of `text` matches `pattern`: % stands for any bytes, _ for one UTF-8 character, and
/// a backslash takes the next character as it is. Takes time in proportion to text x pattern at
/// worst.
bool MatchesLike(std::string_view text, std::string_view pattern);

}  // namespace stria
