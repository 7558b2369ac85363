// The rows of one table while a body is decoded: columns that are allocated ahead of the rows, so
// that a value is stored by one write at a known place, and absent values cost nothing.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tsl/robin_map.h>

#include "storage/base/checksum.h"
#include "storage/types/row_batch.h"

namespace stria::ingest {

/// Hash of text; `seed` differs from request to request, so that nobody can send colliding keys.
struct TextHash {
  using is_transparent = void;
  uint64_t seed = 0;
  size_t operator()(std::string_view text) const {
    return Checksum(std::as_bytes(std::span(text.data(), text.size())), seed);
  }
};

template <typename Value>
using TextMap = tsl::robin_map<std::string, Value, TextHash, std::equal_to<>>;

/// Thread safety: confined to the decoder.
class TableBuilder {
 public:
  /// A field name, with the column that it has for each type (-1: none yet).
  struct Name {
    std::string text;
    std::array<int32_t, 8> column_by_type = {-1, -1, -1, -1, -1, -1, -1, -1};
    size_t last_row = SIZE_MAX;  ///< set by MarkWritten()
  };

  TableBuilder(std::string_view table, uint64_t seed);

  /// The name's index, made if it is new.
  uint32_t FindName(std::string_view name);
  const Name& name(uint32_t index) const { return names_[index]; }

  /// The column of (name, type), made if it is new.
  uint32_t FindColumn(uint32_t name, DataType type) {
    const int32_t column = names_[name].column_by_type[static_cast<size_t>(type)];
    return column >= 0 ? static_cast<uint32_t>(column) : AddColumn(name, type);
  }

  /// True when there is no room for one more row. Requires Grow() before a Store then.
  bool full() const { return num_rows_ == capacity_; }
  /// Makes room for about `expected_rows` in all, at least one more and not too many at once.
  void Grow(size_t expected_rows);

  /// Notes that the row under way has a value for `name`; true if it had one already.
  bool MarkWritten(uint32_t name) {
    return std::exchange(names_[name].last_row, num_rows_) == num_rows_;
  }
  // These write to the row under way, which becomes one with CommitRow().
  void Store(uint32_t column, uint64_t bits) {
    FieldColumn& field = batch_.fields[column];
    field.bits.data()[num_rows_] = bits;
    field.validity.data()[num_rows_] = 1;
  }
  void StoreString(uint32_t column, std::string_view text) {
    FieldColumn& field = batch_.fields[column];
    field.strings.data()[num_rows_] = text;
    field.validity.data()[num_rows_] = 1;
  }
  /// Takes back what was stored for `name` in the row under way, under whatever type.
  void Erase(uint32_t name);

  /// The row under way counts from now on.
  void CommitRow(uint32_t series, int64_t time, uint32_t line_offset) {
    batch_.series_index.data()[num_rows_] = series;
    batch_.times.data()[num_rows_] = time;
    batch_.line_offsets.data()[num_rows_] = line_offset;
    ++num_rows_;
  }

  /// A series by its key; `text` and `hash` are what it can be known by later.
  uint32_t AddSeries(std::string key, std::string_view text, uint64_t hash);
  /// A series that the engine knows.
  uint32_t AddKnownSeries(uint32_t shard, SeriesId id);
  /// The table that known series belong to.
  void SetKnownTable(TableId table) { batch_.known_table = table; }
  size_t num_series() const { return batch_.series.size(); }
  const BatchSeries& series(uint32_t index) const { return batch_.series[index]; }
  const std::string& table() const { return batch_.table; }

  /// A copy of `text` that lives as long as the batch.
  std::string_view Keep(std::string_view text);

  size_t num_rows() const { return num_rows_; }
  size_t num_columns() const { return batch_.fields.size(); }
  /// What the columns take, allocated ahead included.
  uint64_t allocated_bytes() const { return allocated_bytes_; }

  /// The rows, without columns that have no value in any.
  RowBatch Finish() &&;

 private:
  uint32_t AddColumn(uint32_t name, DataType type);
  void Resize(FieldColumn& field);
  void GrowSeries();

  RowBatch batch_;
  std::vector<Name> names_;
  TextMap<uint32_t> name_index_;
  size_t num_rows_ = 0;
  size_t capacity_ = 0;
  uint64_t allocated_bytes_ = 0;
};

}  // namespace stria::ingest
