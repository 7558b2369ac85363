// The engine: opens shards, runs the log task, schedules flush and compaction, and hands out scans.

#include "storage/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <shared_mutex>
#include <tuple>
#include <unordered_map>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/base/log.h"
#include "storage/base/mutex.h"
#include "storage/catalog/catalog.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/engine/bind_rows.h"
#include "storage/engine/shard.h"
#include "storage/engine/table_scan.h"
#include "storage/io/block_cache.h"
#include "storage/wal/rows_record.h"

namespace stria::storage {
namespace {

constexpr size_t kMaxBatchesAGroup = 1024;  // A guess: far more than connections that wait at once.
constexpr size_t kMaxRowsAGroup = 1 << 20;
// Rows that were answered before they are durable, and wait: no memory limit counts them yet, and
// nobody who waits for an answer bounds them. As many as one group takes.
constexpr uint64_t kMaxRowsAnsweredAhead = kMaxRowsAGroup;
constexpr int64_t kHousekeepingNs = 1'000'000'000;
// Of a busy table, so that each row is rewritten a few times at most.
constexpr CompactionPolicy kBusyPolicy = {.min_parts = 4};
// Of a table to which nothing was added for a while: as few parts as are worth their rewriting.
constexpr CompactionPolicy kIdlePolicy = {.min_parts = 2, .min_overlay_percent = 10};
// Of whoever asks: as few parts as can be.
constexpr CompactionPolicy kFullPolicy = {.min_parts = 2};
constexpr uint64_t kMinSegmentBytes = 1 << 20;

struct PendingBatch {
  BoundBatch bound;
  WriteCallback done;  // Null: answered ahead.
  uint64_t num_rows = 0;
};

class EngineImpl final : public Engine {
 public:
  EngineImpl(const EngineOptions& options, const Env& env)
      : options_(options),
        env_(env),
        cache_(options.cache_bytes),
        next_batch_id_(env.random->Next()),
        catalog_(*env.files, options.directory + "/catalog") {}

  ~EngineImpl() override { Close(); }

  Status Open() {
    const int64_t begin_ns = env_.clock->MonotonicNs();
    STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(options_.directory));
    STRIA_ASSIGN_OR_RETURN(lock_, env_.files->Lock(options_.directory + "/lock"));
    STRIA_RETURN_IF_ERROR(ProbeCommit(*env_.files, options_.directory));
    STRIA_RETURN_IF_ERROR(SizeByDisk());
    STRIA_RETURN_IF_ERROR(
        catalog_.Open(options_.num_shards, {env_.random->Next(), env_.random->Next()}));
    const auto catalog = catalog_.current();
    if (catalog->num_shards() != options_.num_shards && options_.num_shards != 0) {
      return InvalidArgument(
          "data directory {} has {} shards, not {}; the number is fixed at the first start. Start "
          "without --shards, or with --shards {}, or load the data into a new directory",
          options_.directory, catalog->num_shards(), options_.num_shards, catalog->num_shards());
    }
    for (uint32_t i = 0; i < catalog->num_shards(); ++i) {
      shards_.push_back(std::make_unique<Shard>(i, options_, env_, cache_));
    }
    STRIA_RETURN_IF_ERROR(Recover(*catalog));
    recovery_ns_ = env_.clock->MonotonicNs() - begin_ns;
    ScheduleHousekeeping();
    return Status::Ok();
  }

  void Submit(WriteRequest request, WriteCallback done) override {
    if (Status refusal = Refusal(); !refusal.ok()) {
      WriteResult result;
      result.status = std::move(refusal);
      done(std::move(result));
      return;
    }
    PendingBatch batch;
    batch.bound = BindRows(request, catalog_, options_);
    for (const auto& tables : batch.bound.shards) {
      for (const auto& table : tables)
        batch.num_rows += table.rows.num_rows();
    }
    if (!batch.bound.result.status.ok() || batch.num_rows == 0) {
      done(std::move(batch.bound.result));
      return;
    }
    if (!request.sync && AnswerAhead(batch.num_rows)) {
      done(batch.bound.result);
    } else {
      batch.done = std::move(done);
    }
    {
      const MutexLock lock(queue_mutex_);
      queue_.push_back(std::move(batch));
      if (pumping_) return;
      pumping_ = true;
    }
    Post(Lane::kLog, [this] { Pump(); });
  }

  WriteResult Write(WriteRequest request) override {
    const auto answer = std::make_shared<std::pair<std::atomic<bool>, WriteResult>>();
    Submit(std::move(request), [this, answer](WriteResult result) {
      answer->second = std::move(result);
      answer->first.store(true, std::memory_order_release);  // Pairs with the wait below.
      env_.executor->Notify();
    });
    env_.executor->WaitUntil([&] { return answer->first.load(std::memory_order_acquire); });
    return std::move(answer->second);
  }

  Status CreateDatabase(std::string_view name) override {
    if (catalog_.current()->HasDatabase(name)) return Status::Ok();
    return catalog_.Commit({.databases = {std::string(name)}, .tables = {}}, options_.max_columns);
  }
  bool HasDatabase(std::string_view name) const override {
    return catalog_.current()->HasDatabase(name);
  }
  std::vector<std::string> Databases() const override {
    std::vector<std::string> names;
    for (const auto catalog = catalog_.current(); const auto& database : catalog->databases())
      names.push_back(database.name);
    return names;
  }
  TableSchemaPtr FindTable(std::string_view database, std::string_view table) const override {
    return catalog_.current()->Find(database, table);
  }
  std::vector<TableSchemaPtr> Tables(std::string_view database) const override {
    return catalog_.current()->Tables(database);
  }

  Result<std::unique_ptr<Scan>> OpenScan(const ScanRequest& request) override {
    std::vector<ScanShard> shards;
    {
      // A batch over several shards is seen in all of them or in none.
      const std::shared_lock lock(publish_mutex_);
      for (auto& shard : shards_)
        shards.push_back({shard.get(), shard->Snapshot(request.table->id)});
    }
    return OpenTableScan(request, std::move(shards));
  }

  Status Flush() override {
    // Memtables are taken by the log task, in order with what was acknowledged before.
    struct Wait {
      std::atomic<size_t> num_left;
      Mutex mutex;
      Status status;
    };
    const auto wait = std::make_shared<Wait>();
    wait->num_left = shards_.size();
    const auto finish = [this, wait](const Status& status) {
      {
        const MutexLock lock(wait->mutex);
        if (wait->status.ok()) wait->status = status;
      }
      wait->num_left.fetch_sub(1);
      env_.executor->Notify();
    };
    for (auto& shard : shards_)
      RequestFlush(*shard, finish);
    env_.executor->WaitUntil([&] { return wait->num_left.load() == 0; });
    const MutexLock lock(wait->mutex);
    return wait->status;
  }

  Status Compact() override {
    STRIA_RETURN_IF_ERROR(Flush());
    const auto tables = catalog_.current()->Tables();
    std::map<TableId, Status> damaged;
    for (auto& shard : shards_) {
      std::map<TableId, Status> damaged_here;
      STRIA_RETURN_IF_ERROR(CompactTables(*shard, tables, kFullPolicy, damaged_here));
      damaged.merge(damaged_here);
    }
    return damaged.empty() ? Status::Ok() : damaged.begin()->second;
  }

  TableInfo DescribeTable(const TableSchema& table) const override {
    TableInfo info;
    info.schema = catalog_.current()->Find(table.id);
    if (info.schema == nullptr) info.schema = std::make_shared<TableSchema>(table);
    for (const auto& shard : shards_)
      shard->Describe(info);
    return info;
  }

  std::vector<PartInfo> Parts() const override {
    std::vector<PartInfo> parts;
    const auto catalog = catalog_.current();
    for (const auto& shard : shards_) {
      const auto version = shard->version();
      for (const auto& [id, table_parts] : version->tables) {
        const auto schema = catalog->Find(id);
        if (schema == nullptr) continue;
        for (const auto& part : table_parts->parts) {
          parts.push_back({.database = schema->database,
                           .table = schema->name,
                           .file = part.file,
                           .tier = part.level == 0 ? "hot" : "warm",
                           .shard = shard->number(),
                           .offset = part.offset,
                           .bytes = part.length,
                           .rows = part.num_rows,
                           .seq_min = part.seq_min,
                           .seq_max = part.seq_max,
                           .min_time = part.min_time,
                           .max_time = part.max_time});
        }
      }
    }
    std::ranges::sort(parts, {}, [](const PartInfo& part) {
      return std::tie(part.database, part.table, part.shard, part.seq_min, part.min_time);
    });
    return parts;
  }

  std::vector<ShardInfo> Shards() const override {
    std::vector<ShardInfo> infos;
    const auto num_shards = static_cast<uint32_t>(shards_.size());
    for (const auto& shard : shards_) {
      infos.push_back(shard->Info());
      for (uint32_t slot = 0; slot < kNumSlots; ++slot) {
        infos.back().slots += slot * num_shards / kNumSlots == shard->number() ? 1U : 0U;
      }
    }
    return infos;
  }

  EngineMetrics metrics() const override {
    EngineMetrics metrics;
    for (const auto& shard : shards_) {
      metrics.wal_syncs += shard->wal().num_syncs();
      metrics.wal_sync_ns += shard->wal().sync_ns();
      metrics.wal_bytes += shard->wal_bytes();
      metrics.memtable_bytes += shard->memtable_bytes();
      metrics.rows_recovered += shard->rows_recovered();
      metrics.read_only |= shard->wal().failed() || shard->manifest_failed();
    }
    metrics.flushes = num_flushes_.load(std::memory_order_relaxed);
    metrics.compactions = num_compactions_.load(std::memory_order_relaxed);
    metrics.cache_bytes = cache_.bytes();
    metrics.recovery_ns = recovery_ns_;
    metrics.read_only |= failed_.load(std::memory_order_relaxed);
    metrics.disk_full = disk_full_.load(std::memory_order_relaxed);
    return metrics;
  }

  void Close() override {
    closed_.store(true);
    {
      const MutexLock lock(gate_->mutex);
      gate_->closed = true;
    }
    // Everything posted holds a count; what is delayed finds the gate closed. A second call waits
    // too: a write that was let in before the first may have been posted after it. An executor that
    // went before the engine has run everything, and must not be touched.
    if (num_tasks_.load() == 0) return;
    env_.executor->WaitUntil([this] { return num_tasks_.load() == 0; });
  }

 private:
  using FlushDone = std::function<void(const Status&)>;

  // What delayed tasks, which may outlive the engine, look at before they touch it.
  struct Gate {
    Mutex mutex;
    bool closed STRIA_GUARDED_BY(mutex) = false;
  };

  // One shard's part of a group.
  struct ShardRecords {
    std::vector<std::vector<std::byte>> payloads;
    std::vector<NewSeries> series;  // That the first of them introduces.
  };

  // A table as housekeeping saw it last.
  struct WatchedTable {
    std::shared_ptr<const TableParts> parts;
    int64_t since_ns = 0;
    bool seen_busy = false, seen_idle = false;  // Was compacted by that policy since.
    Status damage = Status::Ok();  // Not ok: it cannot be compacted, because parts are damaged.
  };

  void Post(Lane lane, Task task) {
    num_tasks_.fetch_add(1);
    env_.executor->Post(lane, [this, task = std::move(task)] {
      task();
      Executor& executor = *env_.executor;  // The engine may be gone after the next line.
      num_tasks_.fetch_sub(1);
      executor.Notify();
    });
  }

  // On small disks the log and the reserve take their share, not their default.
  Status SizeByDisk() {
    STRIA_ASSIGN_OR_RETURN(const auto space, env_.files->Space(options_.directory));
    const uint64_t share = space.total_bytes / 64 / kMinSegmentBytes * kMinSegmentBytes;
    options_.wal_segment_bytes =
        std::min(options_.wal_segment_bytes, std::max(kMinSegmentBytes, share));
    options_.disk_reserve_bytes = std::min(options_.disk_reserve_bytes, space.total_bytes / 32);
    return Status::Ok();
  }

  Status Recover(const CatalogSnapshot& catalog) {
    for (auto& shard : shards_)
      STRIA_RETURN_IF_ERROR(shard->LoadManifest(catalog.lineage()));
    std::vector<std::vector<uint64_t>> void_seqs(shards_.size());
    if (shards_.size() > 1) {
      // A batch counts only if every shard it names has its record.
      std::vector<std::pair<uint64_t, std::vector<ShardSeq>>> batches;
      for (auto& shard : shards_)
        STRIA_RETURN_IF_ERROR(shard->ReadBatches(batches));
      for (const auto& [batch_id, places] : batches) {
        const bool whole = std::ranges::all_of(places, [&, id = batch_id](const ShardSeq& place) {
          return place.shard < shards_.size() && shards_[place.shard]->HoldsRecord(place.seq, id);
        });
        if (whole) continue;
        // Where the record is not held, its number has gone, or will go, to another record.
        for (const auto& place : places) {
          if (place.shard < shards_.size() &&
              shards_[place.shard]->HasLogRecord(place.seq, batch_id)) {
            void_seqs[place.shard].push_back(place.seq);
          }
        }
      }
    }
    for (size_t i = 0; i < shards_.size(); ++i) {
      auto& seqs = void_seqs[i];
      std::ranges::sort(seqs);
      seqs.erase(std::ranges::unique(seqs).begin(), seqs.end());
      STRIA_RETURN_IF_ERROR(shards_[i]->Recover(catalog, seqs));
    }
    return Status::Ok();
  }

  // Whether a write that need not be durable is answered before it is: not behind too many others.
  bool AnswerAhead(uint64_t num_rows) {
    const MutexLock lock(queue_mutex_);
    if (rows_ahead_ + num_rows > kMaxRowsAnsweredAhead) return false;
    rows_ahead_ += num_rows;
    return true;
  }

  // Why a write cannot be taken now.
  Status Refusal() {
    if (closed_.load()) return Unavailable("the server is stopping; send the request again later");
    if (failed_.load(std::memory_order_relaxed)) {
      return IoError(
          "the log or a manifest in {} failed, so no more writes are taken; reads go on. Check the "
          "disk and restart",
          options_.directory);
    }
    return Status::Ok();
  }

  Status CheckDisk() {
    const auto space = env_.files->Space(options_.directory);
    if (!space || space->free_bytes >= options_.disk_reserve_bytes) return Status::Ok();
    return DiskFull(
        "the disk is full: {} bytes are free below {}, less than the reserve of {}; free some "
        "space, and "
        "writes go on by themselves",
        space->free_bytes, options_.directory, options_.disk_reserve_bytes);
  }

  // Memory that only a flush can free, while flushes fail.
  Status CheckMemory() {
    const MutexLock lock(flush_status_mutex_);
    if (flush_status_.ok() || MemtableBytes() <= options_.memory_bytes) return Status::Ok();
    return flush_status_.WithContext("memory is full of rows that cannot be flushed");
  }

  // The log task: takes what waits, logs it as one group, applies it, answers; until nothing waits.
  void Pump() {
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
      for (auto& shard : shards_) {
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

  // Whether batches must wait for a flush: memory is full.
  bool Stalled() const {
    return num_flushing_.load() > 0 && MemtableBytes() > options_.memory_bytes;
  }

  uint64_t MemtableBytes() const {
    uint64_t bytes = 0;
    for (const auto& shard : shards_)
      bytes += shard->memtable_bytes();
    return bytes;
  }

  void Commit(std::vector<PendingBatch>& group) {
    Status status = LogGroup(group);
    next_batch_id_ += group.size();
    if (!status.ok()) {
      for (auto& batch : group) {
        if (batch.done == nullptr) {
          Report("a write that was answered before it was durable is lost", status);
          continue;
        }
        WriteResult result;
        result.status = status;
        batch.done(std::move(result));
      }
      return;
    }
    for (auto& batch : group) {
      if (batch.done != nullptr) batch.done(std::move(batch.bound.result));
    }
  }

  // Makes the group durable and visible.
  Status LogGroup(std::vector<PendingBatch>& group) {
    STRIA_RETURN_IF_ERROR(failed_.load() ? Refusal() : Status::Ok());
    Status disk = CheckDisk();
    disk_full_.store(!disk.ok(), std::memory_order_relaxed);
    STRIA_RETURN_IF_ERROR(disk);
    STRIA_RETURN_IF_ERROR(CheckMemory());

    // Sequence numbers first: every record of a batch names the others.
    std::vector<uint64_t> next_seq;
    for (auto& shard : shards_)
      next_seq.push_back(shard->next_seq());
    std::vector<std::vector<ShardSeq>> places(group.size());
    for (size_t i = 0; i < group.size(); ++i) {
      for (uint32_t s = 0; s < shards_.size(); ++s) {
        if (group[i].bound.shards[s].empty()) continue;
        places[i].push_back({s, next_seq[s]++});
        shards_[s]->ResolveSeries(group[i].bound.shards[s]);
      }
    }
    std::vector<ShardRecords> records;
    for (uint32_t s = 0; s < shards_.size(); ++s)
      records.push_back(EncodeRecords(s, group, places));
    STRIA_RETURN_IF_ERROR(AppendRecords(records));
    KillPoint("wal.apply");
    const int64_t now_ns = env_.clock->MonotonicNs();
    for (size_t i = 0; i < group.size(); ++i) {
      for (const auto& [s, seq] : places[i])
        shards_[s]->Apply(group[i].bound.shards[s], seq, now_ns);
    }
    const std::unique_lock lock(publish_mutex_);
    for (auto& shard : shards_)
      shard->Publish();
    return Status::Ok();
  }

  ShardRecords EncodeRecords(uint32_t s, const std::vector<PendingBatch>& group,
                             const std::vector<std::vector<ShardSeq>>& places) {
    ShardRecords records;
    for (size_t i = 0; i < group.size(); ++i) {
      const auto& tables = group[i].bound.shards[s];
      if (tables.empty()) continue;
      RowsRecord record;
      record.batch_id = next_batch_id_ + i;
      if (places[i].size() > 1) record.shards = places[i];
      const bool is_first = records.payloads.empty();
      if (is_first) record.series = shards_[s]->TakeUnloggedSeries();
      std::vector<const TableRows*> rows;
      for (const auto& table : tables)
        rows.push_back(&table.rows);
      EncodeRowsRecord(record, rows, records.payloads.emplace_back());
      if (is_first) records.series = std::move(record.series);
    }
    return records;
  }

  // Writes the records of every shard. First each log makes room, so that a full disk is found
  // while nothing is written: a batch that some shards have and others have not is void, but only a
  // restart says so.
  Status AppendRecords(std::vector<ShardRecords>& records) {
    Status status;
    for (size_t s = 0; s < records.size() && status.ok(); ++s)
      status = shards_[s]->ReserveLog(records[s].payloads);
    size_t num_logged = 0;
    for (; num_logged < records.size() && status.ok(); ++num_logged) {
      status = shards_[num_logged]->AppendToLog(records[num_logged].payloads);
      if (!status.ok()) break;
      shards_[num_logged]->SeriesLogged(std::move(records[num_logged].series));
    }
    if (status.ok()) return status;
    for (size_t s = num_logged; s < records.size(); ++s)
      shards_[s]->ReturnUnloggedSeries(std::move(records[s].series));
    if (status.code() == StatusCode::kDiskFull) {
      disk_full_.store(true, std::memory_order_relaxed);
    } else {
      failed_.store(true);
      Report("the log failed, no more writes are taken", status);
    }
    return status;
  }

  void RequestFlush(Shard& shard, FlushDone done) {
    {
      const MutexLock lock(queue_mutex_);
      flush_requests_.emplace_back(&shard, std::move(done));
      if (pumping_) return;
      pumping_ = true;
    }
    Post(Lane::kLog, [this] { Pump(); });
  }

  // On the log task: takes the memtables that are due, or all of them when `asked`, and flushes
  // them in the background. While a flush is under way, one that was asked for waits for it.
  void StartFlush(Shard& shard, FlushDone asked) {
    if (shard.manifest_failed()) {
      failed_.store(true);
      if (asked != nullptr) asked(Refusal());
      return;
    }
    const int64_t now_ns = env_.clock->MonotonicNs();
    const bool log_full = shard.wal_bytes() > options_.wal_bytes;
    const bool memory_full = shard.memtable_bytes() > options_.memory_bytes / 2 / shards_.size();
    const uint64_t old_seq = OldHalf(shard);
    const auto due = [&](const Memtable& memtable) {
      return asked != nullptr || memory_full || memtable.bytes() > options_.memtable_bytes ||
             (log_full && memtable.first_seq() < old_seq) ||
             now_ns - memtable.oldest_append_ns() > options_.flush_after_ns;
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
    Post(Lane::kBackground, [this, &shard, shared, asked = std::move(asked)] {
      const Status status = shard.RunFlush(*shared, *catalog_.current());
      *shared = {};
      if (status.ok()) num_flushes_.fetch_add(1, std::memory_order_relaxed);
      Report("rows stay in memory and in the log, and are flushed later", status);
      {
        const MutexLock lock(flush_status_mutex_);
        flush_status_ = status;
      }
      num_flushing_.fetch_sub(1);
      if (asked != nullptr) asked(status);
      Post(Lane::kLog, [this, &shard] { FlushEnded(shard); });
    });
  }

  // On the log task.
  void FlushEnded(Shard& shard) {
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

  // The middle of the sequence numbers that the log holds.
  static uint64_t OldHalf(const Shard& shard) {
    const uint64_t low = shard.version()->wal_low;
    return low + (shard.next_seq() - low) / 2 + 1;
  }

  Status CompactTables(Shard& shard, std::span<const TableSchemaPtr> tables,
                       const CompactionPolicy& policy, std::map<TableId, Status>& damaged) {
    while (!closed_.load()) {
      STRIA_ASSIGN_OR_RETURN(const size_t num_done, shard.Compact(tables, policy, damaged));
      if (num_done == 0) break;
      num_compactions_.fetch_add(num_done, std::memory_order_relaxed);
    }
    return Status::Ok();
  }

  void ScheduleHousekeeping() {
    env_.executor->PostAfter(Lane::kBackground, kHousekeepingNs, [this, gate = gate_] {
      {
        const MutexLock lock(gate->mutex);
        if (gate->closed) return;
        num_tasks_.fetch_add(1);
      }
      Housekeep();
      ScheduleHousekeeping();
      Executor& executor = *env_.executor;  // The engine may be gone after the next line.
      num_tasks_.fetch_sub(1);
      executor.Notify();
    });
  }

  // Every second: log segments ahead, memtables that are old, parts that have become many.
  void Housekeep() {
    const Status disk = CheckDisk();
    if (disk.ok()) disk_full_.store(false, std::memory_order_relaxed);
    {
      const MutexLock lock(queue_mutex_);
      if (!pumping_) {
        pumping_ = true;
        Post(Lane::kLog, [this] {
          for (auto& shard : shards_)
            StartFlush(*shard, nullptr);
          Pump();
        });
      }
    }
    for (auto& shard : shards_) {
      // Space that is short is for what must be written.
      if (disk.ok()) Report("the next log segment is made when it is needed", shard->PrepareLog());
      shard->SortMemtables();
      Report("parts stay as they are", CompactDue(*shard));
      shard->CollectGarbage();
    }
  }

  // Compacts the tables that have new parts, and those that have had none for a while.
  Status CompactDue(Shard& shard) {
    if (shard.manifest_failed()) return Refusal();
    const int64_t now_ns = env_.clock->MonotonicNs();
    const auto catalog = catalog_.current();
    auto& watched = watched_[shard.number()];
    std::vector<TableSchemaPtr> busy, idle;
    std::map<TableId, Status> damaged;
    for (const auto version = shard.version(); const auto& [id, parts] : version->tables) {
      WatchedTable& table = watched[id];
      if (table.parts != parts) table = {.parts = parts, .since_ns = now_ns};
      const auto schema = catalog->Find(id);
      if (schema == nullptr || parts->parts.size() < 2) continue;
      if (!table.damage.ok()) {
        damaged.emplace(id, table.damage);
        continue;
      }
      if (!table.seen_busy) busy.push_back(schema);
      // Half of the time to wait, half to do it in.
      if (!table.seen_idle && now_ns - table.since_ns >= options_.compact_after_ns / 2) {
        idle.push_back(schema);
      }
    }
    // Marked when it has succeeded; a failure is tried again at the next turn.
    STRIA_RETURN_IF_ERROR(CompactTables(shard, busy, kBusyPolicy, damaged));
    for (const auto& schema : busy)
      watched[schema->id].seen_busy = true;
    STRIA_RETURN_IF_ERROR(CompactTables(shard, idle, kIdlePolicy, damaged));
    for (const auto& schema : idle)
      watched[schema->id].seen_idle = true;
    for (const auto& [id, status] : damaged)
      watched[id].damage = status;
    return damaged.empty() ? Status::Ok() : damaged.begin()->second;
  }

  // Logs what failed in the background, once for each new kind of reason, and that it works again.
  void Report(const char* consequence, const Status& status) {
    const MutexLock lock(report_mutex_);
    StatusCode& last = reports_[consequence];
    if (status.code() == last) return;
    last = status.code();
    if (status.ok()) {
      stria::Log(LogLevel::kInfo, "works again", {{"after", consequence}});
    } else {
      stria::Log(LogLevel::kError, consequence, {{"reason", status.ToString()}});
    }
  }

  EngineOptions options_;
  const Env env_;
  std::unique_ptr<DirectoryLock> lock_;
  BlockCache cache_;
  // Of the log task. Random at the start, so that no two processes give the same.
  uint64_t next_batch_id_;
  Catalog catalog_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::shared_mutex publish_mutex_;

  Mutex queue_mutex_;
  std::deque<PendingBatch> queue_ STRIA_GUARDED_BY(queue_mutex_);
  std::vector<std::pair<Shard*, FlushDone>> flush_requests_ STRIA_GUARDED_BY(queue_mutex_);
  uint64_t rows_ahead_ STRIA_GUARDED_BY(queue_mutex_) = 0;  // In queue_, and answered.
  bool pumping_ STRIA_GUARDED_BY(queue_mutex_) = false;

  // Of the log task.
  std::vector<std::pair<Shard*, FlushDone>> waiting_flushes_;

  // Of housekeeping, by shard.
  std::unordered_map<uint32_t, std::unordered_map<TableId, WatchedTable>> watched_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();

  Mutex flush_status_mutex_;
  Status flush_status_ STRIA_GUARDED_BY(flush_status_mutex_);  // Of the last flush that ended.
  Mutex report_mutex_;
  std::map<std::string, StatusCode> reports_ STRIA_GUARDED_BY(report_mutex_);
  std::atomic<bool> closed_ = false;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> disk_full_ = false;
  std::atomic<int64_t> num_tasks_ = 0;
  std::atomic<int64_t> num_flushing_ = 0;
  std::atomic<uint64_t> num_flushes_ = 0;  // Counters.
  std::atomic<uint64_t> num_compactions_ = 0;
  int64_t recovery_ns_ = 0;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options, const Env& env) {
  auto engine = std::make_unique<EngineImpl>(options, env);
  if (Status status = engine->Open(); !status.ok()) return status;
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace stria::storage
