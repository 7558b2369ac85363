// What can be done with the lines that were refused: keep, write again, drop.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "server/rejects/reject_log.h"
#include "storage/base/executor.h"
#include "storage/engine/engine.h"

namespace stria::server {

struct ReplayResult {
  Status status;          ///< why it ended early, if it did
  uint64_t replayed = 0;  ///< lines that are stored now, and no longer here
  uint64_t rejected = 0;  ///< lines that were refused again, and stay
};

/// Thread safety: thread-safe.
class Rejects {
 public:
  /// All of them outlive it.
  Rejects(RejectLog& log, storage::Engine& engine, Executor& executor)
      : log_(log), engine_(engine), executor_(executor) {}

  /// Keeps lines, and writes them to the disk within a second or so.
  void Add(std::vector<RejectedLine> lines);

  /// Writes the lines of a database and table again (empty: of all), as they came. Waits for the
  /// disk: not for a thread of the network.
  ReplayResult Replay(std::string_view database, std::string_view table);

  /// Forgets lines; returns how many.
  uint64_t Drop(std::string_view database, std::string_view table);

  /// Writes to the disk what is not there yet; failures go to the log, once.
  void Persist();

  const RejectLog& log() const { return log_; }

 private:
  RejectLog& log_;
  storage::Engine& engine_;
  Executor& executor_;
  std::atomic<bool> is_persist_due_ = false;  // Whether a task will call Persist().
  std::atomic<bool> has_failed_ = false;
};

}  // namespace stria::server
