// The order of the keys of many series, found without comparing keys where that can be helped.
//
// Each series gets 64 bits of which the order is that of keys as far as they reach: the ranks of
// its values in small dictionaries, tag by tag, and the first bytes of the first value of a large
// one, without what all values there begin with. Those are sorted; series that agree in them are
// compared by codes, which takes one comparison of values.

#pragma once

#include <cstdint>
#include <shared_mutex>
#include <vector>

#include "storage/series/key_columns.h"

namespace stria::storage {

/// The ids [begin, end) in the order of their keys.
///
/// Holds `mutex` shared, which guards `keys`, and lets go of it again and again. Keys may be added
/// meanwhile.
std::vector<uint32_t> SortByKey(const KeyColumns& keys, uint32_t begin, uint32_t end,
                                std::shared_mutex& mutex);

/// Ranks of the keys of ids [0, num_series), of which `ranks` has those of the first ones: so a few
/// new series cost a look at few of the old.
std::vector<uint32_t> ExtendRanks(const KeyColumns& keys, const std::vector<uint32_t>& ranks,
                                  uint32_t num_series, std::shared_mutex& mutex);

}  // namespace stria::storage
