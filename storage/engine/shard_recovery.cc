// The start of a shard: manifest, series files, then the log, and what to do about damage.

#include <algorithm>
#include <map>
#include <set>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/engine/series_rebuild.h"
#include "storage/engine/shard.h"
#include "storage/wal/delete_record.h"

namespace stria::storage {

Status Shard::LoadManifest(Lineage lineage) {
  lineage_ = lineage;
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("part")));
  STRIA_RETURN_IF_ERROR(env_.files->CreateDirectories(Directory("series")));
  STRIA_RETURN_IF_ERROR(versions_.Open());
  version_ = versions_.current();
  STRIA_RETURN_IF_ERROR(CheckManifestIsThere());
  STRIA_RETURN_IF_ERROR(CheckPartFiles());
  STRIA_RETURN_IF_ERROR(quarantine_.ReportKept());
  STRIA_ASSIGN_OR_RETURN(
      series_loaded_,
      series_files_.Load(version_->series_files, [&](TableId table) -> TableSeriesIndex& {
        return *FindOrAddTable(table).series;
      }));
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

Status Shard::QuarantineSeriesFile(const std::string& name, const Status& damage) {
  if (damage.code() != StatusCode::kNotFound) {
    STRIA_RETURN_IF_ERROR(quarantine_.Keep(Directory("series") + "/" + name, "series-" + name,
                                           std::string(damage.message())));
  }
  health_.Report({.component = HealthComponent::kSeries,
                  .state = HealthState::kQuarantined,
                  .what = fmt::format("shard/{}/series/{}", number_, name),
                  .detail = std::string(damage.message()),
                  .since_ns = 0,
                  .advice = "its series were taken from the parts and the log and are in a new "
                            "file; check the disk"});
  return Status::Ok();
}

// When a series file is damaged: restores its series from all that is left.
Status Shard::RebuildSeries(const CatalogSnapshot& catalog) {
  const auto is_dropped = [&](TableId table) {
    return catalog.Find(table) == nullptr && table.value() < catalog.next_table_id();
  };
  SeriesRebuild rebuild;
  const auto& names = version_->series_files;
  for (size_t i = series_loaded_.num_loaded; i < names.size(); ++i) {
    const auto bytes = ReadFile(*env_.files, Directory("series") + "/" + names[i]);
    Status status = bytes ? rebuild.AddFile(*bytes) : bytes.error();
    // One that is sound by itself may be at odds with those before it.
    if (status.ok() && i == series_loaded_.num_loaded) status = series_loaded_.damage;
    if (!status.ok()) STRIA_RETURN_IF_ERROR(QuarantineSeriesFile(names[i], status));
  }
  for (const auto& [table, table_parts] : version_->tables) {
    if (is_dropped(table)) continue;
    for (const PartMeta& meta : table_parts->parts) {
      STRIA_ASSIGN_OR_RETURN(const auto part, parts_.OpenOnce(meta));
      STRIA_RETURN_IF_ERROR(rebuild.AddPart(*part, table, lineage_));
    }
  }
  const auto visit = [&](const WalFrame& frame) -> Status {
    if (frame.type != WalRecordType::kRows) return Status::Ok();
    STRIA_ASSIGN_OR_RETURN(const auto record, DecodeRowsRecord(frame.payload));
    for (const NewSeries& one : record.series) {
      if (!is_dropped(one.table)) STRIA_RETURN_IF_ERROR(rebuild.Add(one.table, one.id, one.key));
    }
    for (const TableRows& rows : record.tables) {
      if (is_dropped(rows.table) || rows.series.empty()) continue;
      rebuild.AddId(rows.table, SeriesId(*std::ranges::max_element(rows.series)));
    }
    return Status::Ok();
  };
  const auto log = RecoverWal(*env_.files, Directory("wal"), number_, version_->accepted_seqs,
                              version_->wal_low, visit, WalDamagePolicy::kReport);
  if (!log) return log.error();
  has_hole_ = true;
  return rebuild.Restore(
      [&](TableId table) -> TableSeriesIndex& { return *FindOrAddTable(table).series; },
      lost_series_);
}

// Adds to `edit` a file of all series, in the place of those that are damaged. On a full disk they
// are rebuilt at every start, until a flush finds room.
Status Shard::WriteRebuiltSeries(VersionEdit& edit) {
  std::map<TableId, uint32_t> ends;
  for (const auto& [id, table] : tables_)
    ends[id] = table->series->num_series();
  series_files_.ReplaceAll(std::move(ends));
  const Status status = series_files_.Write(
      {}, NewFileName(".series"), [this](TableId table) { return SeriesOf(table); }, edit);
  return status.code() == StatusCode::kDiskFull ? Status::Ok() : status;
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
  const bool is_series_file_damaged = !series_loaded_.damage.ok();
  if (is_series_file_damaged) {
    STRIA_RETURN_IF_ERROR(RebuildSeries(catalog).WithContext(fmt::format(
        "shard {}: series file {} cannot be used ({}), nor be made anew", number_,
        version_->series_files[series_loaded_.num_loaded], series_loaded_.damage.message())));
  }
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
  if (is_series_file_damaged) STRIA_RETURN_IF_ERROR(WriteRebuiltSeries(edit));
  STRIA_RETURN_IF_ERROR(versions_.Commit(edit));
  series_files_.Committed();
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

}  // namespace stria::storage
