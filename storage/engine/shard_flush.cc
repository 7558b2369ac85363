// What changes the manifest of a shard once it serves: flushes, compactions and dropped tables.

#include <algorithm>
#include <mutex>

#include "storage/base/kill_point.h"
#include "storage/engine/shard.h"
#include "storage/flush/flush_job.h"

namespace stria::storage {
namespace {

// Memtables of one table that deletes have taken out of writing, and that wait for a flush: each is
// a source of every scan. A guess.
constexpr size_t kMaxFrozenMemtables = 16;

}  // namespace

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
                           .tombstones = TombstonesOf(memtable->table()),
                           .flushed = &FlushedTimesOf(memtable->table())};
    STRIA_ASSIGN_OR_RETURN(const auto parts, FlushMemtable(input, lineage_, writer));
    edit.added.insert(edit.added.end(), parts.begin(), parts.end());
  }
  if (!edit.added.empty()) STRIA_RETURN_IF_ERROR(writer.Commit());
  if (!task.series.empty() || series_files_.must_replace()) {
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

// Makes what was committed what is read, and forgets the tombstones that neither it nor the log
// needs. Requires state_mutex_.
void Shard::InstallVersion() {
  version_ = versions_.current();
  for (auto& [id, table] : tables_) {
    if (table->tombstones->empty()) continue;
    std::vector<uint64_t> gone;
    const auto& kept = version_->PartsOf(id).tombstones;
    for (const uint64_t seq : table->tombstones->Seqs()) {
      if (!std::ranges::binary_search(kept, seq, {}, &Tombstone::seq) &&
          !std::ranges::binary_search(table->unflushed_tombstones, seq, {}, &Tombstone::seq)) {
        gone.push_back(seq);
      }
    }
    if (gone.empty()) continue;
    table->tombstones = std::make_shared<TombstoneList>(table->tombstones->Without(gone));
  }
}

void Shard::CollectGarbage() {
  for (const auto& file : versions_.TakeGarbage())
    parts_.Remove(file);
}

}  // namespace stria::storage
