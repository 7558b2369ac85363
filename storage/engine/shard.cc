#include "storage/engine/shard.h"

#include <algorithm>
#include <limits>
#include <mutex>

#include "storage/base/errors.h"

namespace stria::storage {

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

void Shard::ReportPart(const std::string& file, std::string detail) const {
  health_.Report({.component = HealthComponent::kPart,
                  .state = HealthState::kQuarantined,
                  .what = fmt::format("shard/{}/part/{}", number_, file),
                  .detail = std::move(detail),
                  .since_ns = 0,
                  .advice = "queries of its time range fail and name it; restore the file from a "
                            "backup and restart"});
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

std::string Shard::NewFileName(const char* suffix) {
  return fmt::format("{:016x}{:016x}{}", env_.random->Next(), env_.random->Next(), suffix);
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

uint64_t Shard::largest_memtable_bytes() const {
  uint64_t largest = 0;
  const std::shared_lock lock(state_mutex_);
  for (const auto& [id, table] : tables_) {
    if (table->active != nullptr) largest = std::max(largest, table->active->bytes());
    for (const auto& memtable : table->frozen)
      largest = std::max(largest, memtable->bytes());
  }
  return largest;
}

uint64_t Shard::series_bytes() const {
  std::vector<std::shared_ptr<TableSeriesIndex>> indexes;
  {
    const std::shared_lock lock(state_mutex_);
    for (const auto& [id, table] : tables_)
      indexes.push_back(table->series);
  }
  uint64_t bytes = 0;
  for (const auto& index : indexes)
    bytes += index->bytes();
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
    info.series_bytes += table->series->bytes();
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
