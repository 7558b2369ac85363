// The one task that writes the logs: group commit, apply, publish, answer; and takes memtables out
// of writing when they are due.
//
// One task for all shards of the engine, on Lane::kLog. It runs while batches or flushes wait.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/engine/bind_rows.h"
#include "storage/engine/engine_core.h"

namespace stria::storage {

/// Thread safety: thread-safe.
class LogTask {
 public:
  explicit LogTask(EngineCore& core) : core_(core), next_batch_id_(core.env.random->Next()) {}

  /// Logs `bound` and then calls `done`. Without `sync` it may call it at once, unless a million
  /// rows that were answered so wait already.
  void Submit(BoundBatch bound, bool sync, WriteCallback done);

  /// Logs `tombstone` in every shard, behind what was submitted before it, and then calls `done`.
  void SubmitDelete(Tombstone tombstone, WriteCallback done);

  /// Flushes everything that `shard` holds when the request is taken, then calls `done`.
  void RequestFlush(Shard& shard, FlushDone done);

  /// Flushes the memtables that are large, old or in the way of the log.
  void FlushDue();

 private:
  struct PendingBatch {
    BoundBatch bound;
    std::optional<Tombstone> tombstone;  // Instead of rows: a DELETE.
    WriteCallback done;                  // Null: answered ahead.
    uint64_t num_rows = 0;
  };

  // One shard's part of a group.
  struct ShardRecords {
    std::vector<LogPayload> payloads;
    std::vector<NewSeries> series;  // That the first of them introduces.
  };

  // Starts the task unless it runs. Requires queue_mutex_.
  void Wake() STRIA_REQUIRES(queue_mutex_);
  bool AnswerAhead(uint64_t num_rows);
  void Pump();
  bool Stalled() const;
  Status CheckMemory();
  void Commit(std::vector<PendingBatch>& group);
  void RefuseRows(std::vector<PendingBatch>& group);
  void RefuseDropped(std::vector<PendingBatch>& group);
  void Answer(PendingBatch& batch, const Status& status);
  Status LogGroup(std::vector<PendingBatch>& group);
  void PlaceBatch(const PendingBatch& batch, std::vector<uint64_t>& next_seq,
                  std::vector<ShardSeq>& places);
  ShardRecords EncodeRecords(uint32_t shard, const std::vector<PendingBatch>& group,
                             const std::vector<std::vector<ShardSeq>>& places);
  Status AppendRecords(std::vector<ShardRecords>& records);
  void StartFlush(Shard& shard, FlushDone asked);
  void RunFlush(Shard& shard, FlushTask& task, const FlushDone& asked);
  void FlushEnded(Shard& shard);

  EngineCore& core_;
  Mutex queue_mutex_;
  std::deque<PendingBatch> queue_ STRIA_GUARDED_BY(queue_mutex_);
  std::vector<std::pair<Shard*, FlushDone>> flush_requests_ STRIA_GUARDED_BY(queue_mutex_);
  uint64_t rows_ahead_ STRIA_GUARDED_BY(queue_mutex_) = 0;  // In queue_, and answered.
  bool pumping_ STRIA_GUARDED_BY(queue_mutex_) = false;

  // Of the task itself.
  uint64_t next_batch_id_;  // Random at the start, so that no two processes give the same.
  std::vector<std::pair<Shard*, FlushDone>> waiting_flushes_;

  Mutex flush_status_mutex_;
  Status flush_status_ STRIA_GUARDED_BY(flush_status_mutex_);  // Of the last flush that ended.
  std::atomic<int64_t> num_flushing_ = 0;
};

}  // namespace stria::storage
