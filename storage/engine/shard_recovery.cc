// The start of a shard: manifest, series files, then the log, and what to do about damage.

#include <algorithm>
#include <map>
#include <set>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
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

}  // namespace stria::storage
