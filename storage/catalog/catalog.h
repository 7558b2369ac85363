// Databases, tables and columns by name: the only owner of schemas.
//
// A snapshot of the catalog is immutable and shared; a commit makes the next one and is durable
// before anybody sees it. Ids are never reused. The order of commits decides type races.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/format/part_footer.h"
#include "storage/io/file_system.h"
#include "storage/io/numbered_log.h"
#include "storage/types/schema.h"
#include "storage/types/table_options.h"

namespace stria::storage {

/// One version of the catalog. Copying it copies 2 x 256 pointers, whatever the number of tables.
///
/// Thread safety: immutable once shared.
class CatalogSnapshot {
 public:
  struct Database {
    DatabaseId id;
    std::string name;
  };

  const std::vector<Database>& databases() const { return *databases_; }  ///< ascending by name
  bool HasDatabase(std::string_view name) const;
  /// The schema, or nullptr.
  TableSchemaPtr Find(std::string_view database, std::string_view table) const;
  TableSchemaPtr Find(TableId table) const;
  /// All tables, or those of one database, ascending by name.
  std::vector<TableSchemaPtr> Tables() const;
  std::vector<TableSchemaPtr> Tables(std::string_view database) const;

  uint32_t num_shards() const { return num_shards_; }
  Lineage lineage() const { return lineage_; }
  uint32_t next_table_id() const { return next_table_id_; }
  uint32_t next_database_id() const { return next_database_id_; }
  /// How many tables were dropped since the catalog was opened: for whoever frees their space.
  uint64_t num_tables_dropped() const { return num_tables_dropped_; }

 private:
  friend class Catalog;
  // Ascending by name or id; a commit copies the few that it changes.
  using Bucket = std::shared_ptr<const std::vector<TableSchemaPtr>>;
  static constexpr size_t kNumBuckets = 256;

  void Put(const TableSchemaPtr& table);
  void Erase(const TableSchemaPtr& table);

  std::shared_ptr<const std::vector<Database>> databases_ =
      std::make_shared<std::vector<Database>>();
  std::array<Bucket, kNumBuckets> by_name_;  // By hash of the name.
  std::array<Bucket, kNumBuckets> by_id_;    // By id modulo kNumBuckets.
  uint32_t num_shards_ = 0;
  Lineage lineage_;
  uint32_t next_table_id_ = 1;
  uint32_t next_database_id_ = 1;
  uint64_t num_tables_dropped_ = 0;
};

using CatalogSnapshotPtr = std::shared_ptr<const CatalogSnapshot>;

/// One atomic change: what a batch needs that is not there.
struct CatalogEdit {
  struct NewColumn {
    std::string name;
    ColumnRole role = ColumnRole::kField;
    DataType type = DataType::kFloat64;
  };
  /// A new table, or new columns of an existing one.
  struct TableChange {
    std::string database;
    std::string table;
    int64_t partition_ns = 0;  ///< of a new table
    std::vector<NewColumn> columns;
  };
  std::vector<std::string> databases;  ///< to create
  std::vector<TableChange> tables;
};

/// Thread safety: thread-safe.
class Catalog {
 public:
  Catalog(FileSystem& files, std::string directory) : log_(files, std::move(directory)) {}

  /// Loads the catalog. A new one gets `num_shards` (1 for 0) and `lineage` with its first record.
  /// Fails with kInvalidArgument for more shards than there are slots.
  Status Open(uint32_t num_shards, Lineage lineage);

  CatalogSnapshotPtr current() const;

  /// Makes `edit` durable and current. What is there already with the same type is left out, so
  /// that two who race for the same column both succeed; with another type it is left out as well,
  /// and the caller finds the type that won in current(). Fails with kResourceExhausted when a
  /// table would have more than `max_columns`, unless it has a limit of its own, naming it and the
  /// column; then nothing is changed.
  Status Commit(const CatalogEdit& edit, uint32_t max_columns);

  /// Makes a table durable and current. Without a width of its own its partitions are of
  /// `partition_ns`. Fails with kAlreadyExists when it is there, kNotFound when its database is
  /// not, kResourceExhausted like Commit().
  Status CreateTable(const NewTable& table, int64_t partition_ns, uint32_t max_columns);

  /// Makes options durable and current; `partition_ns` is what a width of 0 stands for. Fails with
  /// kNotFound, naming what is not there.
  Status SetOptions(std::string_view database, std::string_view table,
                    const TableOptionsChange& options, int64_t partition_ns);

  // Each makes the drop durable and current. Ids are not given again: what is made anew under the
  // same name is another table or column. Each fails with kNotFound, naming what is not there.

  Status DropTable(std::string_view database, std::string_view table);
  Status DropDatabase(std::string_view name);  ///< and its tables
  /// Of a field; kInvalidArgument for the time and for tags.
  Status DropColumn(std::string_view database, std::string_view table, std::string_view column);

 private:
  static Status ApplyRecord(std::span<const std::byte> payload, CatalogSnapshot& snapshot);
  Status Append(const std::vector<std::byte>& edit, const CatalogSnapshot& next);
  template <typename Change>
  Status CommitChange(const Change& change);

  mutable Mutex mutex_;
  Mutex commit_mutex_;  // One commit at a time; readers do not wait for the disk.
  NumberedLog log_;
  bool failed_ = false;  // Guarded by commit_mutex_.
  CatalogSnapshotPtr current_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
