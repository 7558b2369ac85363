#include "storage/catalog/catalog.h"

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <utility>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/catalog/catalog_format.h"
#include "storage/types/series_key.h"
#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

using TableName = std::pair<std::string_view, std::string_view>;

TableName NameOf(const TableSchemaPtr& table) {
  return {table->database, table->name};
}

uint32_t IdOf(const TableSchemaPtr& table) {
  return table->id.value();
}

size_t BucketOf(const TableName& name, size_t num_buckets) {
  constexpr size_t kOddMultiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio; mixes upwards.
  const std::hash<std::string_view> hash;
  return ((hash(name.first) * kOddMultiplier) ^ hash(name.second)) % num_buckets;
}

// `bucket` with `table`, which may replace one that is equal by `key`.
template <typename Bucket, typename Key>
Bucket WithTable(const Bucket& bucket, const TableSchemaPtr& table, const Key& key) {
  auto tables = bucket == nullptr ? std::make_shared<std::vector<TableSchemaPtr>>()
                                  : std::make_shared<std::vector<TableSchemaPtr>>(*bucket);
  const auto place = std::ranges::lower_bound(*tables, key(table), {}, key);
  if (place != tables->end() && key(*place) == key(table)) {
    *place = table;
  } else {
    tables->insert(place, table);
  }
  return tables;
}

// `bucket` without the table that `key` makes `gone`.
template <typename Bucket, typename Wanted, typename Key>
Bucket WithoutTable(const Bucket& bucket, const Wanted& gone, const Key& key) {
  if (bucket == nullptr) return nullptr;
  auto tables = std::make_shared<std::vector<TableSchemaPtr>>(*bucket);
  std::erase_if(*tables, [&](const TableSchemaPtr& table) { return key(table) == gone; });
  return tables;
}

// The table of `bucket` that `key` makes `wanted`, or nullptr.
template <typename Bucket, typename Wanted, typename Key>
TableSchemaPtr FindIn(const Bucket& bucket, const Wanted& wanted, const Key& key) {
  if (bucket == nullptr) return nullptr;
  const auto place = std::ranges::lower_bound(*bucket, wanted, {}, key);
  return place != bucket->end() && key(*place) == wanted ? *place : nullptr;
}

// What `options` make of a table.
void Apply(const TableOptionsChange& options, int64_t default_partition_ns, TableSchema& table) {
  if (options.partition_ns)
    table.partition_ns = *options.partition_ns > 0 ? *options.partition_ns : default_partition_ns;
  if (options.max_series) table.limits.max_series = *options.max_series;
  if (options.max_columns) table.limits.max_columns = *options.max_columns;
}

// The schema that `change` makes of `before` (nullptr: a new table). Null when nothing changes.
Result<std::shared_ptr<TableSchema>> Extend(const TableSchema* before,
                                            const CatalogEdit::TableChange& change,
                                            uint32_t max_columns) {
  auto table = std::make_shared<TableSchema>();
  if (before != nullptr) {
    *table = *before;
  } else {
    table->database = change.database;
    table->name = change.table;
    table->partition_ns = change.partition_ns > 0 ? change.partition_ns : kNsPerDay;
    table->columns.push_back({.id = ColumnId(0),
                              .name = std::string(kTimeColumnName),
                              .role = ColumnRole::kTime,
                              .type = DataType::kTimestamp});
  }
  if (table->limits.max_columns != 0) max_columns = table->limits.max_columns;
  const size_t num_before = before == nullptr ? 0 : before->columns.size();
  // Room first: short names lie inside the columns, which `known` points into.
  table->columns.reserve(table->columns.size() + change.columns.size());
  std::unordered_set<std::string_view> known;
  for (const auto& column : table->columns)
    known.insert(column.name);
  for (const auto& column : change.columns) {
    if (!known.insert(column.name).second) continue;
    if (table->columns.size() > max_columns) {
      return ResourceExhausted(
          "table {}.{} may have {} columns; column \"{}\" would be one more. Raise its "
          "max_columns, "
          "or write that name as a tag's value instead of a column",
          change.database, change.table, max_columns, column.name);
    }
    table->columns.push_back({.id = ColumnId(table->next_column_id++),
                              .name = column.name,
                              .role = column.role,
                              .type = column.type});
  }
  if (table->columns.size() == num_before) table.reset();
  return table;
}

}  // namespace

bool CatalogSnapshot::HasDatabase(std::string_view name) const {
  return std::ranges::binary_search(*databases_, name, {}, &Database::name);
}

TableSchemaPtr CatalogSnapshot::Find(std::string_view database, std::string_view table) const {
  const TableName name(database, table);
  return FindIn(by_name_[BucketOf(name, kNumBuckets)], name, NameOf);
}

TableSchemaPtr CatalogSnapshot::Find(TableId table) const {
  return FindIn(by_id_[table.value() % kNumBuckets], table.value(), IdOf);
}

std::vector<TableSchemaPtr> CatalogSnapshot::Tables() const {
  std::vector<TableSchemaPtr> tables;
  for (const auto& bucket : by_id_) {
    if (bucket == nullptr) continue;
    tables.insert(tables.end(), bucket->begin(), bucket->end());
  }
  std::ranges::sort(tables, {}, NameOf);
  return tables;
}

std::vector<TableSchemaPtr> CatalogSnapshot::Tables(std::string_view database) const {
  auto tables = Tables();
  std::erase_if(tables, [&](const auto& table) { return table->database != database; });
  return tables;
}

void CatalogSnapshot::Put(const TableSchemaPtr& table) {
  auto& by_name = by_name_[BucketOf(NameOf(table), kNumBuckets)];
  by_name = WithTable(by_name, table, NameOf);
  auto& by_id = by_id_[table->id.value() % kNumBuckets];
  by_id = WithTable(by_id, table, IdOf);
  next_table_id_ = std::max(next_table_id_, table->id.value() + 1);
}

void CatalogSnapshot::Erase(const TableSchemaPtr& table) {
  auto& by_name = by_name_[BucketOf(NameOf(table), kNumBuckets)];
  by_name = WithoutTable(by_name, NameOf(table), NameOf);
  auto& by_id = by_id_[table->id.value() % kNumBuckets];
  by_id = WithoutTable(by_id, table->id.value(), IdOf);
  ++num_tables_dropped_;
}

// Reads what one record says into `snapshot`.
Status Catalog::ApplyRecord(std::span<const std::byte> payload, CatalogSnapshot& snapshot) {
  auto databases = std::make_shared<std::vector<CatalogSnapshot::Database>>(snapshot.databases());
  ByteReader reader(payload);
  while (!reader.empty()) {
    STRIA_ASSIGN_OR_RETURN(const auto entry, reader.Read<uint8_t>());
    if (entry == static_cast<uint8_t>(Entry::kServer)) {
      STRIA_ASSIGN_OR_RETURN(snapshot.num_shards_, ReadSmall(reader));
      STRIA_ASSIGN_OR_RETURN(snapshot.lineage_.high, reader.Read<uint64_t>());
      STRIA_ASSIGN_OR_RETURN(snapshot.lineage_.low, reader.Read<uint64_t>());
      if (snapshot.num_shards_ == 0 || snapshot.num_shards_ > kNumSlots) {
        return Corruption("a server of {} shards", snapshot.num_shards_);
      }
    } else if (entry == static_cast<uint8_t>(Entry::kDatabase)) {
      STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
      STRIA_ASSIGN_OR_RETURN(const auto name, reader.ReadString());
      databases->push_back({DatabaseId(id), std::string(name)});
      snapshot.next_database_id_ = std::max(snapshot.next_database_id_, id + 1);
    } else if (entry == static_cast<uint8_t>(Entry::kTable)) {
      STRIA_ASSIGN_OR_RETURN(const auto table, ReadTable(reader));
      const auto same_id = snapshot.Find(table->id);
      const auto same_name = snapshot.Find(table->database, table->name);
      if ((same_id == nullptr) != (same_name == nullptr) ||
          (same_id != nullptr && same_id->id != same_name->id)) {
        return Corruption("table {}.{} has id {}, which is another table's, or had another id",
                          table->database, table->name, table->id.value());
      }
      if (same_id != nullptr) table->limits = same_id->limits;  // Until an entry changes them.
      snapshot.Put(table);
    } else if (entry == static_cast<uint8_t>(Entry::kTableOptions)) {
      STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
      const auto table = snapshot.Find(TableId(id));
      if (table == nullptr) return Corruption("table {} has options, and is not there", id);
      auto limited = std::make_shared<TableSchema>(*table);
      STRIA_ASSIGN_OR_RETURN(limited->limits, ReadLimits(reader));
      snapshot.Put(limited);
    } else if (entry == static_cast<uint8_t>(Entry::kNewColumns)) {
      STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
      const auto table = snapshot.Find(TableId(id));
      if (table == nullptr) return Corruption("table {} has new columns, and is not there", id);
      auto wider = std::make_shared<TableSchema>(*table);
      STRIA_RETURN_IF_ERROR(ReadColumns(reader, *wider));
      snapshot.Put(wider);
    } else if (entry == static_cast<uint8_t>(Entry::kNextIds)) {
      STRIA_ASSIGN_OR_RETURN(const auto table_id, ReadSmall(reader));
      STRIA_ASSIGN_OR_RETURN(const auto database_id, ReadSmall(reader));
      snapshot.next_table_id_ = std::max(snapshot.next_table_id_, table_id);
      snapshot.next_database_id_ = std::max(snapshot.next_database_id_, database_id);
    } else if (entry == static_cast<uint8_t>(Entry::kDropTable)) {
      STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
      const auto table = snapshot.Find(TableId(id));
      if (table == nullptr) return Corruption("table {} is dropped, and is not there", id);
      snapshot.Erase(table);
    } else if (entry == static_cast<uint8_t>(Entry::kDropDatabase)) {
      STRIA_ASSIGN_OR_RETURN(const auto id, ReadSmall(reader));
      if (std::erase_if(*databases,
                        [&](const auto& database) { return database.id == DatabaseId(id); }) == 0) {
        return Corruption("database {} is dropped, and is not there", id);
      }
    } else {
      return Corruption("catalog entry {} is not known", entry);
    }
  }
  std::ranges::sort(*databases, {}, &CatalogSnapshot::Database::name);
  if (const auto twice =
          std::ranges::adjacent_find(*databases, {}, &CatalogSnapshot::Database::name);
      twice != databases->end()) {
    return Corruption("database \"{}\" is created twice", twice->name);
  }
  snapshot.databases_ = std::move(databases);
  return Status::Ok();
}

Status Catalog::Open(uint32_t num_shards, Lineage lineage) {
  const MutexLock commit_lock(commit_mutex_);
  auto snapshot = std::make_shared<CatalogSnapshot>();
  const auto apply = [&](NumberedLog::Kind kind, std::span<const std::byte> payload) -> Status {
    if (kind == NumberedLog::Kind::kSnapshot) snapshot = std::make_shared<CatalogSnapshot>();
    return ApplyRecord(payload, *snapshot);
  };
  STRIA_RETURN_IF_ERROR(log_.Open(apply));
  if (snapshot->num_shards_ == 0) {
    if (log_.last_number() > 0) {
      return Corruption("{}: does not say how many shards there are", log_.directory());
    }
    num_shards = std::max(num_shards, 1U);
    if (num_shards > kNumSlots) {
      return InvalidArgument("{} shards are too many; the greatest number is {}", num_shards,
                             kNumSlots);
    }
    std::vector<std::byte> record;
    AppendServer(num_shards, lineage, record);
    STRIA_RETURN_IF_ERROR(log_.AppendEdit(record));
    snapshot->num_shards_ = num_shards;
    snapshot->lineage_ = lineage;
  }
  const MutexLock lock(mutex_);
  current_ = std::move(snapshot);
  return Status::Ok();
}

CatalogSnapshotPtr Catalog::current() const {
  const MutexLock lock(mutex_);
  return current_;
}

Status Catalog::Append(const std::vector<std::byte>& edit, const CatalogSnapshot& next) {
  if (!log_.WantsSnapshot()) return log_.AppendEdit(edit);
  std::vector<std::byte> record;
  AppendServer(next.num_shards_, next.lineage_, record);
  AppendNextIds(next.next_table_id_, next.next_database_id_, record);
  for (const auto& database : next.databases())
    AppendDatabase(database.id, database.name, record);
  for (const auto& bucket : next.by_id_) {
    if (bucket == nullptr) continue;
    for (const auto& table : *bucket) {
      AppendTable(*table, record);
      if (table->limits != TableLimits()) AppendLimits(*table, record);
    }
  }
  return log_.AppendSnapshot(record);
}

// Lets `change` make the next snapshot and the record of it, and makes them durable and current.
template <typename Change>
Status Catalog::CommitChange(const Change& change) {
  const MutexLock commit_lock(commit_mutex_);
  if (failed_) return IoError("the catalog failed earlier; restart to recover");
  auto next = std::make_shared<CatalogSnapshot>(*current());
  std::vector<std::byte> record;
  STRIA_RETURN_IF_ERROR(change(*next, record));
  if (record.empty()) return Status::Ok();
  if (Status status = Append(record, *next); !status.ok()) {
    failed_ = status.code() != StatusCode::kDiskFull;
    return status;
  }
  const MutexLock lock(mutex_);
  current_ = std::move(next);
  return Status::Ok();
}

Status Catalog::Commit(const CatalogEdit& edit, uint32_t max_columns) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    // A copy, made at the first.
    std::shared_ptr<std::vector<CatalogSnapshot::Database>> databases;
    const auto add_database = [&](const std::string& name) {
      if (next.HasDatabase(name)) return;
      if (databases == nullptr) {
        databases = std::make_shared<std::vector<CatalogSnapshot::Database>>(*next.databases_);
        next.databases_ = databases;
      }
      const CatalogSnapshot::Database database{DatabaseId(next.next_database_id_++), name};
      AppendDatabase(database.id, database.name, record);
      databases->insert(
          std::ranges::upper_bound(*databases, name, {}, &CatalogSnapshot::Database::name),
          database);
    };
    for (const auto& name : edit.databases)
      add_database(name);
    for (const auto& change : edit.tables) {
      add_database(change.database);
      const auto known = next.Find(change.database, change.table);
      STRIA_ASSIGN_OR_RETURN(auto table, Extend(known.get(), change, max_columns));
      if (table == nullptr) continue;
      if (known == nullptr) {
        table->id = TableId(next.next_table_id_++);
        table->database_id = std::ranges::lower_bound(next.databases(), change.database, {},
                                                      &CatalogSnapshot::Database::name)
                                 ->id;
      }
      if (known == nullptr) {
        AppendTable(*table, record);
      } else {
        AppendNewColumns(*table, known->columns.size(), record);
      }
      next.Put(table);
    }
    return Status::Ok();
  });
}

namespace {

Status TableNotFound(std::string_view database, std::string_view table) {
  return NotFound("table \"{}\" not found in {}", table, database);
}

}  // namespace

Status Catalog::CreateTable(const NewTable& table, int64_t partition_ns, uint32_t max_columns) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    const auto database = std::ranges::lower_bound(next.databases(), table.database, {},
                                                   &CatalogSnapshot::Database::name);
    if (database == next.databases().end() || database->name != table.database)
      return NotFound("database \"{}\" not found", table.database);
    if (next.Find(table.database, table.name) != nullptr)
      return AlreadyExists("table {}.{} is there already", table.database, table.name);
    CatalogEdit::TableChange change{.database = table.database,
                                    .table = table.name,
                                    .partition_ns = partition_ns,
                                    .columns = {}};
    for (const auto& column : table.columns)
      change.columns.push_back({column.name, column.role, column.type});
    const uint32_t limit = table.options.max_columns.value_or(0);
    STRIA_ASSIGN_OR_RETURN(auto made, Extend(nullptr, change, limit != 0 ? limit : max_columns));
    made->id = TableId(next.next_table_id_++);
    made->database_id = database->id;
    Apply(table.options, partition_ns, *made);
    AppendTable(*made, record);
    if (made->limits != TableLimits()) AppendLimits(*made, record);
    next.Put(made);
    return Status::Ok();
  });
}

Status Catalog::SetOptions(std::string_view database, std::string_view table,
                           const TableOptionsChange& options, int64_t partition_ns) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    const auto found = next.Find(database, table);
    if (found == nullptr) return TableNotFound(database, table);
    auto changed = std::make_shared<TableSchema>(*found);
    Apply(options, partition_ns, *changed);
    if (changed->partition_ns != found->partition_ns) AppendTable(*changed, record);
    if (changed->limits != found->limits) AppendLimits(*changed, record);
    next.Put(changed);
    return Status::Ok();
  });
}

Status Catalog::DropTable(std::string_view database, std::string_view table) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    const auto found = next.Find(database, table);
    if (found == nullptr) return TableNotFound(database, table);
    AppendDropTable(found->id, record);
    next.Erase(found);
    KillPoint("drop.commit");
    return Status::Ok();
  });
}

Status Catalog::DropDatabase(std::string_view name) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    if (!next.HasDatabase(name)) return NotFound("database \"{}\" not found", name);
    for (const auto& table : next.Tables(name)) {
      AppendDropTable(table->id, record);
      next.Erase(table);
    }
    auto databases = std::make_shared<std::vector<CatalogSnapshot::Database>>(next.databases());
    const auto place =
        std::ranges::lower_bound(*databases, name, {}, &CatalogSnapshot::Database::name);
    AppendDropDatabase(place->id, record);
    databases->erase(place);
    next.databases_ = std::move(databases);
    KillPoint("drop.commit");
    return Status::Ok();
  });
}

Status Catalog::DropColumn(std::string_view database, std::string_view table,
                           std::string_view column) {
  return CommitChange([&](CatalogSnapshot& next, std::vector<std::byte>& record) -> Status {
    const auto found = next.Find(database, table);
    if (found == nullptr) return TableNotFound(database, table);
    const ColumnSchema* const dropped = found->Find(column);
    if (dropped == nullptr) {
      return NotFound("column \"{}\" not found in {}.{}", column, database, table);
    }
    if (dropped->role != ColumnRole::kField) {
      return InvalidArgument(
          "column \"{}\" of {}.{} is {}; only fields can be dropped", column, database, table,
          dropped->role == ColumnRole::kTag ? "a tag, which is part of the identity of its series"
                                            : "the time");
    }
    auto changed = std::make_shared<TableSchema>(*found);
    std::erase_if(changed->columns,
                  [&](const ColumnSchema& other) { return other.id == dropped->id; });
    AppendTable(*changed, record);
    next.Put(changed);
    KillPoint("drop.commit");
    return Status::Ok();
  });
}

}  // namespace stria::storage
