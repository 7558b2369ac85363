// A table of random rows, in an engine and as the reference sees it.
//
// Tags a (always there) and b (missing in some series), fields of every type, NULLs, NaN, times
// before 1970 and across days. Some series are regular, some are not; rows are written again with
// other values, of which the last one wins field by field.

#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "query/expr/batch.h"
#include "storage/engine/engine.h"
#include "storage/types/series_key.h"
#include "tests/support/reference_query.h"

namespace stria::query {

class RandomTable {
 public:
  static constexpr const char* kName = "m";
  static constexpr int64_t kStep = 10 * kNsPerSecond;

  explicit RandomTable(uint64_t seed) : random_(seed) {
    // The tags and fields in the order in which the engine will meet them does not matter: plans
    // name their columns.
    const auto column = [this](const char* name, ColumnRole role, DataType type) {
      reference_.columns.push_back({ColumnId(0), name, role, type});
    };
    column("time", ColumnRole::kTime, DataType::kTimestamp);
    column("a", ColumnRole::kTag, DataType::kString);
    column("b", ColumnRole::kTag, DataType::kString);
    column("f", ColumnRole::kField, DataType::kFloat64);
    column("i", ColumnRole::kField, DataType::kInt64);
    column("u", ColumnRole::kField, DataType::kUint64);
    column("s", ColumnRole::kField, DataType::kString);
    column("t", ColumnRole::kField, DataType::kBool);
  }

  /// Times and tags of rows to come: `num_rows` of one series, from `first_time` on.
  struct Stretch {
    std::string a, b;
    int64_t first_time = 0;
    uint32_t num_rows = 0;
    bool is_regular = true;
  };

  /// A request with the rows of `stretches`, some of which may be there already.
  storage::WriteRequest MakeRequest(const std::vector<Stretch>& stretches) {
    RowBatch batch;
    batch.table = kName;
    for (const auto& [name, type] : kFields) {
      FieldColumn& field = batch.fields.emplace_back();
      field.name = name;
      field.type = type;
    }
    for (const auto& stretch : stretches)
      AddStretch(stretch, batch);
    storage::WriteRequest request;
    request.database = "db";
    request.batches.push_back(std::move(batch));
    return request;
  }

  /// All rows, with what was written to them last.
  const ReferenceTable& reference() {
    reference_.rows.clear();
    for (const auto& [key, row] : rows_)
      reference_.rows.push_back(row);
    return reference_;
  }

  std::mt19937_64& random() { return random_; }

 private:
  static constexpr std::pair<const char*, DataType> kFields[] = {{"f", DataType::kFloat64},
                                                                 {"i", DataType::kInt64},
                                                                 {"u", DataType::kUint64},
                                                                 {"s", DataType::kString},
                                                                 {"t", DataType::kBool}};

  uint64_t Below(uint64_t limit) { return random_() % limit; }

  void AddStretch(const Stretch& stretch, RowBatch& batch) {
    std::vector<TagView> tags = {{"a", stretch.a}, {"b", stretch.b}};
    const auto series = static_cast<uint32_t>(batch.series.size());
    batch.series.push_back({*MakeSeriesKey(tags)});
    int64_t time = stretch.first_time;
    for (uint32_t i = 0; i < stretch.num_rows; ++i) {
      batch.series_index.push_back(series);
      batch.times.push_back(time);
      batch.line_offsets.push_back(0);
      auto& row = rows_[{stretch.a + "," + stretch.b, time}];
      if (row.empty()) {
        const Value b =
            stretch.b.empty() ? Value::Null(DataType::kString) : Value::String(stretch.b);
        row = {Value::Timestamp(time), Value::String(stretch.a), b};
        for (const auto& [name, type] : kFields)
          row.push_back(Value::Null(type));
      }
      // A row without any field is no row.
      const size_t must_have = Below(std::size(kFields));
      for (size_t field = 0; field < std::size(kFields); ++field) {
        const bool has_value = field == must_have || Below(5) > 0;
        AddValue(batch, batch.fields[field],
                 has_value ? std::optional(RandomValue(kFields[field].second, i)) : std::nullopt,
                 row[3 + field]);
      }
      time += stretch.is_regular ? kStep : 1 + static_cast<int64_t>(Below(2 * kStep));
    }
  }

  // In runs of three, so that vectors and runs have stretches of one value.
  Value RandomValue(DataType type, uint32_t row) {
    switch (type) {
      case DataType::kFloat64:
        if (Below(30) == 0) return Value::Float64(std::numeric_limits<double>::quiet_NaN());
        if (Below(30) == 0) return Value::Float64(-0.0);
        return Value::Float64(static_cast<double>(Below(4000)) / 8);
      case DataType::kInt64:
        if (Below(100) == 0) return Value::Int64(-(int64_t{1} << 50));
        return Value::Int64(static_cast<int64_t>(row / 3 % 40) - 20);
      case DataType::kUint64:
        return Value::Uint64(Below(100) == 0 ? uint64_t{1} << 50 : Below(300));
      case DataType::kString: return Value::String("text " + std::to_string(row / 3 % 7));
      case DataType::kBool: return Value::Bool(row / 3 % 2 == 0);
      default: break;
    }
    return Value::Null(type);
  }

  static void AddValue(RowBatch& batch, FieldColumn& field, const std::optional<Value>& value,
                       Value& stored) {
    field.validity.push_back(value ? 1 : 0);
    field.num_valid += value ? 1U : 0U;
    if (field.type == DataType::kString) {
      std::string_view text;
      if (value) {
        batch.arena.push_back(std::make_unique<std::string>(value->string()));
        text = *batch.arena.back();
      }
      field.strings.push_back(text);
    } else {
      field.bits.push_back(value ? BitsOf(*value) : 0);
    }
    if (value) stored = *value;
  }

  std::mt19937_64 random_;
  std::map<std::pair<std::string, int64_t>, ReferenceRow> rows_;
  ReferenceTable reference_;
};

}  // namespace stria::query
