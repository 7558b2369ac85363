#include "storage/engine/log_task.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/wal/delete_record.h"
#include "storage/wal/rows_record.h"

namespace stria::storage {
namespace {

constexpr size_t kMaxBatchesAGroup = 1024;  // A guess: far more than connections that wait at once.
constexpr size_t kMaxRowsAGroup = 1 << 20;
// Rows that were answered before they are durable, and wait: no memory limit counts them yet, and
// nobody who waits for an answer bounds them. As many as one group takes.
constexpr uint64_t kMaxRowsAnsweredAhead = kMaxRowsAGroup;

// While a flush is under way. Each is a source of every scan, so that they are bounded also where
// deletes come faster than the disk takes parts: a guess.
constexpr size_t kMaxFrozenByDeletes = 256;

// The middle of the sequence numbers that the log holds.
uint64_t OldHalf(const Shard& shard) {
  const uint64_t low = shard.version()->wal_low;
  return low + (shard.next_seq() - low) / 2 + 1;
}

}  // namespace

void LogTask::Wake() {
  if (pumping_) return;
  pumping_ = true;
  core_.Post(Lane::kLog, [this] { Pump(); });
}

void LogTask::Submit(BoundBatch bound, bool sync, WriteCallback done) {
  PendingBatch batch;
  batch.bound = std::move(bound);
  for (const auto& tables : batch.bound.shards) {
    for (const auto& table : tables)
      batch.num_rows += table.rows.num_rows();
  }
  if (!batch.bound.result.status.ok() || batch.num_rows == 0) {
    done(std::move(batch.bound.result));
    return;
  }
  if (!sync && AnswerAhead(batch.num_rows)) {
    done(batch.bound.result);
  } else {
    batch.done = std::move(done);
  }
  const MutexLock lock(queue_mutex_);
  queue_.push_back(std::move(batch));
  Wake();
}

void LogTask::SubmitDelete(Tombstone tombstone, WriteCallback done) {
  PendingBatch batch;
  batch.tombstone = std::move(tombstone);
  batch.done = std::move(done);
  const MutexLock lock(queue_mutex_);
  queue_.push_back(std::move(batch));
  Wake();
}

void LogTask::RequestFlush(Shard& shard, FlushDone done) {
  const MutexLock lock(queue_mutex_);
  flush_requests_.emplace_back(&shard, std::move(done));
  Wake();
}

void LogTask::FlushDue() {
  const MutexLock lock(queue_mutex_);
  if (pumping_) return;  // It looks by itself.
  pumping_ = true;
  core_.Post(Lane::kLog, [this] {
    for (auto& shard : core_.shards)
      StartFlush(*shard, nullptr);
    Pump();
  });
}

// Whether a write that need not be durable is answered before it is: not behind too many others.
bool LogTask::AnswerAhead(uint64_t num_rows) {
  const MutexLock lock(queue_mutex_);
  if (rows_ahead_ + num_rows > kMaxRowsAnsweredAhead) return false;
  rows_ahead_ += num_rows;
  return true;
}

// Memory that is nearly full, or full of what only a flush can free while flushes fail.
Status LogTask::CheckMemory() {
  core_.memory.SetRows(core_.MemtableBytes());
  core_.memory.Measure();
  STRIA_RETURN_IF_ERROR(core_.memory.CheckRows());
  const MutexLock lock(flush_status_mutex_);
  if (flush_status_.ok() || core_.MemtableBytes() <= core_.options.memory_bytes)
    return Status::Ok();
  return flush_status_.WithContext("memory is full of rows that cannot be flushed");
}

// The log task: takes what waits, logs it as one group, applies it, answers; until nothing waits.
void LogTask::Pump() {
  while (true) {
    std::vector<PendingBatch> group;
    std::vector<std::pair<Shard*, FlushDone>> flushes;
    {
      const MutexLock lock(queue_mutex_);
      const bool stalled = Stalled();
      for (size_t num_rows = 0; !stalled && !queue_.empty() && group.size() < kMaxBatchesAGroup &&
                                num_rows < kMaxRowsAGroup;) {
        num_rows += queue_.front().num_rows;
        if (queue_.front().done == nullptr) rows_ahead_ -= queue_.front().num_rows;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      flushes = std::exchange(flush_requests_, {});
      if (group.empty() && flushes.empty()) {
        pumping_ = false;  // A flush that ends posts the task again if batches are stalled.
        return;
      }
    }
    if (!group.empty()) Commit(group);
    for (auto& shard : core_.shards) {
      FlushDone asked;
      for (auto& [requested, done] : flushes) {
        if (requested != shard.get()) continue;
        if (asked == nullptr) {
          asked = std::move(done);
        } else {
          asked = [first = std::move(asked), second = std::move(done)](const Status& status) {
            first(status);
            second(status);
          };
        }
      }
      StartFlush(*shard, std::move(asked));
    }
  }
}

// Whether batches must wait for a flush: memory is full, or deletes have left too many memtables.
bool LogTask::Stalled() const {
  if (num_flushing_.load() == 0) return false;
  return core_.MemtableBytes() > core_.options.memory_bytes ||
         std::ranges::any_of(core_.shards, [](const auto& shard) {
           return shard->frozen_by_deletes() > kMaxFrozenByDeletes;
         });
}

void LogTask::Commit(std::vector<PendingBatch>& group) {
  RefuseRows(group);
  RefuseDropped(group);
  if (group.empty()) return;
  const Status status = LogGroup(group);
  next_batch_id_ += group.size();
  for (auto& batch : group)
    Answer(batch, status);
}

void LogTask::Answer(PendingBatch& batch, const Status& status) {
  if (!status.ok()) {
    if (batch.done == nullptr)
      core_.Report(HealthComponent::kLog, "a write that was answered before it was durable is lost",
                   status);
    batch.bound.result = {};
    batch.bound.result.status = status;
  }
  if (batch.done == nullptr) return;
  batch.done(std::move(batch.bound.result));
}

// Answers the batches of rows that disk or memory have no room for. Deletes go on: the reserve is
// for them, and they are what makes room.
void LogTask::RefuseRows(std::vector<PendingBatch>& group) {
  Status status = core_.CheckDisk();
  core_.ReportDisk(status);
  if (status.ok()) status = CheckMemory();
  if (status.ok()) return;
  std::erase_if(group, [&](PendingBatch& batch) {
    if (batch.tombstone.has_value()) return false;
    Answer(batch, status);
    return true;
  });
}

// Takes out of the group what names tables that were dropped since it was bound. A write that was
// answered already came before the DROP; any other is told.
void LogTask::RefuseDropped(std::vector<PendingBatch>& group) {
  const auto catalog = core_.catalog.current();
  std::erase_if(group, [&](PendingBatch& batch) {
    TableSchemaPtr dropped;
    for (auto& tables : batch.bound.shards) {
      std::erase_if(tables, [&](const BoundTable& table) {
        if (catalog->Find(table.schema->id) != nullptr) return false;
        dropped = table.schema;
        return true;
      });
    }
    if (batch.tombstone.has_value() && catalog->Find(batch.tombstone->table) == nullptr) {
      Answer(batch, Unavailable("the table was dropped while its rows were to be deleted"));
      return true;
    }
    if (dropped == nullptr) return false;
    if (batch.done == nullptr) {
      return std::ranges::all_of(batch.bound.shards,
                                 [](const auto& tables) { return tables.empty(); });
    }
    Answer(batch, Unavailable("table {}.{} was dropped while the write was under way; nothing of "
                              "the write is stored. Send it again to make the table anew",
                              dropped->database, dropped->name));
    return true;
  });
}

// Gives the batch a number in each shard that it has something for.
void LogTask::PlaceBatch(const PendingBatch& batch, std::vector<uint64_t>& next_seq,
                         std::vector<ShardSeq>& places) {
  for (uint32_t s = 0; s < core_.shards.size(); ++s) {
    if (batch.tombstone.has_value() || !batch.bound.shards[s].empty())
      places.push_back({s, next_seq[s]++});
  }
}

// Makes the group durable and visible.
Status LogTask::LogGroup(std::vector<PendingBatch>& group) {
  STRIA_RETURN_IF_ERROR(core_.failed.load() ? core_.Refusal() : Status::Ok());
  // Sequence numbers first: every record of a batch names the others.
  std::vector<uint64_t> next_seq;
  for (auto& shard : core_.shards)
    next_seq.push_back(shard->next_seq());
  std::vector<std::vector<ShardSeq>> places(group.size());
  bool any_delete = false;
  for (size_t i = 0; i < group.size(); ++i) {
    PlaceBatch(group[i], next_seq, places[i]);
    any_delete = any_delete || group[i].tombstone.has_value();
    if (group[i].tombstone.has_value()) continue;
    for (const auto& place : places[i])
      core_.shards[place.shard]->ResolveSeries(group[i].bound.shards[place.shard]);
  }
  std::vector<ShardRecords> records;
  for (uint32_t s = 0; s < core_.shards.size(); ++s)
    records.push_back(EncodeRecords(s, group, places));
  if (any_delete) KillPoint("delete.log");
  STRIA_RETURN_IF_ERROR(AppendRecords(records));
  KillPoint("wal.apply");
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  for (size_t i = 0; i < group.size(); ++i) {
    for (const auto& [s, seq] : places[i]) {
      if (group[i].tombstone.has_value()) {
        group[i].tombstone->seq = seq;
        core_.shards[s]->ApplyDelete(*group[i].tombstone, now_ns);
      } else {
        core_.shards[s]->Apply(group[i].bound.shards[s], seq, now_ns);
      }
    }
  }
  const std::unique_lock lock(core_.publish_mutex);
  for (auto& shard : core_.shards)
    shard->Publish();
  return Status::Ok();
}

LogTask::ShardRecords LogTask::EncodeRecords(uint32_t s, const std::vector<PendingBatch>& group,
                                             const std::vector<std::vector<ShardSeq>>& places) {
  ShardRecords records;
  bool has_series = false;  // The first record with rows introduces all new series.
  for (size_t i = 0; i < group.size(); ++i) {
    if (std::ranges::find(places[i], s, &ShardSeq::shard) == places[i].end()) continue;
    LogPayload& payload = records.payloads.emplace_back();
    std::vector<ShardSeq> shards;
    if (places[i].size() > 1) shards = places[i];
    if (group[i].tombstone.has_value()) {
      payload.type = WalRecordType::kDelete;
      EncodeDeleteRecord({.batch_id = next_batch_id_ + i,
                          .shards = std::move(shards),
                          .tombstone = *group[i].tombstone},
                         payload.bytes);
      continue;
    }
    RowsRecord record;
    record.batch_id = next_batch_id_ + i;
    record.shards = std::move(shards);
    if (!has_series) record.series = core_.shards[s]->TakeUnloggedSeries();
    std::vector<const TableRows*> rows;
    for (const auto& table : group[i].bound.shards[s])
      rows.push_back(&table.rows);
    EncodeRowsRecord(record, rows, payload.bytes);
    if (!has_series) records.series = std::move(record.series);
    has_series = true;
  }
  return records;
}

// Writes the records of every shard. First each log makes room, so that a full disk is found
// while nothing is written: a batch that some shards have and others have not is void, but only a
// restart says so.
Status LogTask::AppendRecords(std::vector<ShardRecords>& records) {
  Status status;
  for (size_t s = 0; s < records.size() && status.ok(); ++s)
    status = core_.shards[s]->ReserveLog(records[s].payloads);
  size_t num_logged = 0;
  for (; num_logged < records.size() && status.ok(); ++num_logged) {
    status = core_.shards[num_logged]->AppendToLog(records[num_logged].payloads);
    if (!status.ok()) break;
    core_.shards[num_logged]->SeriesLogged(std::move(records[num_logged].series));
  }
  if (status.ok()) return status;
  for (size_t s = num_logged; s < records.size(); ++s)
    core_.shards[s]->ReturnUnloggedSeries(std::move(records[s].series));
  if (status.code() == StatusCode::kDiskFull) {
    core_.ReportDisk(status);
  } else {
    core_.failed.store(true);
    core_.Report(HealthComponent::kLog, "the log failed, no more writes are taken", status);
  }
  return status;
}

// On the log task: takes the memtables that are due, or all of them when `asked`, and flushes
// them in the background. While a flush is under way, one that was asked for waits for it.
void LogTask::StartFlush(Shard& shard, FlushDone asked) {
  if (shard.manifest_failed()) {
    core_.failed.store(true);
    if (asked != nullptr) asked(core_.Refusal());
    return;
  }
  shard.ForgetDropped(*core_.catalog.current());
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  const bool log_full = shard.wal_bytes() > core_.options.wal_bytes;
  const bool memory_full =
      shard.memtable_bytes() > core_.options.memory_bytes / 2 / core_.shards.size();
  // Then the largest go, and what is nearly as large, unless that is not worth a part.
  const bool is_tight = core_.memory.is_tight();
  const uint64_t large_bytes =
      std::max(shard.largest_memtable_bytes() / 2, core_.memory.least_flush_bytes());
  const uint64_t old_seq = OldHalf(shard);
  const auto due = [&](const Unflushed& unflushed) {
    return asked != nullptr || memory_full || unflushed.bytes > core_.options.memtable_bytes ||
           (is_tight && unflushed.bytes >= large_bytes) ||
           (log_full && unflushed.first_seq < old_seq) ||
           now_ns - unflushed.oldest_ns > core_.options.flush_after_ns;
  };
  bool is_under_way = false;
  auto task = shard.BeginFlush(due, is_under_way);
  if (!task.has_value()) {
    if (asked == nullptr) return;
    if (is_under_way) {
      waiting_flushes_.emplace_back(&shard, std::move(asked));
    } else {
      asked(Status::Ok());
    }
    return;
  }
  num_flushing_.fetch_add(1);
  auto shared = std::make_shared<FlushTask>(std::move(*task));
  core_.Post(Lane::kBackground, [this, &shard, shared, asked = std::move(asked)] {
    RunFlush(shard, *shared, asked);
    core_.Post(Lane::kLog, [this, &shard] { FlushEnded(shard); });
  });
}

// In the background.
void LogTask::RunFlush(Shard& shard, FlushTask& task, const FlushDone& asked) {
  const Status status = shard.RunFlush(task, *core_.catalog.current());
  task = {};
  if (status.ok()) core_.num_flushes.fetch_add(1, std::memory_order_relaxed);
  core_.Report(HealthComponent::kFlush, "rows stay in memory and in the log, and are flushed later",
               status);
  {
    const MutexLock lock(flush_status_mutex_);
    flush_status_ = status;
  }
  num_flushing_.fetch_sub(1);
  if (asked != nullptr) asked(status);
}

// On the log task.
void LogTask::FlushEnded(Shard& shard) {
  std::vector<std::pair<Shard*, FlushDone>> again;
  std::erase_if(waiting_flushes_, [&](auto& waiting) {
    if (waiting.first != &shard) return false;
    again.push_back(std::move(waiting));
    return true;
  });
  {
    const MutexLock lock(queue_mutex_);
    for (auto& request : again)
      flush_requests_.push_back(std::move(request));
    if (pumping_) return;
    pumping_ = true;
  }
  Pump();
}

}  // namespace stria::storage
