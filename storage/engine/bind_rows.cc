#include "storage/engine/bind_rows.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/engine/engine_memory.h"
#include "storage/types/series_key.h"
#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

// Tags of a row, as a key. A key is in memory in many places at once, and its values are in
// dictionaries whose blocks of 1,024 values must stay below 4 GiB.
constexpr size_t kMaxSeriesKeyBytes = 128 << 10;

constexpr size_t kMaxRejections = 10'000;  // As many as system.rejects keeps.
constexpr int kMaxTries = 10;  // A guess: each failure means that somebody else made columns.
constexpr int64_t kMaxPartitions = 1000;

size_t FirstRow(const FieldColumn& field) {
  return static_cast<size_t>(
      std::ranges::find_if(field.validity, [](uint8_t valid) { return valid != 0; }) -
      field.validity.begin());
}

// The tag names of a batch with the first series that has each. Series that are known have tags
// that the table has: those were made before the series got its id, and tags are never dropped.
std::map<std::string_view, size_t> TagsOf(const RowBatch& batch) {
  std::map<std::string_view, size_t> tags;
  std::vector<std::string_view> before;  // Names of the series before: mostly these are the same.
  for (size_t i = 0; i < batch.series.size(); ++i) {
    if (batch.series[i].is_known()) continue;
    ByteReader reader(AsBytes(batch.series[i].key));
    for (size_t position = 0; !reader.empty(); ++position) {
      const auto name = reader.ReadString();
      const auto value = reader.ReadString();
      if (!name || !value) break;  // The decoder makes well-formed keys.
      if (position < before.size() && before[position] == *name) continue;
      tags.emplace(*name, i);
      before.resize(std::max(before.size(), position + 1));
      before[position] = *name;
    }
  }
  return tags;
}

// The columns of a table by name; schemas are lists, and wide ones are searched often.
class ColumnMap {
 public:
  explicit ColumnMap(const TableSchema* schema) {
    if (schema == nullptr) return;
    for (const auto& column : schema->columns)
      columns_.emplace(column.name, &column);
  }
  const ColumnSchema* Find(std::string_view name) const {
    const auto found = columns_.find(name);
    return found == columns_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::string_view, const ColumnSchema*> columns_;
};

// Whether a row of `batch` may be in conflict with the catalog, or with another row.
bool MayConflict(const RowBatch& batch, const std::map<std::string_view, size_t>& tags,
                 const ColumnMap& known) {
  for (const auto& [name, first] : tags) {
    const ColumnSchema* column = known.Find(name);
    if (column != nullptr && column->role != ColumnRole::kTag) return true;
  }
  std::unordered_set<std::string_view> new_fields;
  for (const auto& field : batch.fields) {
    if (field.num_valid == 0) continue;
    if (tags.contains(field.name)) return true;
    const ColumnSchema* column = known.Find(field.name);
    if (column == nullptr) {
      if (!new_fields.insert(field.name).second) return true;
    } else if (column->role != ColumnRole::kField || column->type != field.type) {
      return true;
    }
  }
  return false;
}

// Goes through the rows of a batch in conflict, one after the other. A row that fits what is there
// and what earlier rows made adds its columns; any other row will be rejected, and must not decide
// the type of a column that better rows need.
class ConflictingRows {
 public:
  ConflictingRows(const RowBatch& batch, const ColumnMap& known) : batch_(batch), known_(known) {
    for (const auto& series : batch.series) {
      auto& names = tags_.emplace_back();
      const auto parsed = ParseSeriesKey(series.key);
      if (!parsed) continue;
      for (const auto& [name, value] : *parsed)
        names.push_back({name, ColumnRole::kTag, DataType::kString});
    }
  }

  void AddTo(std::vector<CatalogEdit::NewColumn>& columns) {
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      const std::vector<Wanted> wanted = ColumnsOf(row);
      if (!std::ranges::all_of(wanted, [&](const Wanted& column) { return Fits(column); })) {
        continue;
      }
      std::set<std::string_view> names;
      for (const Wanted& column : wanted)
        names.insert(column.name);
      if (names.size() != wanted.size()) continue;  // A tag and a field of one name.
      for (const Wanted& column : wanted) {
        if (known_.Find(column.name) != nullptr) continue;
        if (!added_.emplace(column.name, column).second) continue;
        columns.push_back({std::string(column.name), column.role, column.type});
      }
    }
  }

 private:
  struct Wanted {
    std::string_view name;
    ColumnRole role;
    DataType type;
  };

  std::vector<Wanted> ColumnsOf(size_t row) const {
    std::vector<Wanted> columns = tags_[batch_.series_index[row]];
    for (const auto& field : batch_.fields) {
      if (field.validity[row] != 0) columns.push_back({field.name, ColumnRole::kField, field.type});
    }
    return columns;
  }

  bool Fits(const Wanted& wanted) const {
    if (const ColumnSchema* column = known_.Find(wanted.name); column != nullptr) {
      return column->role == wanted.role && column->type == wanted.type;
    }
    const auto added = added_.find(wanted.name);
    return added == added_.end() ||
           (added->second.role == wanted.role && added->second.type == wanted.type);
  }

  const RowBatch& batch_;
  const ColumnMap& known_;
  std::vector<std::vector<Wanted>> tags_;  // By series.
  std::map<std::string_view, Wanted> added_;
};

// What the catalog lacks for `batch`. Fields in the order of their first row, so that the earlier
// line decides a type.
CatalogEdit::TableChange MissingColumns(const WriteRequest& request, const RowBatch& batch,
                                        const std::map<std::string_view, size_t>& tags,
                                        const ColumnMap& known, int64_t partition_ns) {
  CatalogEdit::TableChange change{.database = request.database,
                                  .table = batch.table,
                                  .partition_ns = partition_ns,
                                  .columns = {}};
  if (MayConflict(batch, tags, known)) {
    ConflictingRows(batch, known).AddTo(change.columns);
    return change;
  }
  for (const auto& [name, first] : tags) {
    if (known.Find(name) != nullptr) continue;
    change.columns.push_back({std::string(name), ColumnRole::kTag, DataType::kString});
  }
  std::vector<const FieldColumn*> fields;
  for (const auto& field : batch.fields) {
    if (field.num_valid > 0 && known.Find(field.name) == nullptr) fields.push_back(&field);
  }
  std::ranges::stable_sort(fields, {}, [](const FieldColumn* field) { return FirstRow(*field); });
  for (const FieldColumn* field : fields) {
    change.columns.push_back({field->name, ColumnRole::kField, field->type});
  }
  return change;
}

// Leaves out the columns that the table has no room for: lines that need them are rejected, the
// others are stored. Returns whether anything is left to do.
bool FitColumns(const TableSchema* schema, uint32_t max_columns, CatalogEdit::TableChange& change) {
  const size_t num_there = schema == nullptr ? 1 : schema->columns.size();
  const size_t most = size_t{max_columns} + 1;  // With the time, which does not count.
  const size_t room = most - std::min(most, num_there);
  if (change.columns.size() > room) change.columns.resize(room);
  return schema == nullptr || !change.columns.empty();
}

// Binds one table of the request.
class TableBinder {
 public:
  TableBinder(RowBatch& batch, TableSchemaPtr schema, uint32_t num_shards,
              const TableLimits& limits, const SeriesLookup& lookup, WriteResult& result)
      : batch_(batch),
        schema_(std::move(schema)),
        columns_(schema_.get()),
        num_shards_(num_shards),
        is_full_(schema_->columns.size() > limits.max_columns),
        limits_(limits),
        lookup_(lookup),
        result_(result) {}

  void Bind(const std::map<std::string_view, size_t>& tags,
            const std::shared_ptr<const void>& keep_alive,
            std::vector<std::vector<BoundTable>>& shards) {
    RejectFieldConflicts();
    RejectTagConflicts(tags);
    RejectWithoutColumn(tags);
    RejectLongKeys();
    RejectSeriesOverLimit();
    RejectSeriesOverMemory();
    if (num_rejected_ == batch_.num_rows()) return;
    for (auto& shard : shards) {
      BoundTable& table = shard.emplace_back();
      table.schema = schema_;
      table.rows.table = schema_->id;
      if (keep_alive != nullptr) table.rows.keep_alive.push_back(keep_alive);
    }
    if (num_shards_ == 1 && num_rejected_ == 0) {
      MoveAll(shards[0].back());
    } else {
      for (uint32_t shard = 0; shard < num_shards_; ++shard) {
        CopySome(shard, shards[shard].back());
      }
    }
    KeepArena(shards);
    for (auto& shard : shards) {
      if (shard.back().rows.num_rows() == 0) shard.pop_back();
    }
  }

  uint64_t num_rejected() const { return num_rejected_; }

 private:
  void Reject(size_t row, std::string_view column, DataType given, DataType stored,
              std::string reason, StatusCode code = StatusCode::kInvalidArgument) {
    if (rejected_.empty()) rejected_.resize(batch_.num_rows(), 0);
    if (rejected_[row] != 0) return;
    rejected_[row] = 1;
    ++num_rejected_;
    ++result_.rows_rejected;
    if (result_.rejections.size() >= kMaxRejections) return;
    RowRejection rejection;
    rejection.line_offset = batch_.line_offsets.empty() ? 0 : batch_.line_offsets[row];
    rejection.code = code;
    rejection.reason = std::move(reason);
    rejection.table = batch_.table;
    rejection.column = column;
    rejection.type_given = given;
    rejection.type_stored = stored;
    result_.rejections.push_back(std::move(rejection));
  }

  void RejectFieldConflicts() {
    for (auto& field : batch_.fields) {
      const ColumnSchema* column = columns_.Find(field.name);
      const bool fits =
          column == nullptr || (column->role == ColumnRole::kField && column->type == field.type);
      if (fits || field.num_valid == 0) continue;
      for (size_t row = 0; row < batch_.num_rows(); ++row) {
        if (field.validity[row] == 0) continue;
        if (column->role != ColumnRole::kField) {
          Reject(row, field.name, field.type, column->type,
                 fmt::format(
                     "field \"{}\" of table {}.{}: the column is a {} there; rename the field",
                     field.name, schema_->database, schema_->name, ColumnRoleName(column->role)));
        } else {
          const DataType stored = column->type;
          Reject(row, field.name, field.type, stored,
                 fmt::format("column \"{}\" of table {}.{} is {}, the line has {}; write it as {}",
                             field.name, schema_->database, schema_->name, DataTypeName(stored),
                             DataTypeName(field.type), DataTypeName(stored)));
        }
      }
    }
  }

  // A tag that is a field there: every row of a series with that tag is rejected.
  void RejectTagConflicts(const std::map<std::string_view, size_t>& tags) {
    for (const auto& [name, first] : tags) {
      const ColumnSchema* column = columns_.Find(name);
      if (column == nullptr || column->role == ColumnRole::kTag) continue;
      RejectRowsWithTag(
          name, first, column->type,
          fmt::format("tag \"{}\" of table {}.{}: the column is a {} there; rename the tag", name,
                      schema_->database, schema_->name, ColumnRoleName(column->role)));
    }
  }

  void RejectRowsWithTag(std::string_view name, size_t first_series, DataType stored,
                         const std::string& reason,
                         StatusCode code = StatusCode::kInvalidArgument) {
    std::vector<uint8_t> has_tag(batch_.series.size(), 0);
    for (size_t i = first_series; i < batch_.series.size(); ++i) {
      const auto parsed = ParseSeriesKey(batch_.series[i].key);
      has_tag[i] = parsed && std::ranges::find(*parsed, name, &TagView::first) != parsed->end();
    }
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      if (has_tag[batch_.series_index[row]] != 0) {
        Reject(row, name, DataType::kString, stored, reason, code);
      }
    }
  }

  // Why a column is not there: for want of room, or of luck.
  StatusCode MissingCode() const {
    return is_full_ ? StatusCode::kResourceExhausted : StatusCode::kInvalidArgument;
  }

  // Rows in conflict make no columns, and were rejected above; but when another request changes the
  // table in the same moment, a row may have lost its conflict and lack the column nonetheless.
  void RejectWithoutColumn(const std::map<std::string_view, size_t>& tags) {
    const auto reason = [&](std::string_view name) {
      if (is_full_) {
        return fmt::format(
            "column \"{}\" would be one more than the {} that table {}.{} may have; raise its "
            "max_columns, or write these fields into another table",
            name, limits_.max_columns, schema_->database, schema_->name);
      }
      return fmt::format("column \"{}\" of table {}.{} was not made; send the line again", name,
                         schema_->database, schema_->name);
    };
    for (const auto& field : batch_.fields) {
      if (field.num_valid == 0 || columns_.Find(field.name) != nullptr) continue;
      for (size_t row = 0; row < batch_.num_rows(); ++row) {
        if (field.validity[row] == 0) continue;
        Reject(row, field.name, field.type, DataType::kNull, reason(field.name), MissingCode());
      }
    }
    for (const auto& [name, first] : tags) {
      if (columns_.Find(name) != nullptr) continue;
      RejectRowsWithTag(name, first, DataType::kNull, reason(name), MissingCode());
    }
  }

  // Decoders of text have a lower limit; this one is for everybody.
  void RejectLongKeys() {
    const auto is_long = [](const BatchSeries& series) {
      return series.key.size() > kMaxSeriesKeyBytes;
    };
    if (std::ranges::none_of(batch_.series, is_long)) return;
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      const BatchSeries& series = batch_.series[batch_.series_index[row]];
      if (!is_long(series)) continue;
      Reject(row, {}, DataType::kNull, DataType::kNull,
             fmt::format("the tags of a row of table {}.{} have {} bytes, at most {} are allowed; "
                         "write long texts into fields",
                         schema_->database, schema_->name, series.key.size(), kMaxSeriesKeyBytes));
    }
  }

  // Series that are new are taken, in the order of their rows, while there is room.
  void RejectSeriesOverLimit() {
    const auto num_new = static_cast<uint64_t>(std::ranges::count_if(
        batch_.series, [](const BatchSeries& series) { return !series.is_known(); }));
    if (num_new == 0) return;
    const uint64_t num_there = lookup_.count(schema_->id);
    if (num_there + num_new <= limits_.max_series) return;
    uint64_t room = limits_.max_series - std::min(limits_.max_series, num_there);
    enum class State : uint8_t { kUnseen, kTaken, kRefused };
    std::vector<State> states(batch_.series.size(), State::kUnseen);
    std::string reason;
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      if (!rejected_.empty() && rejected_[row] != 0) continue;
      State& state = states[batch_.series_index[row]];
      if (state == State::kUnseen) {
        const bool is_known = batch_.series[batch_.series_index[row]].is_known();
        state = is_known || room > 0 ? State::kTaken : State::kRefused;
        room -= !is_known && room > 0 ? 1U : 0U;
      }
      if (state != State::kRefused) continue;
      if (reason.empty()) reason = SeriesLimitReason();
      Reject(row, {}, DataType::kNull, DataType::kNull, reason, StatusCode::kResourceExhausted);
    }
  }

  // The same for memory, which may be there again later.
  void RejectSeriesOverMemory() {
    const bool has_new = std::ranges::any_of(
        batch_.series, [](const BatchSeries& series) { return !series.is_known(); });
    if (!has_new || lookup_.room == nullptr) return;
    uint64_t room = lookup_.room();
    if (room == MemoryBudget::kNoLimit) return;
    std::vector<uint8_t> refused(batch_.series.size(), 0);
    bool any_refused = false;
    for (size_t i = 0; i < batch_.series.size(); ++i) {
      if (batch_.series[i].is_known()) continue;
      const uint64_t bytes = batch_.series[i].key.size() + EngineMemory::kBytesASeries;
      refused[i] = bytes > room ? 1 : 0;
      any_refused = any_refused || bytes > room;
      room -= std::min(room, bytes);
    }
    if (!any_refused) return;
    const std::string reason = SeriesMemoryReason();
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      if (refused[batch_.series_index[row]] == 0) continue;
      Reject(row, {}, DataType::kNull, DataType::kNull, reason, StatusCode::kUnavailable);
    }
  }

  std::string SeriesMemoryReason() const {
    return fmt::format(
               "memory has no room for another series of table {}.{}, which has {}; known series "
               "go on. ",
               schema_->database, schema_->name, lookup_.count(schema_->id)) +
           LargestTagText() + "Otherwise raise server.memory";
  }

  std::string SeriesLimitReason() const {
    return fmt::format(
               "table {}.{} has as many series as it may have, {}, and this line would begin "
               "another; known series go on. ",
               schema_->database, schema_->name, limits_.max_series) +
           LargestTagText() + "Otherwise raise its max_series";
  }

  // Names the tag that grew: the one with the most values in the table or, where that is empty, in
  // the batch.
  std::string LargestTagText() const {
    auto tag = lookup_.largest_tag(schema_->id);
    if (!tag) tag = LargestTagOfBatch();
    if (!tag) return {};
    return fmt::format(
        "Tag \"{}\" has the most values, {}, such as \"{}\": a value that is another in each line "
        "belongs into a field. ",
        tag->name, tag->num_values, tag->newest_value);
  }

  std::optional<TagCount> LargestTagOfBatch() const {
    std::map<std::string_view, std::unordered_set<std::string_view>> values;
    std::optional<TagCount> largest;
    for (const auto& series : batch_.series) {
      const auto parsed = ParseSeriesKey(series.key);
      if (!parsed) continue;
      for (const auto& [name, value] : *parsed) {
        auto& of_tag = values[name];
        of_tag.insert(value);
        if (largest && largest->num_values >= of_tag.size()) continue;
        largest = {std::string(name), static_cast<uint32_t>(of_tag.size()), std::string(value)};
      }
    }
    return largest;
  }

  void MoveAll(BoundTable& table) {
    table.rows.series = std::move(batch_.series_index);
    table.rows.times = std::move(batch_.times);
    table.series.reserve(batch_.series.size());
    for (auto& series : batch_.series)
      table.series.push_back({std::move(series.key), series.id});
    for (auto& field : batch_.fields) {
      if (field.num_valid == 0) continue;
      ColumnRows column{.id = columns_.Find(field.name)->id,
                        .type = field.type,
                        .bits = std::move(field.bits),
                        .strings = std::move(field.strings),
                        .validity = std::move(field.validity)};
      if (field.num_valid == column.validity.size()) column.validity.clear();
      table.rows.columns.push_back(std::move(column));
    }
  }

  // Copies the rows that are not rejected and whose series belongs to `shard`.
  void CopySome(uint32_t shard, BoundTable& table) {
    constexpr uint32_t kElsewhere = UINT32_MAX;
    std::vector<uint32_t> local_of(batch_.series.size(), kElsewhere);
    std::vector<uint8_t> has_rows(batch_.series.size(), 0);
    for (size_t row = 0; row < batch_.num_rows(); ++row) {
      if (rejected_.empty() || rejected_[row] == 0) has_rows[batch_.series_index[row]] = 1;
    }
    for (size_t i = 0; i < batch_.series.size(); ++i) {
      const BatchSeries& series = batch_.series[i];
      if (has_rows[i] == 0) continue;
      const uint32_t shard_of_series =
          series.is_known() ? series.shard : ShardOf(schema_->id, series.key, num_shards_);
      if (shard_of_series != shard) continue;
      local_of[i] = static_cast<uint32_t>(table.series.size());
      table.series.push_back({series.key, series.id});
    }
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < batch_.num_rows(); ++row) {
      if (!rejected_.empty() && rejected_[row] != 0) continue;
      const uint32_t local = local_of[batch_.series_index[row]];
      if (local == kElsewhere) continue;
      rows.push_back(row);
      table.rows.series.push_back(local);
      table.rows.times.push_back(batch_.times[row]);
    }
    for (const auto& field : batch_.fields) {
      const ColumnSchema* schema = columns_.Find(field.name);
      if (schema == nullptr || schema->role != ColumnRole::kField || schema->type != field.type)
        continue;
      ColumnRows column{
          .id = schema->id, .type = field.type, .bits = {}, .strings = {}, .validity = {}};
      size_t num_valid = 0;
      for (const uint32_t row : rows) {
        column.validity.push_back(field.validity[row]);
        num_valid += field.validity[row];
        if (field.type == DataType::kString) {
          column.strings.push_back(field.strings[row]);
        } else {
          column.bits.push_back(field.bits[row]);
        }
      }
      if (num_valid == 0) continue;
      if (num_valid == rows.size()) column.validity.clear();
      table.rows.columns.push_back(std::move(column));
    }
  }

  // The batch's own strings live as long as any of its rows; they are in the last table of each
  // shard.
  void KeepArena(std::vector<std::vector<BoundTable>>& shards) {
    if (batch_.arena.empty()) return;
    const auto arena =
        std::make_shared<std::vector<std::unique_ptr<std::string>>>(std::move(batch_.arena));
    for (auto& shard : shards)
      shard.back().rows.keep_alive.push_back(arena);
  }

  RowBatch& batch_;
  TableSchemaPtr schema_;
  ColumnMap columns_;
  uint32_t num_shards_;
  bool is_full_;  // No column more.
  const TableLimits limits_;
  const SeriesLookup& lookup_;
  WriteResult& result_;
  std::vector<uint8_t> rejected_;
  uint64_t num_rejected_ = 0;
};

Status CheckPartitions(const RowBatch& batch, int64_t partition_ns) {
  if (batch.times.empty()) return Status::Ok();
  const auto [least, greatest] = std::ranges::minmax(batch.times);
  const uint64_t span = static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least);
  if (span / static_cast<uint64_t>(partition_ns) < static_cast<uint64_t>(kMaxPartitions)) {
    return Status::Ok();
  }
  std::unordered_set<int64_t> partitions;
  for (const int64_t time : batch.times)
    partitions.insert(FloorTo(time, partition_ns));
  if (partitions.size() <= static_cast<size_t>(kMaxPartitions)) return Status::Ok();
  return InvalidArgument(
      "the rows of table \"{}\" lie in {} partitions, at most {} are allowed in one request; sort "
      "the "
      "rows by time, or check the precision of the timestamps",
      batch.table, partitions.size(), kMaxPartitions);
}

}  // namespace

uint32_t ShardOf(TableId table, std::string_view key, uint32_t num_shards) {
  if (num_shards == 1) return 0;
  return SlotOf(HashSeriesKey(table, key)) * num_shards / kNumSlots;
}

TableLimits LimitsOf(const TableSchema* table, const EngineOptions& options) {
  TableLimits limits = table == nullptr ? TableLimits() : table->limits;
  if (limits.max_series == 0) limits.max_series = options.max_series;
  if (limits.max_columns == 0) limits.max_columns = options.max_columns;
  return limits;
}

BoundBatch BindRows(WriteRequest& request, Catalog& catalog, const EngineOptions& options,
                    const SeriesLookup& series) {
  BoundBatch bound;
  WriteResult& result = bound.result;
  auto snapshot = catalog.current();
  if (!snapshot->HasDatabase(request.database) && !options.create_databases) {
    result.status = NotFound("database not found: \"{}\"", request.database);
    return bound;
  }
  std::vector<std::map<std::string_view, size_t>> tags;
  for (auto& batch : request.batches) {
    const auto schema = snapshot->Find(request.database, batch.table);
    const int64_t partition_ns = schema == nullptr ? options.partition_ns : schema->partition_ns;
    result.status = CheckPartitions(batch, partition_ns);
    if (!result.status.ok()) return bound;
    if (schema != nullptr) series.find(*schema, batch);
    tags.push_back(TagsOf(batch));
  }
  int num_tries = 0;
  // Again until nothing is missing: what was there, or was just made, may be dropped by others.
  while (true) {
    CatalogEdit edit;
    for (size_t i = 0; i < request.batches.size(); ++i) {
      const RowBatch& batch = request.batches[i];
      const auto schema = snapshot->Find(request.database, batch.table);
      auto change =
          MissingColumns(request, batch, tags[i], ColumnMap(schema.get()), options.partition_ns);
      const uint32_t max_columns = LimitsOf(schema.get(), options).max_columns;
      if (FitColumns(schema.get(), max_columns, change)) {
        edit.tables.push_back(std::move(change));
      }
    }
    if (!snapshot->HasDatabase(request.database)) edit.databases.push_back(request.database);
    if (edit.tables.empty() && edit.databases.empty()) break;
    result.status = catalog.Commit(edit, options.max_columns);
    snapshot = catalog.current();
    if (result.status.code() == StatusCode::kResourceExhausted && num_tries++ < kMaxTries) {
      continue;  // Others took the room meanwhile; what is left is looked at again.
    }
    if (!result.status.ok()) return bound;
  }
  bound.shards.resize(snapshot->num_shards());
  for (size_t i = 0; i < request.batches.size(); ++i) {
    RowBatch& batch = request.batches[i];
    if (batch.num_rows() == 0) continue;
    const uint64_t num_rows = batch.num_rows();
    auto schema = snapshot->Find(request.database, batch.table);
    if (schema == nullptr || (batch.known_table && *batch.known_table != schema->id)) {
      result.status = Unavailable(
          "table {}.{} was dropped while the write was under way; nothing of the write is stored. "
          "Send it again to make the table anew",
          request.database, batch.table);
      return bound;
    }
    const TableLimits limits = LimitsOf(schema.get(), options);
    TableBinder binder(batch, std::move(schema), snapshot->num_shards(), limits, series, result);
    binder.Bind(tags[i], request.keep_alive, bound.shards);
    result.rows_written += num_rows - binder.num_rejected();
  }
  return bound;
}

}  // namespace stria::storage
