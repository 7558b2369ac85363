// What the other folders see of the storage engine: open, write, scan, flush, close.
//
// The life of a write: Submit() binds the batch to the catalog (new tables and columns are one
// catalog commit), routes its rows to shards, and each shard's log writer assigns a sequence
// number, writes one columnar WAL record, joins the group commit, appends to the memtable,
// publishes, and only then calls back.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/memory_budget.h"
#include "storage/base/random.h"
#include "storage/base/status.h"
#include "storage/engine/health.h"
#include "storage/engine/scan.h"
#include "storage/engine/series_text_cache.h"
#include "storage/io/file_system.h"
#include "storage/types/row_batch.h"
#include "storage/types/schema.h"
#include "storage/types/table_options.h"

namespace stria::storage {

/// Everything outside the engine that it may touch. The objects outlive it.
struct Env {
  FileSystem* files = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  Executor* executor = nullptr;
};

struct EngineOptions {
  std::string directory;
  uint32_t num_shards = 1;                 ///< only at first start; later it must agree
  uint64_t memtable_bytes = 128ULL << 20;  ///< a table's memtable is flushed at this size
  uint64_t memory_bytes = 2ULL << 30;      ///< all memtables together
  uint64_t wal_bytes = 256ULL << 20;       ///< log kept at most, before tables are flushed
  uint64_t wal_segment_bytes = 16ULL << 20;
  uint64_t cache_bytes = 512ULL << 20;                  ///< verified encoded pages
  uint64_t max_open_files = 1024;                       ///< part files kept open
  uint64_t disk_reserve_bytes = 64ULL << 20;            ///< writes stop with kDiskFull below this
  int64_t flush_after_ns = 600LL * 1'000'000'000;       ///< an idle memtable is flushed at this age
  int64_t compact_after_ns = 30LL * 1'000'000'000;      ///< an idle table is compacted at this age
  int64_t partition_ns = 86'400LL * 1'000'000'000;      ///< of tables created from now on
  uint64_t compaction_bytes_per_second = 128ULL << 20;  ///< written by itself, at most
  uint64_t series_cache_bytes = 64ULL << 20;  ///< texts of series whose id is known; 0 = none
  uint32_t max_columns = 10'000;              ///< of a table without a limit of its own; so below
  uint64_t max_series = 20'000'000;           ///< known ones go on
  bool create_databases = true;               ///< a write to an unknown database makes it
  /// Of the process; outlives the engine. Null: no limit but those above.
  MemoryBudget* memory = nullptr;
};

/// Why one row was not stored.
struct RowRejection {
  uint32_t line_offset = 0;  ///< RowBatch::line_offsets of the row
  StatusCode code = StatusCode::kInvalidArgument;
  std::string reason;
  // Set for a type conflict, for the dialects that word it themselves.
  std::string table, column;
  DataType type_given = DataType::kNull, type_stored = DataType::kNull;
};

struct WriteResult {
  Status status;  ///< not ok: nothing of the batch was stored
  uint64_t rows_written = 0;
  uint64_t rows_rejected = 0;
  std::vector<RowRejection> rejections;  ///< the first 10,000
};

/// Which rows a DELETE takes: those of `table` in `time` whose series satisfy all of `tags`.
struct DeleteRequest {
  TableSchemaPtr table;
  TimeRange time;
  std::vector<TagPredicate> tags;
};

struct WriteRequest {
  std::string database;
  std::vector<RowBatch> batches;           ///< one for each table; become one WAL record per shard
  std::shared_ptr<const void> keep_alive;  ///< owner of the bytes that string values point into
  /// False: answer after queueing, before the disk has it, unless a million such rows wait already.
  bool sync = true;
};

using WriteCallback = std::function<void(WriteResult)>;

struct PartInfo {
  std::string database, table, file, tier;
  uint32_t shard = 0;
  uint64_t offset = 0, bytes = 0, rows = 0, seq_min = 0, seq_max = 0;
  int64_t min_time = 0, max_time = 0;
};

struct TableInfo {
  TableSchemaPtr schema;
  uint64_t rows_in_parts = 0, rows_in_memtable = 0, part_bytes = 0, num_parts = 0, num_series = 0;
  int64_t min_time = 0, max_time = 0;  ///< meaningful when there are rows
  uint64_t max_series = 0;             ///< in force: its own, or the server's
  uint32_t max_columns = 0;
};

struct ShardInfo {
  uint32_t shard = 0;
  uint64_t rows = 0, bytes = 0, series = 0, next_seq = 0, wal_low = 0, wal_bytes = 0, slots = 0,
           parts = 0;
  uint64_t series_bytes = 0;  ///< of the index of series, in memory
};

/// Running totals for /metrics.
struct EngineMetrics {
  uint64_t wal_syncs = 0, wal_sync_ns = 0, wal_bytes_written = 0, flushes = 0, compactions = 0;
  uint64_t wal_bytes = 0;  ///< of segments that hold records
  uint64_t memtable_bytes = 0, cache_bytes = 0, series_bytes = 0;
  int64_t recovery_ns = 0;
  uint64_t rows_recovered = 0;
  bool read_only = false;  ///< the log failed: no writes until a restart
  bool disk_full = false;
};

/// Thread safety: thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Opens or creates the data directory and recovers. Fails with kUnavailable when another process
  /// holds it, kInvalidArgument when it has another number of shards, kCorruption on damage.
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options, const Env& env);

  /// Writes a batch; calls `done` exactly once, from a thread of the executor or from this one.
  virtual void Submit(WriteRequest request, WriteCallback done) = 0;

  /// The series of a database that a decoder need not take apart; `database` outlives the result.
  virtual KnownSeries SeriesOf(std::string_view database) const = 0;

  /// Submit(), and waits for the answer. Not for threads of Lane::kLog.
  virtual WriteResult Write(WriteRequest request) = 0;

  /// Deletes every row that was acknowledged before, for every scan that is opened after; rows that
  /// are written later with the same keys stay. Durable when it returns. The bytes go with the next
  /// compaction. Works on a full disk. Fails with kUnavailable when the table was dropped. Not for
  /// threads of Lane::kLog.
  virtual Status Delete(const DeleteRequest& request) = 0;

  // Each is durable when it returns; scans that are open go on. The space is freed by
  // housekeeping. Each fails with kNotFound, naming what is not there.

  virtual Status DropTable(std::string_view database, std::string_view table) = 0;
  virtual Status DropDatabase(std::string_view name) = 0;
  /// Of a field: rows stay, also those that have no other. Fails with kInvalidArgument for the time
  /// and for a tag, which is part of what tells series apart.
  virtual Status DropColumn(std::string_view database, std::string_view table,
                            std::string_view column) = 0;

  /// Durable when it returns. What the options leave out is as the engine is set. Fails with
  /// kAlreadyExists, kNotFound when the database is not there, kResourceExhausted for more columns
  /// than it may have.
  virtual Status CreateTable(const NewTable& table) = 0;
  /// Durable when it returns. A new width of partitions holds for parts that are written from now
  /// on; a limit below what is there keeps what is there. Fails with kNotFound.
  virtual Status SetOptions(std::string_view database, std::string_view table,
                            const TableOptionsChange& options) = 0;

  virtual Status CreateDatabase(std::string_view name) = 0;  ///< no error if it is there
  virtual bool HasDatabase(std::string_view name) const = 0;
  virtual std::vector<std::string> Databases() const = 0;  ///< sorted
  /// The current schema, or nullptr.
  virtual TableSchemaPtr FindTable(std::string_view database, std::string_view table) const = 0;
  virtual std::vector<TableSchemaPtr> Tables(std::string_view database) const = 0;  ///< by name

  /// Opens a snapshot of one table.
  virtual Result<std::unique_ptr<Scan>> OpenScan(const ScanRequest& request) = 0;

  /// Writes every row that is acknowledged now into parts, and returns when they are durable.
  virtual Status Flush() = 0;
  /// Flush(), then merges each partition's parts into few.
  virtual Status Compact() = 0;

  virtual TableInfo DescribeTable(const TableSchema& table) const = 0;
  virtual std::vector<PartInfo> Parts() const = 0;
  virtual std::vector<ShardInfo> Shards() const = 0;
  virtual EngineMetrics metrics() const = 0;
  /// What is wrong, and for each component that is well a row that says so.
  virtual std::vector<HealthEntry> HealthEntries() const = 0;

  /// Refuses new writes, finishes those under way and stops background work. Does not flush: the
  /// log has everything. Called by the destructor.
  virtual void Close() = 0;
};

}  // namespace stria::storage
