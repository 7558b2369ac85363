#include "tests/ingest/decoded_rows.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "storage/types/series_key.h"

namespace stria::ingest {
namespace {

ReferenceValue ValueOf(const FieldColumn& field, size_t row) {
  switch (field.type) {
    case DataType::kInt64: return static_cast<int64_t>(field.bits[row]);
    case DataType::kUint64: return ReferenceUnsigned{field.bits[row]};
    case DataType::kFloat64: return ReferenceFloat{field.bits[row]};
    case DataType::kBool: return field.bits[row] != 0;
    default: return std::string(field.strings[row]);
  }
}

void CheckShape(const RowBatch& batch) {
  ASSERT_GT(batch.num_rows(), 0U);
  ASSERT_EQ(batch.series_index.size(), batch.num_rows());
  ASSERT_EQ(batch.line_offsets.size(), batch.num_rows());
  std::set<std::string> keys;
  for (const auto& series : batch.series)
    ASSERT_TRUE(keys.insert(series.key).second) << "series twice";
  std::set<uint32_t> used(batch.series_index.begin(), batch.series_index.end());
  ASSERT_EQ(used.size(), batch.series.size()) << "series without rows";
  std::set<std::pair<std::string, DataType>> columns;
  for (const auto& field : batch.fields) {
    ASSERT_TRUE(columns.emplace(field.name, field.type).second) << "column twice: " << field.name;
    ASSERT_EQ(field.validity.size(), batch.num_rows());
    const bool is_string = field.type == DataType::kString;
    ASSERT_EQ(field.bits.size(), is_string ? 0 : batch.num_rows());
    ASSERT_EQ(field.strings.size(), is_string ? batch.num_rows() : 0);
    ASSERT_EQ(std::ranges::count(field.validity, 1), field.num_valid);
    ASSERT_GT(field.num_valid, 0U) << "column without values: " << field.name;
    for (size_t row = 0; row < batch.num_rows(); ++row) {
      if (field.validity[row] != 0) continue;
      ASSERT_TRUE(is_string ? field.strings[row].empty() : field.bits[row] == 0);
    }
  }
}

}  // namespace

std::vector<ReferenceRow> RowsOf(const DecodedBody& decoded) {
  std::vector<ReferenceRow> rows;
  std::set<std::string> tables;
  for (const RowBatch& batch : decoded.batches) {
    EXPECT_TRUE(tables.insert(batch.table).second) << "table twice: " << batch.table;
    CheckShape(batch);
    if (testing::Test::HasFatalFailure()) return rows;
    for (size_t i = 0; i < batch.num_rows(); ++i) {
      ReferenceRow row{.offset = batch.line_offsets[i],
                       .table = batch.table,
                       .tags = {},
                       .fields = {},
                       .time_ns = batch.times[i]};
      const auto tags = ParseSeriesKey(batch.series[batch.series_index[i]].key);
      EXPECT_TRUE(tags.has_value());
      if (tags) row.tags.insert(tags->begin(), tags->end());
      for (const auto& field : batch.fields) {
        if (field.validity[i] == 0) continue;
        EXPECT_TRUE(row.fields.emplace(field.name, ValueOf(field, i)).second)
            << "two values of " << field.name;
      }
      rows.push_back(std::move(row));
    }
  }
  std::ranges::sort(rows, {}, &ReferenceRow::offset);
  EXPECT_EQ(rows.size(), decoded.num_rows);
  return rows;
}

}  // namespace stria::ingest
