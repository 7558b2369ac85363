// What the manifest knows of a part, so that a part is opened only when a query needs it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "storage/types/ids.h"

namespace stria::storage {

/// A part is (file, offset, length): small parts share a file.
struct PartMeta {
  std::string file;  ///< name below shard/<s>/part/
  uint64_t offset = 0;
  uint64_t length = 0;
  TableId table;
  uint64_t num_rows = 0;
  uint64_t num_runs = 0;
  int64_t min_time = 0;  ///< both inclusive
  int64_t max_time = 0;
  uint64_t seq_min = 0;  ///< sequence numbers of the log records whose rows are in the part
  uint64_t seq_max = 0;
  /// Every DELETE with a number up to it is applied, also those above seq_max; never below what the
  /// footer says, because a DELETE that hits no row is applied without writing the part again.
  uint64_t deletes_seq = 0;
  uint8_t level = 0;  ///< 0 flushed, 1 compacted

  /// Tombstones above it are to be applied by whoever reads the part.
  uint64_t applied_deletes() const { return std::max(seq_max, deletes_seq); }

  friend bool operator==(const PartMeta&, const PartMeta&) = default;
};

}  // namespace stria::storage
