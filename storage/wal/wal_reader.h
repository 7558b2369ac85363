// Recovers a shard's log: which records count, in order, and where the log ends.
//
// At the first bad frame of a segment the reader looks on, at 4 KiB steps, for valid frames of the
// same nonce. When one of them says that the missing record was durable, or a later segment of the
// same epoch has records, acknowledged data is damaged: that is reported and never cut. Otherwise
// the tail is torn: it was never acknowledged, and ends the log (of that epoch).
//
// Whoever asks for it gets what is readable around the damage: the records behind it keep their
// numbers, and each hole is told. The bytes stay as they are.
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

/// Acknowledged records that cannot be read any more.
struct WalDamage {
  uint64_t first_seq = 0;  ///< both inclusive
  uint64_t last_seq = 0;
  std::string segment;  ///< file that held them; empty when it is gone
  std::string reason;
};

/// What damage does.
enum class WalDamagePolicy : uint8_t {
  kRefuse,  ///< recovery fails with kCorruption
  kReport,  ///< recovery goes on behind it
};

struct WalRecovery {
  uint64_t last_seq = 0;      ///< greatest that counts, 0 for none
  uint64_t next_segment = 1;  ///< greater than every number seen
  std::vector<WalSegmentInfo> segments;
  uint64_t torn_bytes = 0;  ///< whole frames and pieces after the end, cut
  uint64_t num_records = 0;
  uint64_t last_epoch = 0;         ///< greatest of all segments
  std::vector<WalDamage> damages;  ///< ascending; only with kReport
};

/// Called in the order of seq. A failure ends recovery with it.
using WalVisitor = std::function<Status(const WalFrame& frame)>;

/// Reads every segment in `directory`, syncs what it accepts, and calls `visit` for each record
/// that counts, ascending by seq. With kRefuse, fails with kCorruption, naming file and offset,
/// when acknowledged records are damaged.
///
/// `wal_low`: records below it are in parts; they may be missing.
Result<WalRecovery> RecoverWal(FileSystem& files, const std::string& directory, uint32_t shard,
                               const AcceptedSeqs& accepted, uint64_t wal_low,
                               const WalVisitor& visit,
                               WalDamagePolicy policy = WalDamagePolicy::kRefuse);

}  // namespace stria::storage
