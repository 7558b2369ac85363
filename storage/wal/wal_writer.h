// Appends groups of records to a shard's log and makes them durable.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/mutex.h"
#include "storage/base/random.h"
#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/wal/wal_format.h"

namespace stria::storage {

struct WalWriterOptions {
  std::string directory;
  uint32_t shard = 0;
  uint64_t epoch = 0;
  uint64_t segment_bytes = 16ULL << 20;
  uint64_t next_segment = 1;  ///< greater than every number in the directory
  uint64_t next_seq = 1;
};

/// A segment whose records are still needed, or are not known to be needed no more.
struct WalSegmentInfo {
  uint64_t segment = 0;
  uint64_t last_seq = 0;  ///< 0 when it has no record
  uint64_t bytes = 0;
};

struct WalRecord {
  WalRecordType type = WalRecordType::kRows;
  std::span<const std::byte> payload;
};

/// Thread safety: AppendGroup() is confined to the shard's log task; the rest is thread-safe.
class WalWriter {
 public:
  /// `segments` are those that recovery found. Nothing is written before the first group.
  WalWriter(FileSystem& files, Clock& clock, Random& random, WalWriterOptions options,
            std::vector<WalSegmentInfo> segments);
  ~WalWriter();

  /// Makes sure that the next AppendGroup() of `records` finds room, so that it cannot fail for
  /// want of it. Fails like AppendGroup().
  Status Reserve(std::span<const WalRecord> records);

  /// Writes `records` with consecutive sequence numbers as one group and syncs it; returns the
  /// first number. A group that does not fit into the segment goes into the next, whole.
  ///
  /// Fails with kDiskFull when no segment can be made: nothing was written and a later call may
  /// succeed. After any other failure the log takes no more: a failed sync is never retried,
  /// because the kernel has already dropped what it could not write.
  Result<uint64_t> AppendGroup(std::span<const WalRecord> records);

  /// Makes the next segment ahead of its need, so that a roll does not wait for zeros to be
  /// written.
  Status PrepareNext();
  /// Whether PrepareNext() has work.
  bool WantsNext() const;

  /// Gives back segments all of whose records are below `wal_low`, which is durable in the
  /// manifest. One is kept as the next to write into.
  void Recycle(uint64_t wal_low);

  uint64_t next_seq() const;
  /// Bytes of the segments that hold records.
  uint64_t bytes() const;
  /// Bytes of all groups since the start, with what fills their last block.
  uint64_t bytes_written() const;
  uint64_t num_syncs() const;
  uint64_t sync_ns() const;
  bool failed() const;

 private:
  struct Segment {
    WalSegmentInfo info;
    uint64_t capacity = 0;
    uint64_t nonce = 0;
    uint64_t end = kWalBlockBytes;  // Where the next group goes.
    std::unique_ptr<File> file;
  };

  Status CheckAlive() const;
  Status Roll(uint64_t group_bytes);
  Status OpenSegment(Segment& segment, uint64_t first_seq, bool use_spare);
  Result<std::unique_ptr<File>> MakeFile(const std::string& name, uint64_t bytes) const;
  std::string PathOf(const std::string& name) const { return options_.directory + "/" + name; }

  FileSystem& files_;
  Clock& clock_;
  Random& random_;
  const WalWriterOptions options_;
  std::unique_ptr<Segment> current_;  // Of the log task.

  mutable Mutex mutex_;
  std::deque<WalSegmentInfo> closed_ STRIA_GUARDED_BY(mutex_);
  bool spare_ready_ STRIA_GUARDED_BY(mutex_) = false;  // A zeroed file under the spare name.
  bool preparing_ STRIA_GUARDED_BY(mutex_) = false;
  uint64_t next_segment_ STRIA_GUARDED_BY(mutex_);
  uint64_t next_seq_ STRIA_GUARDED_BY(mutex_);
  uint64_t current_bytes_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t bytes_written_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t num_syncs_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t sync_ns_ STRIA_GUARDED_BY(mutex_) = 0;
  bool failed_ STRIA_GUARDED_BY(mutex_) = false;
};

}  // namespace stria::storage
