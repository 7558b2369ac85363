// The name a user probably meant, for "Did you mean ...?".

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stria {

/// The candidate with the smallest edit distance to `name` (case aside; a swap of neighbours counts
/// one), if that is at most a third of its length, else "".
std::string NearestName(std::string_view name, std::span<const std::string> candidates);

}  // namespace stria
