// Sizes and durations as people write them: "64MiB", "2d", "500ms".

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/status.h"

namespace stria {

/// Bytes. Units B, KiB, MiB, GiB, TiB (powers of 1024), kB, MB, GB, TB (powers of 1000); a number
/// alone is bytes. Fails with kInvalidArgument, naming the text and the units.
Result<uint64_t> ParseSize(std::string_view text);

/// Nanoseconds. Units ns, us, ms, s, m, h, d, w, mo (30 days), y (365 days); parts may be added up,
/// as in "1h30m". A unit is needed, but for 0. Fails with kInvalidArgument.
Result<int64_t> ParseDuration(std::string_view text);

/// "64.0 MiB", "17 B".
std::string FormatSize(uint64_t bytes);

}  // namespace stria
