// XXH3-64, the checksum of everything on disk.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace stria {

/// XXH3-64 of `bytes` (xxHash 0.8 specification), seeded.
uint64_t Checksum(std::span<const std::byte> bytes, uint64_t seed = 0);

}  // namespace stria
