// The lines that were refused for what the table is, kept so that they can be written again when
// the reason is gone: system.rejects.
//
// They were answered with an error, so nothing is promised for them: they are written to the disk a
// moment later, and when there are too many the oldest go. On disk: a numbered log in
// <data>/rejects, whose edits add lines and whose snapshots hold all; payload:
//
//   lines: varint count, each { id varint, time int64, precision uint8, database, table, line,
//   code,
//          reason, source: string }

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ingest/precision.h"
#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/io/file_system.h"
#include "storage/io/numbered_log.h"

namespace stria::server {

struct RejectedLine {
  uint64_t id = 0;      ///< ascending; given by the log
  int64_t time_ns = 0;  ///< when it came, which is also the time of a line without one
  ingest::Precision precision = ingest::Precision::kNanoseconds;
  std::string database, table;
  std::string line;
  std::string code;  ///< of the error, such as type_conflict
  std::string reason;
  std::string source;  ///< protocol
};

struct RejectLimits {
  uint64_t max_lines = 10'000;
  uint64_t max_bytes = 16ULL << 20;  ///< of lines and reasons
};

/// Thread safety: thread-safe.
class RejectLog {
 public:
  RejectLog(storage::FileSystem& files, std::string directory, RejectLimits limits);

  /// Reads what an earlier process kept. A damaged log is left alone: the lines are then only in
  /// memory, and the failure, kCorruption or kIoError, says so.
  Status Open();

  /// Keeps lines; the oldest go where there are too many. Returns whether Persist() has work.
  bool Add(std::vector<RejectedLine> lines);

  /// All lines of a database and table, oldest first; an empty name stands for all.
  std::vector<RejectedLine> List(std::string_view database, std::string_view table) const;

  /// Removes lines; ids that are not there are ignored.
  void Remove(const std::set<uint64_t>& ids);

  /// Writes to the disk what changed since the last time. Fails as NumberedLog does; the lines stay
  /// in memory, and the next call tries again.
  Status Persist();

  uint64_t num_lines() const;

 private:
  void Shrink() STRIA_REQUIRES(mutex_);
  Status Apply(storage::NumberedLog::Kind kind, std::span<const std::byte> payload);

  const RejectLimits limits_;
  Mutex disk_mutex_;  // One writer of the log.
  storage::NumberedLog log_;
  bool is_open_ = false;  // Guarded by disk_mutex_.

  mutable Mutex mutex_;
  std::deque<RejectedLine> lines_ STRIA_GUARDED_BY(mutex_);  // Ascending by id.
  uint64_t bytes_ STRIA_GUARDED_BY(mutex_) = 0;
  uint64_t next_id_ STRIA_GUARDED_BY(mutex_) = 1;
  uint64_t persisted_id_ STRIA_GUARDED_BY(mutex_) = 0;  // Greatest on the disk.
  bool was_removed_ STRIA_GUARDED_BY(mutex_) = false;   // Some that is on the disk.
};

/// The line of line protocol that begins at `offset` of `body`, without its line end; a string in
/// quotes may hold line ends.
std::string_view LineAt(std::string_view body, size_t offset);

}  // namespace stria::server
