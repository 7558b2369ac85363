// Times as the dumps print them.

#pragma once

#include <cstdint>
#include <string>

namespace stria::admin {

/// 2026-11-24T12:00:00.000000000Z.
std::string TimeText(int64_t ns);

}  // namespace stria::admin
