#include "storage/engine/shard.h"

#include <algorithm>
#include <mutex>
#include <set>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/compaction/compaction_job.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/flush/flush_job.h"
#include "storage/series/series_file.h"

namespace stria::storage {
namespace {

// Parts that one compaction puts together into one file before it commits them: a guess between the
// work that a crash loses and the number of commits.
constexpr uint64_t kMaxCompactionFileBytes = 64 << 20;

}  // namespace

std::string Shard::Directory(const char* name) const {
  return fmt::format("{}/shard/{}/{}", options_.directory, number_, name);
}

Shard::Shard(uint32_t number, const EngineOptions& options, const Env& env, BlockCache& cache)
    : number_(number),
      options_(options),
      env_(env),
      parts_(*env.files, fmt::format("{}/shard/{}/part", options.directory, number), cache),
      versions_(*env.files, fmt::format("{}/shard/{}/manifest", options.directory, number)) {}

Status Shard::LoadManifest(Lineage lineage) {
  lineage_ = lineage;
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("part")));
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("series")));
  STRIA_RETURN_IF_ERROR(versions_.Open());
  version_ = versions_.current();
  STRIA_RETURN_IF_ERROR(RemoveOrphans());
  for (const auto& name : version_->series_files) {
    const std::string path = Directory("series") + "/" + name;
    STRIA_ASSIGN_OR_RETURN(const auto bytes, ReadFile(*env_.files, path));
    const auto series = DecodeSeriesFile(bytes);
    if (!series) return series.error().WithContext(path);
    for (const auto& one : *series) {
      STRIA_RETURN_IF_ERROR(
          FindOrAddTable(one.table).series->Restore(one.id, one.key).WithContext(path));
    }
  }
  return Status::Ok();
}

Status Shard::RemoveOrphans() {
  std::set<std::string> named(version_->series_files.begin(), version_->series_files.end());
  for (const auto& [table, table_parts] : version_->tables) {
    for (const auto& part : table_parts->parts)
      named.insert(part.file);
  }
  for (const char* directory : {"part", "series"}) {
    STRIA_ASSIGN_OR_RETURN(const auto names, env_.files->List(Directory(directory)));
    for (const auto& name : names) {
      if (!named.contains(name)) {
        static_cast<void>(env_.files->Remove(Directory(directory) + "/" + name));
      }
    }
  }
  return Status::Ok();
}

Status Shard::ReadBatches(std::vector<std::pair<uint64_t, std::vector<ShardSeq>>>& batches) {
  const auto visit = [&](const WalFrame& frame) -> Status {
    STRIA_ASSIGN_OR_RETURN(auto record, DecodeRowsRecord(frame.payload));
    batch_of_seq_.emplace(frame.seq, record.batch_id);
    if (record.shards.size() > 1) batches.emplace_back(record.batch_id, std::move(record.shards));
    return Status::Ok();
  };
  const auto recovery = RecoverWal(*env_.files, Directory("wal"), number_, version_->accepted_seqs,
                                   version_->wal_low, visit);
  return recovery ? Status::Ok() : recovery.error();
}

bool Shard::HoldsRecord(uint64_t seq, uint64_t batch_id) const {
  return seq < version_->wal_low || HasLogRecord(seq, batch_id);
}

bool Shard::HasLogRecord(uint64_t seq, uint64_t batch_id) const {
  const auto found = batch_of_seq_.find(seq);
  return found != batch_of_seq_.end() && found->second == batch_id;
}

Status Shard::ReplayRecord(const WalFrame& frame, const CatalogSnapshot& catalog, bool is_void) {
  KillPoint("recovery.replay");
  if (frame.type != WalRecordType::kRows) {
    return Corruption("record {} is of type {}, which this version does not know", frame.seq,
                      static_cast<int>(frame.type));
  }
  STRIA_ASSIGN_OR_RETURN(const auto record, DecodeRowsRecord(frame.payload));
  // Series count even where the rows do not: later records may use their ids.
  for (const auto& one : record.series) {
    STRIA_RETURN_IF_ERROR(FindOrAddTable(one.table).series->Restore(one.id, one.key));
    series_since_flush_.push_back(one);
  }
  if (is_void) return Status::Ok();
  for (const auto& rows : record.tables) {
    if (catalog.Find(rows.table) == nullptr) {
      if (rows.table.value() < catalog.next_table_id()) continue;  // Dropped since.
      return Corruption("record {} has rows of table {}, which the catalog never knew", frame.seq,
                        rows.table.value());
    }
    if (frame.seq <= version_->PartsOf(rows.table).flushed_seq) continue;
    Table& table = FindOrAddTable(rows.table);
    const uint32_t num_series = table.series->num_series();
    if (std::ranges::any_of(rows.series, [&](uint32_t id) { return id >= num_series; })) {
      return Corruption("record {} has rows of a series that no record introduced", frame.seq);
    }
    if (table.active == nullptr) table.active = std::make_shared<Memtable>(rows.table);
    table.active->Append(rows, frame.seq, env_.clock->MonotonicNs());
    rows_recovered_ += rows.num_rows();
  }
  return Status::Ok();
}

Status Shard::Recover(const CatalogSnapshot& catalog, const std::vector<uint64_t>& void_seqs) {
  std::set<uint64_t> is_void(version_->void_seqs);
  is_void.insert(void_seqs.begin(), void_seqs.end());
  const auto visit = [&](const WalFrame& frame) {
    return ReplayRecord(frame, catalog, is_void.contains(frame.seq))
        .WithContext(fmt::format("shard {}", number_));
  };
  STRIA_ASSIGN_OR_RETURN(const auto recovery,
                         RecoverWal(*env_.files, Directory("wal"), number_, version_->accepted_seqs,
                                    version_->wal_low, visit));
  batch_of_seq_.clear();
  for (auto& [id, table] : tables_) {
    if (table->active != nullptr) table->active->Publish();
  }
  KillPoint("recovery.commit");
  VersionEdit edit;
  edit.start = EpochStart{.epoch = version_->epoch + 1,
                          .owner = env_.random->Next(),
                          .accepted_seq = recovery.last_seq,
                          .void_seqs = void_seqs};
  STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
  version_ = versions_.current();
  wal_ = std::make_unique<WalWriter>(*env_.files, *env_.clock, *env_.random,
                                     WalWriterOptions{.directory = Directory("wal"),
                                                      .shard = number_,
                                                      .epoch = version_->epoch,
                                                      .segment_bytes = options_.wal_segment_bytes,
                                                      .next_segment = recovery.next_segment,
                                                      .next_seq = recovery.last_seq + 1},
                                     recovery.segments);
  applied_end_ = wal_->next_seq();
  wal_->Recycle(version_->wal_low);
  return Status::Ok();
}

Shard::Table& Shard::FindOrAddTable(TableId id) {
  {
    const std::shared_lock lock(state_mutex_);
    const auto found = tables_.find(id);
    if (found != tables_.end()) return *found->second;
  }
  const std::unique_lock lock(state_mutex_);
  auto& table = tables_[id];
  if (table == nullptr) table = std::make_unique<Table>();
  return *table;
}

std::shared_ptr<TableSeriesIndex> Shard::SeriesOf(TableId id) const {
  const std::shared_lock lock(state_mutex_);
  const auto found = tables_.find(id);
  return found == tables_.end() ? nullptr : found->second->series;
}

void Shard::ResolveSeries(std::span<BoundTable> tables) {
  for (auto& bound : tables) {
    Table& table = FindOrAddTable(bound.schema->id);
    std::vector<uint32_t> ids;
    ids.reserve(bound.series.size());
    for (auto& key : bound.series) {
      bool added = false;
      const SeriesId id = table.series->FindOrAdd(key, added);
      ids.push_back(id.value());
      if (added) unlogged_series_.push_back({bound.schema->id, id, std::move(key)});
    }
    for (auto& series : bound.rows.series)
      series = ids[series];
  }
}

std::vector<NewSeries> Shard::TakeUnloggedSeries() {
  return std::exchange(unlogged_series_, {});
}

void Shard::SeriesLogged(std::vector<NewSeries> series) {
  std::ranges::move(series, std::back_inserter(series_since_flush_));
}

void Shard::ReturnUnloggedSeries(std::vector<NewSeries> series) {
  series.insert(series.end(), unlogged_series_.begin(), unlogged_series_.end());
  unlogged_series_ = std::move(series);
}

namespace {

std::vector<WalRecord> RowsRecords(std::span<const std::vector<std::byte>> payloads) {
  std::vector<WalRecord> records;
  for (const auto& payload : payloads)
    records.push_back({WalRecordType::kRows, payload});
  return records;
}

}  // namespace

Status Shard::ReserveLog(std::span<const std::vector<std::byte>> payloads) {
  return payloads.empty() ? Status::Ok() : wal_->Reserve(RowsRecords(payloads));
}

Status Shard::AppendToLog(std::span<const std::vector<std::byte>> payloads) {
  if (payloads.empty()) return Status::Ok();
  const auto first_seq = wal_->AppendGroup(RowsRecords(payloads));
  return first_seq ? Status::Ok() : first_seq.error();
}

void Shard::Apply(std::span<const BoundTable> tables, uint64_t seq, int64_t now_ns) {
  for (const auto& bound : tables) {
    Table& table = FindOrAddTable(bound.schema->id);
    if (table.active == nullptr) {
      auto memtable = std::make_shared<Memtable>(bound.schema->id);
      const std::unique_lock lock(state_mutex_);
      table.active = std::move(memtable);
    }
    table.active->Append(bound.rows, seq, now_ns);
    if (!table.has_unpublished) {
      table.has_unpublished = true;
      unpublished_.push_back(&table);
    }
  }
}

void Shard::Publish() {
  for (Table* table : unpublished_) {
    table->active->Publish();
    table->has_unpublished = false;
  }
  unpublished_.clear();
  applied_end_ = wal_->next_seq();
}

std::optional<FlushTask> Shard::BeginFlush(const std::function<bool(const Memtable&)>& due,
                                           bool& is_under_way) {
  FlushTask task;
  const std::unique_lock lock(state_mutex_);
  is_under_way = flushing_;
  if (flushing_) return std::nullopt;
  if (failed_flush_.has_value()) {
    task = std::move(*failed_flush_);
    failed_flush_.reset();
  }
  task.wal_low = applied_end_;
  for (auto& [id, table] : tables_) {
    if (table->active == nullptr || table->active->num_rows() == 0) continue;
    if (!due(*table->active)) {
      task.wal_low = std::min(task.wal_low, table->active->first_seq());
      continue;
    }
    task.memtables.push_back(table->active);
    table->frozen.push_back(std::move(table->active));
    table->active = nullptr;
  }
  if (task.memtables.empty()) return std::nullopt;
  flushing_ = true;
  task.series.insert(task.series.end(), series_since_flush_.begin(), series_since_flush_.end());
  series_since_flush_.clear();
  return task;
}

std::string Shard::NewFileName(const char* suffix) {
  return fmt::format("{:016x}{:016x}{}", env_.random->Next(), env_.random->Next(), suffix);
}

Result<std::string> Shard::WriteSeriesFile(const std::vector<NewSeries>& series) {
  const std::string name = NewFileName(".series");
  STRIA_RETURN_IF_ERROR(
      CreateIfAbsent(*env_.files, Directory("series") + "/" + name, EncodeSeriesFile(series)));
  return name;
}

Status Shard::CommitFlush(FlushTask& task, const CatalogSnapshot& catalog, VersionEdit& edit,
                          const std::string& part_file) {
  PartFileWriter writer(*env_.files, parts_.directory(), part_file);
  for (const auto& memtable : task.memtables) {
    const auto schema = catalog.Find(memtable->table());
    edit.flushed_seqs.emplace_back(memtable->table(), memtable->last_seq());
    if (schema == nullptr) continue;  // Dropped: its rows go with it.
    const auto series = SeriesOf(memtable->table());
    const FlushInput input{.memtable = memtable,
                           .schema = schema,
                           .key_of = [&series](SeriesId id) { return series->KeyOf(id); },
                           .ranks = series->Ranks()};
    STRIA_ASSIGN_OR_RETURN(const auto parts, FlushMemtable(input, lineage_, writer));
    edit.added.insert(edit.added.end(), parts.begin(), parts.end());
  }
  if (!edit.added.empty()) STRIA_RETURN_IF_ERROR(writer.Commit());
  if (!task.series.empty()) {
    STRIA_ASSIGN_OR_RETURN(auto name, WriteSeriesFile(task.series));
    edit.series_files.push_back(std::move(name));
  }
  edit.wal_low = task.wal_low;
  KillPoint("flush.commit");
  const MutexLock install_lock(install_mutex_);
  STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
  KillPoint("flush.end");
  const std::unique_lock lock(state_mutex_);
  version_ = versions_.current();
  for (const auto& memtable : task.memtables)
    std::erase(tables_[memtable->table()]->frozen, memtable);
  flushing_ = false;
  return Status::Ok();
}

Status Shard::RunFlush(FlushTask& task, const CatalogSnapshot& catalog) {
  KillPoint("flush.begin");
  VersionEdit edit;
  const std::string part_file = NewFileName(".part");
  if (Status status = CommitFlush(task, catalog, edit, part_file); !status.ok()) {
    RemoveUncommitted(part_file, edit);
    ReportFlushFailure(task);
    return status.WithContext(fmt::format("flush of shard {}", number_));
  }
  wal_->Recycle(task.wal_low);
  CollectGarbage();
  return Status::Ok();
}

// Files that were written for a commit that did not happen would only fill the disk, again at every
// attempt. When it is not known whether it happened they stay; the next start knows.
void Shard::RemoveUncommitted(const std::string& part_file, const VersionEdit& edit) {
  if (versions_.failed()) return;
  parts_.Remove(part_file);
  for (const auto& name : edit.series_files)
    static_cast<void>(env_.files->Remove(Directory("series") + "/" + name));
}

void Shard::ReportFlushFailure(FlushTask& task) {
  // The rows stay readable in their frozen memtables and durable in the log; the next flush takes
  // them again. Their order is kept because a table's frozen memtables are flushed together, oldest
  // first.
  const std::unique_lock lock(state_mutex_);
  failed_flush_ = std::move(task);
  flushing_ = false;
}

void Shard::CollectGarbage() {
  for (const auto& file : versions_.TakeGarbage())
    parts_.Remove(file);
}

Result<PartMeta> Shard::CompactGroup(const TableSchemaPtr& schema,
                                     const std::vector<PartMeta>& picked, PartFileWriter& writer,
                                     VersionEdit& edit) {
  const auto series = SeriesOf(schema->id);
  if (series == nullptr) return Corruption("table {} has parts and no series", schema->name);
  CompactionInput input{.parts = {},
                        .schema = schema,
                        .key_of = [&series](SeriesId id) { return series->KeyOf(id); },
                        .ranks = series->Ranks()};
  for (const auto& meta : picked) {
    STRIA_ASSIGN_OR_RETURN(auto part, parts_.Open(meta));
    input.parts.push_back(std::move(part));
  }
  STRIA_ASSIGN_OR_RETURN(auto merged, CompactParts(input, lineage_, writer));
  for (const auto& meta : picked)
    edit.removed.emplace_back(meta.file, meta.offset);
  edit.added.push_back(merged);
  return merged;
}

Result<size_t> Shard::Compact(std::span<const TableSchemaPtr> tables,
                              const CompactionPolicy& policy, std::map<TableId, Status>& damaged) {
  const MutexLock compaction_lock(compaction_mutex_);
  const auto before = version();
  const std::string part_file = NewFileName(".part");
  VersionEdit edit;
  const auto compact = [&]() -> Status {
    PartFileWriter writer(*env_.files, parts_.directory(), part_file);
    uint64_t num_bytes = 0;
    for (const auto& schema : tables) {
      if (num_bytes >= kMaxCompactionFileBytes) break;  // The next call goes on with the others.
      if (damaged.contains(schema->id)) continue;
      const auto picked =
          PickCompaction(before->PartsOf(schema->id).parts, schema->partition_ns, policy);
      if (picked.empty()) continue;
      const auto merged = CompactGroup(schema, picked, writer, edit);
      if (!merged && merged.error().code() == StatusCode::kCorruption) {
        damaged.emplace(schema->id, merged.error());  // Found while reading: nothing was written.
        continue;
      }
      if (!merged) return merged.error();
      num_bytes += merged->length;
    }
    if (edit.added.empty()) return Status::Ok();
    STRIA_RETURN_IF_ERROR(writer.Commit());
    KillPoint("compaction.commit");
    const MutexLock install_lock(install_mutex_);
    STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
    const std::unique_lock lock(state_mutex_);
    version_ = versions_.current();
    return Status::Ok();
  };
  if (const Status status = compact(); !status.ok()) {
    RemoveUncommitted(part_file, edit);
    return status.WithContext(fmt::format("compaction of shard {}", number_));
  }
  CollectGarbage();
  return edit.added.size();
}

void Shard::SortMemtables() const {
  std::vector<std::shared_ptr<Memtable>> memtables;
  {
    const std::shared_lock lock(state_mutex_);
    for (const auto& [id, table] : tables_) {
      if (table->active != nullptr) memtables.push_back(table->active);
    }
  }
  for (const auto& memtable : memtables)
    memtable->PackFullChunks();
}

ShardSnapshot Shard::Snapshot(TableId id) const {
  ShardSnapshot snapshot;
  const std::shared_lock lock(state_mutex_);
  snapshot.version = version_;
  const auto found = tables_.find(id);
  if (found == tables_.end()) return snapshot;
  const Table& table = *found->second;
  snapshot.series = table.series;
  for (const auto& memtable : table.frozen) {
    snapshot.memtables.emplace_back(memtable, memtable->visible_rows());
  }
  if (table.active != nullptr) {
    snapshot.memtables.emplace_back(table.active, table.active->visible_rows());
  }
  return snapshot;
}

std::shared_ptr<const Version> Shard::version() const {
  const std::shared_lock lock(state_mutex_);
  return version_;
}

uint64_t Shard::memtable_bytes() const {
  uint64_t bytes = 0;
  const std::shared_lock lock(state_mutex_);
  for (const auto& [id, table] : tables_) {
    if (table->active != nullptr) bytes += table->active->bytes();
    for (const auto& memtable : table->frozen)
      bytes += memtable->bytes();
  }
  return bytes;
}

ShardInfo Shard::Info() const {
  ShardInfo info;
  info.shard = number_;
  const auto current = version();
  for (const auto& [id, table_parts] : current->tables) {
    for (const auto& part : table_parts->parts) {
      info.rows += part.num_rows;
      info.bytes += part.length;
      ++info.parts;
    }
  }
  info.next_seq = wal_->next_seq();
  info.wal_low = current->wal_low;
  info.wal_bytes = wal_->bytes();
  const std::shared_lock lock(state_mutex_);
  for (const auto& [id, table] : tables_) {
    info.series += table->series->num_series();
    if (table->active != nullptr) info.rows += table->active->visible_rows();
    for (const auto& memtable : table->frozen)
      info.rows += memtable->visible_rows();
  }
  return info;
}

void Shard::Describe(TableInfo& info) const {
  const auto snapshot = Snapshot(info.schema->id);
  bool any = info.rows_in_parts + info.rows_in_memtable > 0;
  const auto extend = [&](int64_t least, int64_t greatest) {
    info.min_time = any ? std::min(info.min_time, least) : least;
    info.max_time = any ? std::max(info.max_time, greatest) : greatest;
    any = true;
  };
  for (const auto& part : snapshot.version->PartsOf(info.schema->id).parts) {
    info.rows_in_parts += part.num_rows;
    info.part_bytes += part.length;
    ++info.num_parts;
    extend(part.min_time, part.max_time);
  }
  for (const auto& [memtable, num_rows] : snapshot.memtables) {
    info.rows_in_memtable += num_rows;
    if (num_rows > 0) extend(memtable->min_time(), memtable->max_time());
  }
  if (snapshot.series != nullptr) info.num_series += snapshot.series->num_series();
}

}  // namespace stria::storage
