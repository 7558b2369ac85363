// A DELETE, as the log, the manifest and the merge know it.

#pragma once

#include <cstdint>
#include <vector>

#include "storage/types/ids.h"
#include "storage/types/predicate.h"
#include "storage/types/time_range.h"

namespace stria::storage {

/// Deletes the rows of `table` in one shard that lie in `time`, that belong to a series for which
/// all of `tags` hold, and that records with a number below `seq` wrote. Rows written later with
/// the same keys stay.
struct Tombstone {
  uint64_t seq = 0;  ///< of the log record of the DELETE
  TableId table;
  TimeRange time;
  std::vector<TagPredicate> tags;  ///< empty: every series

  friend bool operator==(const Tombstone&, const Tombstone&) = default;
};

}  // namespace stria::storage
