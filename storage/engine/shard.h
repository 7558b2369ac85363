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
#include "storage/compaction/compaction_picker.h"
#include "storage/engine/bind_rows.h"
#include "storage/engine/engine.h"
#include "storage/engine/part_store.h"
#include "storage/flush/part_file_writer.h"
#include "storage/io/block_cache.h"
#include "storage/manifest/version_set.h"
#include "storage/memtable/memtable.h"
#include "storage/series/series_index.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"

namespace stria::storage {

/// What a scan of one table sees of one shard, all of one moment.
struct ShardSnapshot {
  std::shared_ptr<const Version> version;  ///< keeps the files of its parts
  /// Oldest first, with the rows that count.
  std::vector<std::pair<std::shared_ptr<const Memtable>, uint64_t>> memtables;
  std::shared_ptr<TableSeriesIndex> series;  ///< null: the table has no row here
};

/// Memtables taken out of writing, and what their flush will commit.
struct FlushTask {
  std::vector<std::shared_ptr<Memtable>> memtables;
  std::vector<NewSeries> series;  ///< introduced since the flush before
  uint64_t wal_low = 0;
};

class Shard {
 public:
  Shard(uint32_t number, const EngineOptions& options, const Env& env, BlockCache& cache);

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
  Status ReserveLog(std::span<const std::vector<std::byte>> payloads);
  /// Appends one record for each element, as one group; does nothing for none.
  Status AppendToLog(std::span<const std::vector<std::byte>> payloads);
  /// Takes the series that the next record must introduce.
  std::vector<NewSeries> TakeUnloggedSeries();
  /// They are in a record now, and go into the next series file.
  void SeriesLogged(std::vector<NewSeries> series);
  /// Gives them back: the record was not written.
  void ReturnUnloggedSeries(std::vector<NewSeries> series);
  /// Appends rows of record `seq` to their memtables, unseen until Publish().
  void Apply(std::span<const BoundTable> tables, uint64_t seq, int64_t now_ns);
  void Publish();
  uint64_t next_seq() const { return wal_->next_seq(); }
  /// Takes the memtables for which `due` holds out of writing; nullopt when there are none, or when
  /// a flush is under way, as `is_under_way` then tells.
  std::optional<FlushTask> BeginFlush(const std::function<bool(const Memtable&)>& due,
                                      bool& is_under_way);

  // In the background.

  Status RunFlush(FlushTask& task, const CatalogSnapshot& catalog);
  /// Compacts at most one group of parts of each table; the new parts share a file. Returns the
  /// number of groups, 0 when there was nothing to do. A table with parts that are damaged is added
  /// to `damaged` and left as it is; those that are there already are not looked at.
  Result<size_t> Compact(std::span<const TableSchemaPtr> tables, const CompactionPolicy& policy,
                         std::map<TableId, Status>& damaged);
  Status PrepareLog() { return wal_->WantsNext() ? wal_->PrepareNext() : Status::Ok(); }
  /// Sorts the full chunks of memtables, so that queries need not.
  void SortMemtables() const;
  /// Removes files that no version names any more.
  void CollectGarbage();

  // From anywhere.

  ShardSnapshot Snapshot(TableId table) const;
  std::shared_ptr<const Version> version() const;
  PartStore& parts() { return parts_; }
  ShardInfo Info() const;
  uint64_t memtable_bytes() const;
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
    bool has_unpublished = false;                   // Of the log task.
  };

  Table& FindOrAddTable(TableId table);
  std::shared_ptr<TableSeriesIndex> SeriesOf(TableId table) const;
  Status RemoveOrphans();
  Status ReplayRecord(const WalFrame& frame, const CatalogSnapshot& catalog, bool is_void);
  Result<std::string> WriteSeriesFile(const std::vector<NewSeries>& series);
  Status CommitFlush(FlushTask& task, const CatalogSnapshot& catalog, VersionEdit& edit,
                     const std::string& part_file);
  Result<PartMeta> CompactGroup(const TableSchemaPtr& schema, const std::vector<PartMeta>& picked,
                                PartFileWriter& writer, VersionEdit& edit);
  void RemoveUncommitted(const std::string& part_file, const VersionEdit& edit);
  std::string NewFileName(const char* suffix);
  std::string Directory(const char* name) const;
  void ReportFlushFailure(FlushTask& task);

  const uint32_t number_;
  const EngineOptions& options_;
  const Env env_;
  PartStore parts_;
  Lineage lineage_;
  VersionSet versions_;
  std::unique_ptr<WalWriter> wal_;
  std::unordered_map<uint64_t, uint64_t> batch_of_seq_;  // During start, with several shards.
  uint64_t rows_recovered_ = 0;

  mutable std::shared_mutex state_mutex_;
  std::unordered_map<TableId, std::unique_ptr<Table>> tables_;  // Guarded by state_mutex_.
  std::shared_ptr<const Version> version_;                      // Guarded by state_mutex_.
  bool flushing_ = false;                                       // Guarded by state_mutex_.
  std::optional<FlushTask> failed_flush_;  // To be taken again; guarded by state_mutex_.

  // Of the log task.
  std::vector<Table*> unpublished_;
  // Records below it are in memtables or parts. The log may hold more: a batch that another shard
  // failed to log. Only a restart says whether that counts, so no flush may pass it.
  uint64_t applied_end_ = 0;
  std::vector<NewSeries> unlogged_series_;     // Have ids, and no record yet.
  std::vector<NewSeries> series_since_flush_;  // In records, and in no series file yet.
  Mutex compaction_mutex_;                     // One compaction at a time.
  Mutex install_mutex_;  // A commit and its swap are one step: no version without its memtables.
};

}  // namespace stria::storage
