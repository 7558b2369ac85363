// When parts are merged, and how fast: in slices of one row group on a lane of its own, so that a
// flush, which has another lane, never waits for a compaction, and an engine that closes waits for
// one slice.
//
// The budget: what compactions write is limited to EngineOptions::compaction_bytes_per_second, by a
// pause before the next slice; and their lane has one thread, of low priority, which gives way to
// ingest and queries when there are no idle cores. Whoever asks for a compaction and waits for it
// is not slowed down.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/engine/engine_core.h"
#include "storage/engine/shard_compaction.h"

namespace stria::storage {

/// Thread safety: Start() once; CompactAll() from anywhere but Lane::kCompaction.
class Compactor {
 public:
  explicit Compactor(EngineCore& core) : core_(core) {}

  /// Begins to look every second for what is due, until the engine is closed.
  void Start();

  /// Merges each partition's parts into few, in all tables, and returns when that is done. A table
  /// with damaged parts is left as it is, and is what the status tells of.
  Status CompactAll();

 private:
  // A table as it was seen last.
  struct WatchedTable {
    std::shared_ptr<const TableParts> parts;
    int64_t since_ns = 0;
    bool seen_busy = false, seen_idle = false;  // By that policy there was nothing to do.
    Status damage = Status::Ok();  // Not ok: it cannot be compacted, because parts are damaged.
  };
  struct WatchedShard {
    std::unordered_map<TableId, WatchedTable> tables;
    // Records up to settled_seq have rested for a day; those up to the mark, since marked_ns.
    uint64_t settled_seq = 0, mark_seq = 0;
    int64_t marked_ns = 0;
  };
  // Somebody waits for a compaction of everything.
  struct Request {
    std::atomic<bool> done = false;
    Status status;
    size_t shard = 0;  // That is worked on.
    std::map<TableId, Status> damaged;
  };

  void Look();
  void Wake();
  void Slice(uint64_t ticket);
  void Schedule(uint64_t ticket, int64_t delay_ns);
  bool Work();
  bool BeginRequested();
  bool BeginDue();
  bool BeginDueIn(Shard& shard);
  void Watch(Shard& shard);
  void StepCurrent();
  void EndCurrent();
  void EndRequest(const Status& status);
  int64_t PauseNs();

  EngineCore& core_;
  Mutex mutex_;
  std::deque<std::shared_ptr<Request>> requests_ STRIA_GUARDED_BY(mutex_);
  // Only the slice with the newest ticket runs: a request does not wait for a pause to end.
  uint64_t ticket_ STRIA_GUARDED_BY(mutex_) = 0;
  bool active_ STRIA_GUARDED_BY(mutex_) = false;

  // Of the lane.
  std::shared_ptr<Request> request_;  // Null: what is due by itself.
  std::unique_ptr<ShardCompaction> current_;
  Shard* current_shard_ = nullptr;
  std::map<TableId, Status> damaged_;  // Found since the look began.
  std::vector<WatchedShard> watched_;  // By shard.
  size_t next_shard_ = 0;              // Of this look.
  Status failure_ = Status::Ok();      // Of this look.
  uint64_t counted_bytes_ = 0;         // Of current_, that the budget knows of.
  int64_t budget_ns_ = 0;              // The bytes so far are paid for at this time.
};

}  // namespace stria::storage
