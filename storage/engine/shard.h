// One shard: its log, its memtables, its series and its parts.
//
// The log task alone appends (one for all shards of the engine); flush and compaction run in the
// background and make their result visible with one manifest commit and one swap under
// `state_mutex_`.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/catalog/catalog.h"
#include "storage/engine/bind_rows.h"
#include "storage/engine/engine.h"
#include "storage/engine/health.h"
#include "storage/engine/lost_series.h"
#include "storage/engine/part_store.h"
#include "storage/engine/quarantine.h"
#include "storage/engine/series_files.h"
#include "storage/flush/flushed_times.h"
#include "storage/flush/part_file_writer.h"
#include "storage/io/block_cache.h"
#include "storage/manifest/version_set.h"
#include "storage/memtable/memtable.h"
#include "storage/merge/apply_tombstones.h"
#include "storage/series/series_index.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"

namespace stria::storage {

/// The rows of a memtable that count in a snapshot.
struct MemtableView {
  std::shared_ptr<const Memtable> memtable;
  uint64_t num_rows = 0;
  uint64_t applied_deletes = 0;  ///< tombstones above it are to be applied to the rows
};

/// What a scan of one table sees of one shard, all of one moment.
struct ShardSnapshot {
  std::shared_ptr<const Version> version;           ///< keeps the files of its parts
  std::vector<MemtableView> memtables;              ///< oldest first
  std::shared_ptr<TableSeriesIndex> series;         ///< null: the table has no row here
  std::shared_ptr<const TombstoneList> tombstones;  ///< never null
};

/// A record to be logged, whose number the log gives.
struct LogPayload {
  WalRecordType type = WalRecordType::kRows;
  std::vector<std::byte> bytes;
};

/// What is known of rows or a tombstone that only memory and the log have, to decide on a flush.
struct Unflushed {
  uint64_t bytes = 0;
  uint64_t first_seq = 0;
  int64_t oldest_ns = 0;  ///< monotonic, when the first was applied
};

/// Memtables taken out of writing, and what their flush will commit.
struct FlushTask {
  std::vector<std::shared_ptr<Memtable>> memtables;
  std::vector<Tombstone> tombstones;  ///< that the manifest has not
  std::vector<SeriesRange> series;    ///< introduced since the flush before
  uint64_t wal_low = 0;
};

/// What a compaction makes of parts of one table.
struct MergedParts {
  std::vector<PartMeta> picked;
  std::optional<PartMeta> part;  ///< none: every row is deleted
};

class Shard {
 public:
  Shard(uint32_t number, const EngineOptions& options, const Env& env, BlockCache& cache,
        FilePool& part_files, Health& health);

  // Start, in this order, before anything else.

  /// Loads manifest and series files, and removes files that nobody names.
  Status LoadManifest(Lineage lineage);
  /// Reads the batch places of every record, so that batches which are not whole in all shards are
  /// found. Only needed with several shards.
  Status ReadBatches(std::vector<std::pair<uint64_t, std::vector<ShardSeq>>>& batches);
  /// Whether the log holds record `seq` with that batch id, or the record is in parts already.
  bool HoldsRecord(uint64_t seq, uint64_t batch_id) const;
  /// Whether the log holds it.
  bool HasLogRecord(uint64_t seq, uint64_t batch_id) const;
  /// Replays the log without `void_seqs`, ends the epoch and begins the next.
  Status Recover(const CatalogSnapshot& catalog, const std::vector<uint64_t>& void_seqs);

  // Of the log task.

  /// Gives ids to the series of `tables` and replaces positions by them.
  void ResolveSeries(std::span<BoundTable> tables);
  /// Makes room for AppendToLog() of the same. Fails with kDiskFull when there is none.
  Status ReserveLog(std::span<const LogPayload> payloads);
  /// Appends one record for each element, as one group; does nothing for none.
  Status AppendToLog(std::span<const LogPayload> payloads);
  /// Takes the series that the next record must introduce.
  std::vector<NewSeries> TakeUnloggedSeries();
  /// They are in a record now, and go into the next series file.
  void SeriesLogged(std::vector<NewSeries> series);
  /// Gives them back: the record was not written.
  void ReturnUnloggedSeries(std::vector<NewSeries> series);
  /// Appends rows of record `seq` to their memtables, unseen until Publish().
  void Apply(std::span<const BoundTable> tables, uint64_t seq, int64_t now_ns);
  /// Parts the rows before it from those after it, and deletes them at the next Publish().
  void ApplyDelete(const Tombstone& tombstone, int64_t now_ns);
  void Publish();
  /// Memtables that deletes have taken out of writing since the last flush began.
  size_t frozen_by_deletes() const { return frozen_by_deletes_; }
  uint64_t next_seq() const { return wal_->next_seq(); }
  /// Takes the memtables for which `due` holds out of writing, and with them all tombstones that
  /// the manifest has not; nullopt when there is nothing due, or when a flush is under way, as
  /// `is_under_way` then tells.
  std::optional<FlushTask> BeginFlush(const std::function<bool(const Unflushed&)>& due,
                                      bool& is_under_way);
  /// Frees the memory of tables that are not in `catalog` any more; later, if they are just being
  /// flushed.
  void ForgetDropped(const CatalogSnapshot& catalog);

  // In the background.

  Status RunFlush(FlushTask& task, const CatalogSnapshot& catalog);
  /// Puts merged parts, which are in the file `part_file`, in the place of those that they were
  /// made of, unless these are gone. Removes the file when nothing of it is needed.
  Status CommitCompaction(std::span<const MergedParts> merged, const std::string& part_file);
  /// Frees the parts of tables that are not in `catalog` any more.
  Status FreeDropped(const CatalogSnapshot& catalog);
  Status PrepareLog() { return wal_->WantsNext() ? wal_->PrepareNext() : Status::Ok(); }
  /// Sorts the full chunks of memtables, so that queries need not.
  void SortMemtables() const;
  /// Removes files that no version names any more.
  void CollectGarbage();

  // From anywhere.

  /// Gives those of `series` that the index of the table has their ids. An id may be used by any
  /// record that is logged from now on: if the record that introduces it is not logged yet, it will
  /// be logged earlier or as one.
  void FindSeries(TableId table, std::span<BatchSeries* const> series) const;
  /// The series of a table; null: it has none here.
  std::shared_ptr<TableSeriesIndex> SeriesOf(TableId table) const;
  ShardSnapshot Snapshot(TableId table) const;
  /// The tombstones that rows of the table may still need; never null. Whoever writes a part under
  /// them must take the list no later than the parts that it reads.
  std::shared_ptr<const TombstoneList> TombstonesOf(TableId table) const;
  std::shared_ptr<const Version> version() const;
  PartStore& parts() { return parts_; }
  /// Notes that a part file is damaged, so that the operator knows.
  void ReportPart(const std::string& file, std::string detail) const;
  FileSystem& files() const { return *env_.files; }
  Lineage lineage() const { return lineage_; }
  /// Of a file of parts or series: random, so that no name is ever used again.
  std::string NewFileName(const char* suffix);
  ShardInfo Info() const;
  uint64_t memtable_bytes() const;
  uint64_t largest_memtable_bytes() const;
  uint64_t series_bytes() const;  ///< in memory, of all tables
  uint64_t wal_bytes() const { return wal_->bytes(); }
  /// Whether a manifest commit failed, after which nothing is flushed or compacted before a
  /// restart.
  bool manifest_failed() const { return versions_.failed(); }
  const WalWriter& wal() const { return *wal_; }
  uint32_t number() const { return number_; }
  uint64_t rows_recovered() const { return rows_recovered_; }
  /// Rows of the memtables of one table, and the least and greatest time of them.
  void Describe(TableInfo& info) const;

 private:
  struct Table {
    std::shared_ptr<TableSeriesIndex> series = std::make_shared<TableSeriesIndex>();
    std::shared_ptr<Memtable> active;
    std::vector<std::shared_ptr<Memtable>> frozen;  // Oldest first.
    bool has_unpublished = false;                   // The active one; of the log task.
    // What scans apply, and those of them that the manifest has not, ascending by number.
    std::shared_ptr<const TombstoneList> tombstones = std::make_shared<TombstoneList>();
    std::vector<Tombstone> unflushed_tombstones;
    int64_t oldest_delete_ns = 0;  // Of unflushed_tombstones.
    FlushedTimes flushed;          // Of the flush.
  };

  Table& FindOrAddTable(TableId table);
  static void AddTombstone(Table& table, const Tombstone& tombstone, int64_t now_ns);
  static void Freeze(Table& table);
  void InstallVersion();
  Status ReplayDelete(const WalFrame& frame, const CatalogSnapshot& catalog);
  FlushedTimes& FlushedTimesOf(TableId table);
  Status RemoveOrphans();
  Status CheckManifestIsThere();
  Status CheckPartFiles();
  void NoteHole(uint64_t seq);
  Status QuarantineLog(const WalRecovery& recovery);
  Status QuarantineSeriesFile(const std::string& name, const Status& damage);
  Status RebuildSeries(const CatalogSnapshot& catalog);
  Status WriteRebuiltSeries(VersionEdit& edit);
  Status ReplayRecord(const WalFrame& frame, const CatalogSnapshot& catalog, bool is_void);
  Status CommitFlush(FlushTask& task, const CatalogSnapshot& catalog, VersionEdit& edit,
                     const std::string& part_file);
  void RemoveUncommitted(const std::string& part_file);
  std::string Directory(const char* name) const;
  void ReportFlushFailure(FlushTask& task);

  const uint32_t number_;
  const EngineOptions& options_;
  const Env env_;
  PartStore parts_;
  Lineage lineage_;
  VersionSet versions_;
  SeriesFiles series_files_;
  std::unique_ptr<WalWriter> wal_;
  std::unordered_map<uint64_t, uint64_t> batch_of_seq_;  // During start, with several shards.
  uint64_t rows_recovered_ = 0;
  Health& health_;
  Quarantine quarantine_;

  // During start: what is not known because the log is damaged.
  std::vector<WalDamage> damages_;
  LostSeries lost_series_;
  SeriesFiles::Loaded series_loaded_;
  uint64_t next_replayed_ = 0;    // The record that should be replayed next.
  bool has_hole_ = false;         // Whether one is missing before the present.
  uint64_t first_lost_rows_ = 0;  // The first record with rows of lost series, 0 for none.
  uint64_t rows_lost_ = 0;

  mutable std::shared_mutex state_mutex_;
  std::unordered_map<TableId, std::unique_ptr<Table>> tables_;  // Guarded by state_mutex_.
  std::shared_ptr<const Version> version_;                      // Guarded by state_mutex_.
  bool flushing_ = false;                                       // Guarded by state_mutex_.
  std::optional<FlushTask> failed_flush_;  // To be taken again; guarded by state_mutex_.

  // Of the log task.
  std::vector<std::shared_ptr<Memtable>> unpublished_;
  std::vector<Table*> with_unpublished_;  // Tables whose active memtable is among them.
  std::vector<std::pair<Tombstone, int64_t>> unpublished_deletes_;  // And when they were applied.
  size_t frozen_by_deletes_ = 0;
  std::optional<uint64_t> drops_forgotten_;  // CatalogSnapshot::num_tables_dropped() of the last.
  // Records below it are in memtables or parts. The log may hold more: a batch that another shard
  // failed to log. Only a restart says whether that counts, so no flush may pass it.
  uint64_t applied_end_ = 0;
  std::vector<NewSeries> unlogged_series_;       // Have ids, and no record yet.
  std::vector<SeriesRange> series_since_flush_;  // In records, and in no series file yet.
  Mutex install_mutex_;  // A commit and its swap are one step: no version without its memtables.
};

}  // namespace stria::storage
