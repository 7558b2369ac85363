// Recovers a shard's log: which records count, in order, and where the log ends.
//
// At the first bad frame of a segment the reader looks on, at 4 KiB steps, for valid frames of the
// same nonce. When one of them says that the missing record was durable, or a later segment of the
// same epoch has records, acknowledged data is damaged: that is reported and never cut. Otherwise
// the tail is torn: it was never acknowledged, and ends the log (of that epoch).
//
// A record of an older epoch with a number above what that epoch's end accepted is void for ever.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/wal/wal_format.h"
#include "storage/wal/wal_writer.h"

namespace stria::storage {

/// How earlier starts ended the epochs before theirs: epoch -> greatest seq that counts.
using AcceptedSeqs = std::map<uint64_t, uint64_t>;

struct WalRecovery {
  uint64_t last_seq = 0;      ///< greatest that counts, 0 for none
  uint64_t next_segment = 1;  ///< greater than every number seen
  std::vector<WalSegmentInfo> segments;
  uint64_t torn_bytes = 0;  ///< whole frames and pieces after the end, cut
  uint64_t num_records = 0;
};

/// Called in the order of seq. A failure ends recovery with it.
using WalVisitor = std::function<Status(const WalFrame& frame)>;

/// Reads every segment in `directory`, syncs what it accepts, and calls `visit` for each record
/// that counts, ascending by seq. Fails with kCorruption, naming file and offset, when acknowledged
/// records are damaged.
///
/// `wal_low`: records below it are in parts; they may be missing.
Result<WalRecovery> RecoverWal(FileSystem& files, const std::string& directory, uint32_t shard,
                               const AcceptedSeqs& accepted, uint64_t wal_low,
                               const WalVisitor& visit);

}  // namespace stria::storage
