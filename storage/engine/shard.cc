#include "storage/engine/shard.h"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <set>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/flush/flush_job.h"
#include "storage/series/series_file.h"
#include "storage/wal/delete_record.h"

namespace stria::storage {
namespace {

// Memtables of one table that deletes have taken out of writing, and that wait for a flush: each is
// a source of every scan. A guess.
constexpr size_t kMaxFrozenMemtables = 16;

}  // namespace

std::string Shard::Directory(const char* name) const {
  return fmt::format("{}/shard/{}/{}", options_.directory, number_, name);
}

Shard::Shard(uint32_t number, const EngineOptions& options, const Env& env, BlockCache& cache,
             FilePool& part_files, Health& health)
    : number_(number),
      options_(options),
      env_(env),
      parts_(*env.files, part_files, fmt::format("{}/shard/{}/part", options.directory, number),
             cache,
             [this](const std::string& file, const Status& status) {
               ReportPart(file, std::string(status.message()));
             }),
      versions_(*env.files, fmt::format("{}/shard/{}/manifest", options.directory, number)),
      series_files_(*env.files, fmt::format("{}/shard/{}/series", options.directory, number)),
      health_(health),
      quarantine_(*env.files, fmt::format("{}/shard/{}/quarantine", options.directory, number),
                  fmt::format("shard/{}", number), health) {}

Status Shard::LoadManifest(Lineage lineage) {
  lineage_ = lineage;
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("part")));
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("series")));
  STRIA_RETURN_IF_ERROR(versions_.Open());
  version_ = versions_.current();
  STRIA_RETURN_IF_ERROR(CheckManifestIsThere());
  STRIA_RETURN_IF_ERROR(CheckPartFiles());
  STRIA_RETURN_IF_ERROR(quarantine_.ReportKept());
  STRIA_RETURN_IF_ERROR(series_files_.Load(
      version_->series_files,
      [&](TableId table) -> TableSeriesIndex& { return *FindOrAddTable(table).series; }));
  for (const auto& [id, table_parts] : version_->tables) {
    for (const auto& tombstone : table_parts->tombstones) {
      Table& table = FindOrAddTable(id);
      table.tombstones = std::make_shared<TombstoneList>(
          table.tombstones->With(std::make_shared<MatchedTombstone>(tombstone, table.series)));
    }
  }
  return Status::Ok();
}

// Whoever starts without a manifest takes every file for one that nobody names.
Status Shard::CheckManifestIsThere() {
  if (version_->number != 0) return Status::Ok();
  for (const char* directory : {"part", "series", "wal"}) {
    STRIA_ASSIGN_OR_RETURN(const auto names, env_.files->List(Directory(directory)));
    if (names.empty()) continue;
    return Corruption(
        "{} is empty, and {} is not: the manifest is missing; restore the data directory from a "
        "backup",
        Directory("manifest"), Directory(directory));
  }
  return Status::Ok();
}

// Reports parts whose file is missing or too short; opens none.
Status Shard::CheckPartFiles() {
  std::map<std::string, uint64_t> ends;
  for (const auto& [table, table_parts] : version_->tables) {
    for (const auto& part : table_parts->parts) {
      uint64_t& end = ends[part.file];
      end = std::max(end, part.offset + part.length);
    }
  }
  for (const auto& [file, end] : ends) {
    const auto size = env_.files->FileSize(Directory("part") + "/" + file);
    if (size && *size >= end) continue;
    ReportPart(file, size ? fmt::format("the file has {} bytes and must have {}", *size, end)
                          : std::string(size.error().message()));
  }
  return Status::Ok();
}

void Shard::ReportPart(const std::string& file, std::string detail) const {
  health_.Report({.component = HealthComponent::kPart,
                  .state = HealthState::kQuarantined,
                  .what = fmt::format("shard/{}/part/{}", number_, file),
                  .detail = std::move(detail),
                  .since_ns = 0,
                  .advice = "queries of its time range fail and name it; restore the file from a "
                            "backup and restart"});
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
  const auto add = [&](uint64_t seq, uint64_t batch_id, std::vector<ShardSeq> shards) {
    batch_of_seq_.emplace(seq, batch_id);
    if (shards.size() > 1) batches.emplace_back(batch_id, std::move(shards));
  };
  const auto visit = [&](const WalFrame& frame) -> Status {
    if (frame.type == WalRecordType::kDelete) {
      STRIA_ASSIGN_OR_RETURN(auto record, DecodeDeleteRecord(frame.payload));
      add(frame.seq, record.batch_id, std::move(record.shards));
    } else {
      STRIA_ASSIGN_OR_RETURN(auto record, DecodeRowsRecord(frame.payload));
      add(frame.seq, record.batch_id, std::move(record.shards));
    }
    return Status::Ok();
  };
  STRIA_ASSIGN_OR_RETURN(auto recovery,
                         RecoverWal(*env_.files, Directory("wal"), number_, version_->accepted_seqs,
                                    version_->wal_low, visit, WalDamagePolicy::kReport));
  damages_ = std::move(recovery.damages);
  return Status::Ok();
}

bool Shard::HoldsRecord(uint64_t seq, uint64_t batch_id) const {
  // What is damaged was acknowledged, so it was there.
  return seq < version_->wal_low || HasLogRecord(seq, batch_id) ||
         std::ranges::any_of(damages_, [&](const WalDamage& damage) {
           return damage.first_seq <= seq && seq <= damage.last_seq;
         });
}

bool Shard::HasLogRecord(uint64_t seq, uint64_t batch_id) const {
  const auto found = batch_of_seq_.find(seq);
  return found != batch_of_seq_.end() && found->second == batch_id;
}

void Shard::NoteHole(uint64_t seq) {
  has_hole_ |= seq != next_replayed_;
  next_replayed_ = seq + 1;
}

// Keeps the segments that are damaged, and those with rows that cannot be given to a series, before
// anything else may happen to them.
Status Shard::QuarantineLog(const WalRecovery& recovery) {
  const auto keep = [&](const std::string& segment, const std::string& reason) {
    return quarantine_.Keep(Directory("wal") + "/" + segment, "log-" + segment, reason);
  };
  for (const auto& damage : recovery.damages) {
    if (!damage.segment.empty()) STRIA_RETURN_IF_ERROR(keep(damage.segment, damage.reason));
    health_.Report({.component = HealthComponent::kLog,
                    .state = HealthState::kQuarantined,
                    .what = fmt::format("shard/{}/wal records {} to {}", number_, damage.first_seq,
                                        damage.last_seq),
                    .detail = damage.reason,
                    .since_ns = 0,
                    .advice = "these acknowledged records are lost here, the others are served; "
                              "restore them from a backup or write them again from their source"});
  }
  if (rows_lost_ == 0) return Status::Ok();
  const std::string reason = fmt::format(
      "{} rows, from record {} on, belong to series that were introduced by records "
      "which are damaged, so their tags are not known",
      rows_lost_, first_lost_rows_);
  for (const auto& segment : recovery.segments) {
    if (segment.last_seq < first_lost_rows_) continue;
    STRIA_RETURN_IF_ERROR(keep(WalSegmentName(segment.segment), reason));
  }
  health_.Report({.component = HealthComponent::kLog,
                  .state = HealthState::kQuarantined,
                  .what = fmt::format("shard/{}/wal rows without tags", number_),
                  .detail = reason,
                  .since_ns = 0,
                  .advice = "write these rows again from their source"});
  return Status::Ok();
}

Status Shard::ReplayRecord(const WalFrame& frame, const CatalogSnapshot& catalog, bool is_void) {
  KillPoint("recovery.replay");
  NoteHole(frame.seq);
  if (frame.type == WalRecordType::kDelete) {
    return is_void ? Status::Ok() : ReplayDelete(frame, catalog);
  }
  if (frame.type != WalRecordType::kRows) {
    return Corruption("record {} is of type {}, which this version does not know", frame.seq,
                      static_cast<int>(frame.type));
  }
  STRIA_ASSIGN_OR_RETURN(auto record, DecodeRowsRecord(frame.payload));
  // Series count even where the rows do not: later records may use their ids. Those of a table that
  // was dropped are in no series file any more.
  for (const auto& one : record.series) {
    if (catalog.Find(one.table) == nullptr && one.table.value() < catalog.next_table_id()) continue;
    auto& index = *FindOrAddTable(one.table).series;
    if (has_hole_) lost_series_.TakeIds(one.table, one.id.value(), index, series_since_flush_);
    STRIA_RETURN_IF_ERROR(index.Restore(one.id, one.key));
    AppendRange({one.table, one.id.value(), one.id.value() + 1}, series_since_flush_);
  }
  if (is_void) return Status::Ok();
  for (auto& rows : record.tables) {
    if (catalog.Find(rows.table) == nullptr) {
      if (rows.table.value() < catalog.next_table_id()) continue;  // Dropped since.
      return Corruption("record {} has rows of table {}, which the catalog never knew", frame.seq,
                        rows.table.value());
    }
    if (frame.seq <= version_->PartsOf(rows.table).flushed_seq) continue;
    Table& table = FindOrAddTable(rows.table);
    if (const uint64_t num_lost = lost_series_.EraseRows(*table.series, rows); num_lost > 0) {
      if (first_lost_rows_ == 0) first_lost_rows_ = frame.seq;
      rows_lost_ += num_lost;
      if (rows.num_rows() == 0) continue;
    }
    if (table.active == nullptr) table.active = std::make_shared<Memtable>(rows.table);
    table.active->Append(rows, frame.seq, env_.clock->MonotonicNs());
    rows_recovered_ += rows.num_rows();
  }
  return Status::Ok();
}

Status Shard::ReplayDelete(const WalFrame& frame, const CatalogSnapshot& catalog) {
  STRIA_ASSIGN_OR_RETURN(auto record, DecodeDeleteRecord(frame.payload));
  record.tombstone.seq = frame.seq;
  const TableId id = record.tombstone.table;
  if (catalog.Find(id) == nullptr) {
    if (id.value() < catalog.next_table_id()) return Status::Ok();  // Dropped since.
    return Corruption("record {} deletes from table {}, which the catalog never knew", frame.seq,
                      id.value());
  }
  Table& table = FindOrAddTable(id);
  if (table.active != nullptr) table.active->Publish();
  Freeze(table);
  const bool is_in_manifest =
      std::ranges::binary_search(version_->PartsOf(id).tombstones, frame.seq, {}, &Tombstone::seq);
  if (!is_in_manifest) AddTombstone(table, record.tombstone, env_.clock->MonotonicNs());
  return Status::Ok();
}

Status Shard::Recover(const CatalogSnapshot& catalog, const std::vector<uint64_t>& void_seqs) {
  std::set<uint64_t> is_void(version_->void_seqs);
  is_void.insert(void_seqs.begin(), void_seqs.end());
  next_replayed_ = version_->wal_low;
  const auto visit = [&](const WalFrame& frame) {
    return ReplayRecord(frame, catalog, is_void.contains(frame.seq))
        .WithContext(fmt::format("shard {}", number_));
  };
  STRIA_ASSIGN_OR_RETURN(const auto recovery,
                         RecoverWal(*env_.files, Directory("wal"), number_, version_->accepted_seqs,
                                    version_->wal_low, visit, WalDamagePolicy::kReport));
  STRIA_RETURN_IF_ERROR(QuarantineLog(recovery));
  if (recovery.last_epoch > version_->epoch) {
    return Corruption(
        "{}: the newest records are missing: the log is of epoch {}, they end at {}; restore the "
        "data directory from a backup",
        Directory("manifest"), recovery.last_epoch, version_->epoch);
  }
  STRIA_RETURN_IF_ERROR(RemoveOrphans());
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

// Of the flush: what is in parts already. Flushes follow each other, and compaction adds no row.
FlushedTimes& Shard::FlushedTimesOf(TableId id) {
  Table& table = FindOrAddTable(id);
  if (!table.flushed.started()) {
    const auto current = version();
    const auto& parts = current->PartsOf(id).parts;
    const auto last = std::ranges::max_element(parts, {}, &PartMeta::max_time);
    table.flushed.Start(table.series->num_series(), !parts.empty(),
                        parts.empty() ? 0 : last->max_time);
  }
  return table.flushed;
}

void Shard::FindSeries(TableId id, std::span<BatchSeries* const> series) const {
  const auto index = SeriesOf(id);
  if (index == nullptr) return;
  std::vector<std::string_view> keys;
  keys.reserve(series.size());
  for (const BatchSeries* one : series)
    keys.push_back(one->key);
  std::vector<uint32_t> ids(keys.size());
  index->Find(keys, ids);
  for (size_t i = 0; i < series.size(); ++i) {
    if (ids[i] == TableSeriesIndex::kNoId) continue;
    series[i]->shard = number_;
    series[i]->id = ids[i];
  }
}

void Shard::ResolveSeries(std::span<BoundTable> tables) {
  for (auto& bound : tables) {
    Table& table = FindOrAddTable(bound.schema->id);
    std::vector<std::string_view> keys;
    for (const BoundSeries& series : bound.series) {
      if (series.id == BatchSeries::kNoId) keys.push_back(series.key);
    }
    std::vector<uint32_t> new_ids(keys.size()), added;
    table.series->FindOrAdd(keys, new_ids, added);
    for (const uint32_t i : added) {
      unlogged_series_.push_back({bound.schema->id, SeriesId(new_ids[i]), std::string(keys[i])});
    }
    std::vector<uint32_t> ids;
    ids.reserve(bound.series.size());
    for (size_t next = 0; const BoundSeries& series : bound.series)
      ids.push_back(series.id == BatchSeries::kNoId ? new_ids[next++] : series.id);
    for (auto& series : bound.rows.series)
      series = ids[series];
  }
}

std::vector<NewSeries> Shard::TakeUnloggedSeries() {
  return std::exchange(unlogged_series_, {});
}

void Shard::SeriesLogged(std::vector<NewSeries> series) {
  for (const NewSeries& one : series)
    AppendRange({one.table, one.id.value(), one.id.value() + 1}, series_since_flush_);
}

void Shard::ReturnUnloggedSeries(std::vector<NewSeries> series) {
  series.insert(series.end(), unlogged_series_.begin(), unlogged_series_.end());
  unlogged_series_ = std::move(series);
}

namespace {

std::vector<WalRecord> Records(std::span<const LogPayload> payloads) {
  std::vector<WalRecord> records;
  for (const auto& [type, bytes] : payloads)
    records.push_back({type, bytes});
  return records;
}

}  // namespace

Status Shard::ReserveLog(std::span<const LogPayload> payloads) {
  return payloads.empty() ? Status::Ok() : wal_->Reserve(Records(payloads));
}

Status Shard::AppendToLog(std::span<const LogPayload> payloads) {
  if (payloads.empty()) return Status::Ok();
  const auto first_seq = wal_->AppendGroup(Records(payloads));
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
      unpublished_.push_back(table.active);
      with_unpublished_.push_back(&table);
    }
  }
}

void Shard::ApplyDelete(const Tombstone& tombstone, int64_t now_ns) {
  Table& table = FindOrAddTable(tombstone.table);
  {
    const std::unique_lock lock(state_mutex_);
    const size_t before = table.frozen.size();
    Freeze(table);
    frozen_by_deletes_ += table.frozen.size() - before;
  }
  unpublished_deletes_.emplace_back(tombstone, now_ns);
}

// Takes the active memtable out of writing, so that the rows before a DELETE are in other memtables
// than those after it.
void Shard::Freeze(Table& table) {
  table.has_unpublished = false;
  if (table.active == nullptr || table.active->num_rows() == 0) return;
  table.frozen.push_back(std::move(table.active));
  table.active = nullptr;
}

void Shard::AddTombstone(Table& table, const Tombstone& tombstone, int64_t now_ns) {
  table.tombstones = std::make_shared<TombstoneList>(
      table.tombstones->With(std::make_shared<MatchedTombstone>(tombstone, table.series)));
  if (table.unflushed_tombstones.empty()) table.oldest_delete_ns = now_ns;
  table.unflushed_tombstones.push_back(tombstone);
}

void Shard::Publish() {
  for (const auto& memtable : unpublished_)
    memtable->Publish();
  unpublished_.clear();
  for (Table* table : with_unpublished_)
    table->has_unpublished = false;
  with_unpublished_.clear();
  if (!unpublished_deletes_.empty()) {
    const std::unique_lock lock(state_mutex_);
    for (const auto& [tombstone, applied_ns] : unpublished_deletes_)
      AddTombstone(*tables_.at(tombstone.table), tombstone, applied_ns);
    unpublished_deletes_.clear();
  }
  applied_end_ = wal_->next_seq();
}

// The memtables of a table are flushed oldest first: a flush that takes one takes those before it.
std::optional<FlushTask> Shard::BeginFlush(const std::function<bool(const Unflushed&)>& due,
                                           bool& is_under_way) {
  FlushTask task;
  const auto is_due = [&](const std::shared_ptr<Memtable>& memtable) {
    return due({.bytes = memtable->bytes(),
                .first_seq = memtable->first_seq(),
                .oldest_ns = memtable->oldest_append_ns()});
  };
  const std::unique_lock lock(state_mutex_);
  is_under_way = flushing_;
  if (flushing_) return std::nullopt;
  task.wal_low = applied_end_;
  bool any_due = failed_flush_.has_value();
  for (auto& [id, table] : tables_) {
    const bool has_rows = table->active != nullptr && table->active->num_rows() > 0;
    const bool is_active_due = has_rows && is_due(table->active);
    if (has_rows && !is_active_due)
      task.wal_low = std::min(task.wal_low, table->active->first_seq());
    if (is_active_due) Freeze(*table);
    const bool takes_frozen = is_active_due || failed_flush_.has_value() ||
                              table->frozen.size() > kMaxFrozenMemtables ||
                              std::ranges::any_of(table->frozen, is_due);
    if (takes_frozen) {
      task.memtables.insert(task.memtables.end(), table->frozen.begin(), table->frozen.end());
    } else if (!table->frozen.empty()) {
      task.wal_low = std::min(task.wal_low, table->frozen.front()->first_seq());
    }
    if (table->unflushed_tombstones.empty()) continue;
    task.tombstones.insert(task.tombstones.end(), table->unflushed_tombstones.begin(),
                           table->unflushed_tombstones.end());
    any_due = any_due || due({.bytes = 0,
                              .first_seq = table->unflushed_tombstones.front().seq,
                              .oldest_ns = table->oldest_delete_ns});
  }
  if (task.memtables.empty() && (task.tombstones.empty() || !any_due)) return std::nullopt;
  flushing_ = true;
  frozen_by_deletes_ = 0;
  if (failed_flush_.has_value()) task.series = std::move(failed_flush_->series);
  failed_flush_.reset();
  task.series.insert(task.series.end(), series_since_flush_.begin(), series_since_flush_.end());
  series_since_flush_.clear();
  return task;
}

void Shard::ForgetDropped(const CatalogSnapshot& catalog) {
  if (drops_forgotten_ == catalog.num_tables_dropped()) return;
  const std::unique_lock lock(state_mutex_);
  if (flushing_) return;
  const auto is_dropped = [&](TableId table) { return catalog.Find(table) == nullptr; };
  std::erase_if(tables_, [&](const auto& entry) { return is_dropped(entry.first); });
  if (failed_flush_.has_value()) {
    std::erase_if(failed_flush_->memtables,
                  [&](const auto& memtable) { return is_dropped(memtable->table()); });
  }
  drops_forgotten_ = catalog.num_tables_dropped();
}

Status Shard::FreeDropped(const CatalogSnapshot& catalog) {
  VersionEdit edit;
  for (const auto before = version(); const auto& [id, parts] : before->tables) {
    if (catalog.Find(id) == nullptr) edit.dropped_tables.push_back(id);
  }
  if (edit.dropped_tables.empty()) return Status::Ok();
  KillPoint("drop.free");
  const MutexLock install_lock(install_mutex_);
  STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
  const std::unique_lock lock(state_mutex_);
  InstallVersion();
  return Status::Ok();
}

std::string Shard::NewFileName(const char* suffix) {
  return fmt::format("{:016x}{:016x}{}", env_.random->Next(), env_.random->Next(), suffix);
}

Status Shard::CommitFlush(FlushTask& task, const CatalogSnapshot& catalog, VersionEdit& edit,
                          const std::string& part_file) {
  PartFileWriter writer(*env_.files, parts_.directory(), part_file);
  for (const auto& memtable : task.memtables) {
    const auto schema = catalog.Find(memtable->table());
    if (schema == nullptr) continue;  // Dropped: its rows go with it.
    edit.flushed_seqs.emplace_back(memtable->table(), memtable->last_seq());
    const auto series = SeriesOf(memtable->table());
    const FlushInput input{.memtable = memtable,
                           .schema = schema,
                           .key_of = [&series](SeriesId id) { return series->KeyOf(id); },
                           .ranks = series->Ranks(),
                           .flushed = &FlushedTimesOf(memtable->table())};
    STRIA_ASSIGN_OR_RETURN(const auto parts, FlushMemtable(input, lineage_, writer));
    edit.added.insert(edit.added.end(), parts.begin(), parts.end());
  }
  if (!edit.added.empty()) STRIA_RETURN_IF_ERROR(writer.Commit());
  if (!task.series.empty()) {
    STRIA_RETURN_IF_ERROR(series_files_.Write(
        task.series, NewFileName(".series"), [this](TableId table) { return SeriesOf(table); },
        edit));
  }
  for (const auto& tombstone : task.tombstones) {
    if (catalog.Find(tombstone.table) != nullptr) edit.tombstones.push_back(tombstone);
  }
  edit.wal_low = task.wal_low;
  KillPoint("flush.commit");
  const MutexLock install_lock(install_mutex_);
  STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
  KillPoint("flush.end");
  const std::unique_lock lock(state_mutex_);
  for (const auto& memtable : task.memtables)
    std::erase(tables_.at(memtable->table())->frozen, memtable);
  for (const auto& tombstone : task.tombstones) {
    std::erase_if(tables_.at(tombstone.table)->unflushed_tombstones,
                  [&](const Tombstone& other) { return other.seq == tombstone.seq; });
  }
  InstallVersion();
  flushing_ = false;
  return Status::Ok();
}

// Makes what was committed what is read, and forgets the tombstones that neither it nor the log
// needs. Requires state_mutex_.
void Shard::InstallVersion() {
  version_ = versions_.current();
  for (auto& [id, table] : tables_) {
    if (table->tombstones->empty()) continue;
    std::vector<uint64_t> gone;
    const auto& kept = version_->PartsOf(id).tombstones;
    for (const auto& matched : table->tombstones->tombstones()) {
      const uint64_t seq = matched->tombstone().seq;
      if (!std::ranges::binary_search(kept, seq, {}, &Tombstone::seq) &&
          !std::ranges::binary_search(table->unflushed_tombstones, seq, {}, &Tombstone::seq)) {
        gone.push_back(seq);
      }
    }
    if (gone.empty()) continue;
    table->tombstones = std::make_shared<TombstoneList>(table->tombstones->Without(gone));
  }
}

Status Shard::RunFlush(FlushTask& task, const CatalogSnapshot& catalog) {
  KillPoint("flush.begin");
  VersionEdit edit;
  const std::string part_file = NewFileName(".part");
  if (Status status = CommitFlush(task, catalog, edit, part_file); !status.ok()) {
    RemoveUncommitted(part_file);
    if (!versions_.failed()) series_files_.Abandon();
    ReportFlushFailure(task);
    return status.WithContext(fmt::format("flush of shard {}", number_));
  }
  series_files_.Committed();
  wal_->Recycle(task.wal_low);
  CollectGarbage();
  return Status::Ok();
}

// Files that were written for a commit that did not happen would only fill the disk, again at every
// attempt. When it is not known whether it happened they stay; the next start knows.
void Shard::RemoveUncommitted(const std::string& part_file) {
  if (versions_.failed()) return;
  parts_.Remove(part_file);
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

Status Shard::CommitCompaction(std::span<const MergedParts> merged, const std::string& part_file) {
  VersionEdit edit;
  const auto commit = [&]() -> Status {
    const MutexLock install_lock(install_mutex_);
    const auto current = versions_.current();
    for (const auto& [picked, part] : merged) {
      // A table that was dropped meanwhile has no parts any more.
      const auto is_there = [&](const PartMeta& meta) {
        return std::ranges::any_of(current->PartsOf(meta.table).parts, [&](const PartMeta& other) {
          return other.file == meta.file && other.offset == meta.offset;
        });
      };
      if (!std::ranges::all_of(picked, is_there)) continue;
      for (const auto& meta : picked)
        edit.removed.emplace_back(meta.file, meta.offset);
      if (part.has_value()) edit.added.push_back(*part);
    }
    if (edit.removed.empty()) return Status::Ok();
    STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
    const std::unique_lock lock(state_mutex_);
    InstallVersion();
    return Status::Ok();
  };
  const Status status = commit();
  if (!status.ok() || edit.added.empty()) RemoveUncommitted(part_file);
  return status;
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
  static const auto kNone = std::make_shared<const TombstoneList>();
  ShardSnapshot snapshot;
  snapshot.tombstones = kNone;
  const std::shared_lock lock(state_mutex_);
  snapshot.version = version_;
  const auto found = tables_.find(id);
  if (found == tables_.end()) return snapshot;
  const Table& table = *found->second;
  snapshot.series = table.series;
  snapshot.tombstones = table.tombstones;
  for (const auto& memtable : table.frozen) {
    snapshot.memtables.push_back({.memtable = memtable,
                                  .num_rows = memtable->visible_rows(),
                                  .applied_deletes = memtable->last_seq()});
  }
  if (table.active != nullptr) {
    // A DELETE takes the memtable out of writing, so all of them are older than its rows.
    snapshot.memtables.push_back({.memtable = table.active,
                                  .num_rows = table.active->visible_rows(),
                                  .applied_deletes = std::numeric_limits<uint64_t>::max()});
  }
  return snapshot;
}

std::shared_ptr<const TombstoneList> Shard::TombstonesOf(TableId id) const {
  return Snapshot(id).tombstones;
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
    info.part_bytes += part.length;
    ++info.num_parts;
    if (snapshot.tombstones->Covers(part)) continue;  // What is deleted in part counts whole.
    info.rows_in_parts += part.num_rows;
    extend(part.min_time, part.max_time);
  }
  for (const auto& [memtable, num_rows, applied_deletes] : snapshot.memtables) {
    const int64_t first = memtable->min_time(), last = memtable->max_time();
    if (num_rows == 0 || snapshot.tombstones->Covers(first, last, applied_deletes)) continue;
    info.rows_in_memtable += num_rows;
    extend(first, last);
  }
  if (snapshot.series != nullptr) info.num_series += snapshot.series->num_series();
}

}  // namespace stria::storage
