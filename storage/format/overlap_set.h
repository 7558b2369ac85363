// The runs of a part that may overlap older parts, as its footer keeps them.
//
// A run is listed when it begins at or before the greatest time that its series has in older parts.
// The rows of one that is not listed come after all older rows of the series, so that a scan puts
// them there without comparing.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/base/status.h"

namespace stria::storage {

/// A Roaring bitmap, portable form, of `runs`: ascending numbers of runs of a part. Never empty.
std::vector<std::byte> EncodeOverlapSet(std::span<const uint32_t> runs);

/// One byte for each of `num_runs` runs, 1 = listed; nothing when none is. Fails with kCorruption
/// on bytes that are no bitmap of such numbers.
Result<std::vector<uint8_t>> DecodeOverlapSet(std::span<const std::byte> encoded,
                                              uint64_t num_runs);

}  // namespace stria::storage
