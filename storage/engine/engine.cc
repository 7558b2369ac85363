// The engine: opens shards, runs the log task, schedules flush and compaction, and hands out scans.

#include "storage/engine/engine.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <utility>

#include "storage/base/errors.h"
#include "storage/base/mutex.h"
#include "storage/engine/bind_rows.h"
#include "storage/engine/compactor.h"
#include "storage/engine/engine_core.h"
#include "storage/engine/housekeeping.h"
#include "storage/engine/log_task.h"
#include "storage/engine/shard.h"
#include "storage/engine/table_scan.h"

namespace stria::storage {
namespace {

constexpr uint64_t kMinSegmentBytes = 1 << 20;

class EngineImpl final : public Engine {
 public:
  EngineImpl(const EngineOptions& options, const Env& env)
      : core_(options, env), log_task_(core_), housekeeping_(core_, log_task_), compactor_(core_) {}

  ~EngineImpl() override { Close(); }

  Status Open() {
    const int64_t begin_ns = core_.env.clock->MonotonicNs();
    STRIA_RETURN_IF_ERROR(core_.env.files->CreateDirectories(core_.options.directory));
    STRIA_ASSIGN_OR_RETURN(lock_, core_.env.files->Lock(core_.options.directory + "/lock"));
    STRIA_RETURN_IF_ERROR(ProbeCommit(*core_.env.files, core_.options.directory));
    STRIA_RETURN_IF_ERROR(SizeByDisk());
    STRIA_RETURN_IF_ERROR(core_.catalog.Open(core_.options.num_shards,
                                             {core_.env.random->Next(), core_.env.random->Next()}));
    const auto catalog = core_.catalog.current();
    if (catalog->num_shards() != core_.options.num_shards && core_.options.num_shards != 0) {
      return InvalidArgument(
          "data directory {} has {} shards, not {}; the number is fixed at the first start. Start "
          "without --shards, or with --shards {}, or load the data into a new directory",
          core_.options.directory, catalog->num_shards(), core_.options.num_shards,
          catalog->num_shards());
    }
    for (uint32_t i = 0; i < catalog->num_shards(); ++i) {
      core_.shards.push_back(std::make_unique<Shard>(i, core_.options, core_.env, core_.cache,
                                                     core_.part_files, core_.health));
    }
    STRIA_RETURN_IF_ERROR(Recover(*catalog));
    core_.memory.SetSeries(core_.SeriesBytes());
    core_.memory.SetRows(core_.MemtableBytes());
    recovery_ns_ = core_.env.clock->MonotonicNs() - begin_ns;
    housekeeping_.Start();
    compactor_.Start();
    return Status::Ok();
  }

  void Submit(WriteRequest request, WriteCallback done) override {
    if (Status refusal = core_.Refusal(); !refusal.ok()) {
      WriteResult result;
      result.status = std::move(refusal);
      done(std::move(result));
      return;
    }
    BoundBatch bound = BindRows(
        request, core_.catalog, core_.options,
        {.find = [this](const TableSchema& table, RowBatch& batch) { FindSeries(table, batch); },
         .count = [this](TableId table) { return CountSeries(table); },
         .largest_tag = [this](TableId table) { return LargestTag(table); },
         .room = [this] { return core_.memory.RoomForSeries(); }});
    log_task_.Submit(std::move(bound), request.sync, std::move(done));
  }

  KnownSeries SeriesOf(std::string_view database) const override {
    return core_.series_texts.Read(database, core_.catalog.current());
  }

  WriteResult Write(WriteRequest request) override {
    return Wait([&](WriteCallback done) { Submit(std::move(request), std::move(done)); });
  }

  Status Delete(const DeleteRequest& request) override {
    if (request.time.empty()) return Status::Ok();
    STRIA_RETURN_IF_ERROR(core_.Refusal());
    Tombstone tombstone{
        .seq = 0, .table = request.table->id, .time = request.time, .tags = request.tags};
    return Wait([&](WriteCallback done) {
             log_task_.SubmitDelete(std::move(tombstone), std::move(done));
           })
        .status;
  }

  Status DropTable(std::string_view database, std::string_view table) override {
    return Changed(core_.catalog.DropTable(database, table));
  }
  Status DropDatabase(std::string_view name) override {
    return Changed(core_.catalog.DropDatabase(name));
  }
  Status DropColumn(std::string_view database, std::string_view table,
                    std::string_view column) override {
    return Changed(core_.catalog.DropColumn(database, table, column));
  }

  Status CreateTable(const NewTable& table) override {
    STRIA_RETURN_IF_ERROR(core_.Refusal());
    return Changed(
        core_.catalog.CreateTable(table, core_.options.partition_ns, core_.options.max_columns));
  }
  Status SetOptions(std::string_view database, std::string_view table,
                    const TableOptionsChange& options) override {
    STRIA_RETURN_IF_ERROR(core_.Refusal());
    return Changed(core_.catalog.SetOptions(database, table, options, core_.options.partition_ns));
  }

  Status CreateDatabase(std::string_view name) override {
    if (core_.catalog.current()->HasDatabase(name)) return Status::Ok();
    return core_.catalog.Commit({.databases = {std::string(name)}, .tables = {}},
                                core_.options.max_columns);
  }
  bool HasDatabase(std::string_view name) const override {
    return core_.catalog.current()->HasDatabase(name);
  }
  std::vector<std::string> Databases() const override {
    std::vector<std::string> names;
    for (const auto catalog = core_.catalog.current(); const auto& database : catalog->databases())
      names.push_back(database.name);
    return names;
  }
  TableSchemaPtr FindTable(std::string_view database, std::string_view table) const override {
    return core_.catalog.current()->Find(database, table);
  }
  std::vector<TableSchemaPtr> Tables(std::string_view database) const override {
    return core_.catalog.current()->Tables(database);
  }

  Result<std::unique_ptr<Scan>> OpenScan(const ScanRequest& request) override {
    std::vector<ScanShard> shards;
    {
      // A batch over several shards is seen in all of them or in none.
      const std::shared_lock lock(core_.publish_mutex);
      for (auto& shard : core_.shards)
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
    wait->num_left = core_.shards.size();
    const auto finish = [this, wait](const Status& status) {
      {
        const MutexLock lock(wait->mutex);
        if (wait->status.ok()) wait->status = status;
      }
      wait->num_left.fetch_sub(1);
      core_.env.executor->Notify();
    };
    for (auto& shard : core_.shards)
      log_task_.RequestFlush(*shard, finish);
    core_.env.executor->WaitUntil([&] { return wait->num_left.load() == 0; });
    const MutexLock lock(wait->mutex);
    return wait->status;
  }

  Status Compact() override {
    STRIA_RETURN_IF_ERROR(Flush());
    return compactor_.CompactAll();
  }

  TableInfo DescribeTable(const TableSchema& table) const override {
    TableInfo info;
    info.schema = core_.catalog.current()->Find(table.id);
    if (info.schema == nullptr) info.schema = std::make_shared<TableSchema>(table);
    for (const auto& shard : core_.shards)
      shard->Describe(info);
    const TableLimits limits = LimitsOf(info.schema.get(), core_.options);
    info.max_series = limits.max_series;
    info.max_columns = limits.max_columns;
    return info;
  }

  std::vector<PartInfo> Parts() const override {
    std::vector<PartInfo> parts;
    const auto catalog = core_.catalog.current();
    for (const auto& shard : core_.shards) {
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
    const auto num_shards = static_cast<uint32_t>(core_.shards.size());
    for (const auto& shard : core_.shards) {
      infos.push_back(shard->Info());
      for (uint32_t slot = 0; slot < kNumSlots; ++slot) {
        infos.back().slots += slot * num_shards / kNumSlots == shard->number() ? 1U : 0U;
      }
    }
    return infos;
  }

  std::vector<HealthEntry> HealthEntries() const override { return core_.health.Entries(); }

  EngineMetrics metrics() const override {
    EngineMetrics metrics;
    for (const auto& shard : core_.shards) {
      metrics.wal_syncs += shard->wal().num_syncs();
      metrics.wal_sync_ns += shard->wal().sync_ns();
      metrics.wal_bytes += shard->wal_bytes();
      metrics.wal_bytes_written += shard->wal().bytes_written();
      metrics.memtable_bytes += shard->memtable_bytes();
      metrics.rows_recovered += shard->rows_recovered();
      metrics.read_only |= shard->wal().failed() || shard->manifest_failed();
    }
    metrics.flushes = core_.num_flushes.load(std::memory_order_relaxed);
    metrics.compactions = core_.num_compactions.load(std::memory_order_relaxed);
    metrics.cache_bytes = core_.cache.bytes();
    metrics.series_bytes = core_.SeriesBytes();
    metrics.recovery_ns = recovery_ns_;
    metrics.read_only |= core_.failed.load(std::memory_order_relaxed);
    metrics.disk_full = core_.disk_full.load(std::memory_order_relaxed);
    return metrics;
  }

  void Close() override { core_.Close(); }

 private:
  // A change that has failed may be there at the next start: a drop would take what is written to
  // the table until then.
  Status Changed(Status status) {
    if (status.code() == StatusCode::kIoError) core_.failed.store(true);
    return status;
  }

  // Gives `send` a callback, and waits until it was called.
  template <typename Send>
  WriteResult Wait(const Send& send) {
    const auto answer = std::make_shared<std::pair<std::atomic<bool>, WriteResult>>();
    send([this, answer](WriteResult result) {
      answer->second = std::move(result);
      answer->first.store(true, std::memory_order_release);  // Pairs with the wait below.
      core_.env.executor->Notify();
    });
    core_.env.executor->WaitUntil([&] { return answer->first.load(std::memory_order_acquire); });
    return std::move(answer->second);
  }

  // Gives the series that are in the index their ids, and lets decoders know them.
  void FindSeries(const TableSchema& table, RowBatch& batch) {
    const auto num_shards = static_cast<uint32_t>(core_.shards.size());
    std::vector<std::vector<BatchSeries*>> by_shard(num_shards);
    for (auto& series : batch.series) {
      if (!series.is_known())
        by_shard[ShardOf(table.id, series.key, num_shards)].push_back(&series);
    }
    std::vector<SeriesText> found;
    for (uint32_t shard = 0; shard < num_shards; ++shard) {
      if (by_shard[shard].empty()) continue;
      core_.shards[shard]->FindSeries(table.id, by_shard[shard]);
      for (const BatchSeries* series : by_shard[shard]) {
        if (!series->is_known()) continue;
        batch.known_table = table.id;
        if (!series->text.empty()) {
          found.push_back({.text = series->text,
                           .hash = series->text_hash,
                           .place = {table.id, series->shard, SeriesId(series->id)}});
        }
      }
    }
    core_.series_texts.Add(found);
  }

  uint64_t CountSeries(TableId table) const {
    uint64_t num_series = 0;
    for (const auto& shard : core_.shards) {
      const auto index = shard->SeriesOf(table);
      num_series += index == nullptr ? 0 : index->num_series();
    }
    return num_series;
  }

  // The shard that has the most values of a tag says which.
  std::optional<TagCount> LargestTag(TableId table) const {
    std::optional<TagCount> largest;
    for (const auto& shard : core_.shards) {
      const auto index = shard->SeriesOf(table);
      auto tag = index == nullptr ? std::nullopt : index->LargestTag();
      if (tag && (!largest || tag->num_values > largest->num_values)) largest = std::move(tag);
    }
    return largest;
  }

  // On small disks the log and the reserve take their share, not their default.
  Status SizeByDisk() {
    STRIA_ASSIGN_OR_RETURN(const auto space, core_.env.files->Space(core_.options.directory));
    const uint64_t share = space.total_bytes / 64 / kMinSegmentBytes * kMinSegmentBytes;
    core_.options.wal_segment_bytes =
        std::min(core_.options.wal_segment_bytes, std::max(kMinSegmentBytes, share));
    core_.options.disk_reserve_bytes =
        std::min(core_.options.disk_reserve_bytes, space.total_bytes / 32);
    return Status::Ok();
  }

  Status Recover(const CatalogSnapshot& catalog) {
    for (auto& shard : core_.shards)
      STRIA_RETURN_IF_ERROR(shard->LoadManifest(catalog.lineage()));
    std::vector<std::vector<uint64_t>> void_seqs(core_.shards.size());
    if (core_.shards.size() > 1) {
      // A batch counts only if every shard it names has its record.
      std::vector<std::pair<uint64_t, std::vector<ShardSeq>>> batches;
      for (auto& shard : core_.shards)
        STRIA_RETURN_IF_ERROR(shard->ReadBatches(batches));
      for (const auto& [batch_id, places] : batches) {
        const bool whole = std::ranges::all_of(places, [&, id = batch_id](const ShardSeq& place) {
          return place.shard < core_.shards.size() &&
                 core_.shards[place.shard]->HoldsRecord(place.seq, id);
        });
        if (whole) continue;
        // Where the record is not held, its number has gone, or will go, to another record.
        for (const auto& place : places) {
          if (place.shard < core_.shards.size() &&
              core_.shards[place.shard]->HasLogRecord(place.seq, batch_id)) {
            void_seqs[place.shard].push_back(place.seq);
          }
        }
      }
    }
    for (size_t i = 0; i < core_.shards.size(); ++i) {
      auto& seqs = void_seqs[i];
      std::ranges::sort(seqs);
      seqs.erase(std::ranges::unique(seqs).begin(), seqs.end());
      STRIA_RETURN_IF_ERROR(core_.shards[i]->Recover(catalog, seqs));
    }
    return Status::Ok();
  }

  EngineCore core_;
  std::unique_ptr<DirectoryLock> lock_;
  LogTask log_task_;
  Housekeeping housekeeping_;
  Compactor compactor_;
  int64_t recovery_ns_ = 0;
};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Open(const EngineOptions& options, const Env& env) {
  auto engine = std::make_unique<EngineImpl>(options, env);
  if (Status status = engine->Open(); !status.ok()) return status;
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace stria::storage
