// Opens a snapshot of one table: matches series, finds their runs in parts and memtables, and
// merges what overlaps.

#pragma once

#include <memory>
#include <span>
#include <vector>

#include "storage/base/status.h"
#include "storage/engine/scan.h"
#include "storage/engine/shard.h"

namespace stria::storage {

/// A shard with its snapshot, taken at the same moment as the others'.
struct ScanShard {
  Shard* shard = nullptr;
  ShardSnapshot snapshot;
};

/// Plans the scan. Runs of a series that overlap in time are merged now, where they overlap;
/// everything else is read when its block is.
Result<std::unique_ptr<Scan>> OpenTableScan(const ScanRequest& request,
                                            std::vector<ScanShard> shards);

}  // namespace stria::storage
