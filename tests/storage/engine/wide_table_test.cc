// Ten thousand columns of which each row has a few: every state of a table goes by the values that
// are there, not by rows times columns.

#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/engine_fixture.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNumFields = 9'999;  // And a tag.
constexpr uint32_t kFieldsARow = 10;
constexpr uint32_t kRowsABatch = 100;

class WideTableTest : public testing::Test {
 protected:
  // Rows with ten of the fields each, among them the next ten, so that none is left out.
  void WriteRows(uint32_t num_rows) {
    std::string lines;
    for (uint32_t i = 0; i < num_rows; ++i) {
      const uint32_t host = static_cast<uint32_t>(random_() % 20);
      // Some rows are written twice, with other fields in part.
      const int64_t time = static_cast<int64_t>(num_written_ - random_() % 2);
      Fields& fields = truth_[{fmt::format("host={}", host), time}];
      std::string line;
      for (uint32_t k = 0; k < kFieldsARow; ++k) {
        const uint64_t field =
            k < kFieldsARow / 2 ? random_() % kNumFields : num_written_ * (kFieldsARow / 2) + k;
        const int64_t value = static_cast<int64_t>(random_() % 1000);
        const std::string name = fmt::format("f{}", field % kNumFields);
        if (line.find(name + "=") != std::string::npos) continue;
        line += fmt::format("{}{}={}i", line.empty() ? "" : ",", name, value);
        fields[name] = fmt::format("{}i", value);
        ++num_values_;
      }
      lines += fmt::format("wide,host={} {} {}\n", host, line, time);
      ++num_written_;
      if (num_written_ % kRowsABatch != 0 && i + 1 < num_rows) continue;
      const WriteResult result = fixture_.Write(lines);
      ASSERT_TRUE(result.status.ok()) << result.status.ToString();
      ASSERT_EQ(result.rows_rejected, 0U);
      lines.clear();
    }
  }

  void Compare(const char* state) {
    SCOPED_TRACE(state);
    const Rows rows = fixture_.Read("wide");
    ASSERT_EQ(rows.size(), truth_.size());
    for (const auto& [key, fields] : truth_) {
      const auto found = rows.find(key);
      ASSERT_NE(found, rows.end()) << key.first << " " << key.second;
      ASSERT_EQ(found->second, fields) << key.first << " " << key.second;
    }
  }

  std::mt19937_64 random_{TestSeed()};
  EngineFixture fixture_;
  Rows truth_;
  uint64_t num_written_ = 1;
  uint64_t num_values_ = 0;
};

TEST_F(WideTableTest, HasItsValuesInEveryState) {
  WriteRows(300);
  Compare("in memory");
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  Compare("flushed");
  fixture_.Restart();
  WriteRows(100);
  Compare("in a part and in memory");
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  ASSERT_TRUE(fixture_.engine().Compact().ok());
  Compare("compacted");
  WriteRows(50);
  fixture_.Restart();
  Compare("restarted");
}

TEST_F(WideTableTest, TakesMemoryAndDiskByValues) {
  WriteRows(1500);
  // A chunk of 64 rows has 640 columns of 64 places of 9 bytes: less than 600 a value; those that
  // are open are half empty.
  EXPECT_LT(fixture_.engine().metrics().memtable_bytes, 1500 * num_values_);
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  uint64_t part_bytes = 0;
  for (const auto& part : fixture_.engine().Parts())
    part_bytes += part.bytes;
  // What every column takes in a part, whatever it holds, and its values.
  EXPECT_LT(part_bytes, 700 * kNumFields + 20 * num_values_);
}

TEST_F(WideTableTest, AFewColumnsCostAFewColumns) {
  WriteRows(1500);
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  const auto schema = fixture_.engine().FindTable("db", "wide");
  ASSERT_NE(schema, nullptr);
  EXPECT_GT(schema->columns.size(), 8000U);
  const auto bytes_of = [&](uint32_t num_fields) {
    ScanRequest request{
        .table = schema, .fields = {}, .tag_columns = {}, .time = {}, .tags = {}, .hints = {}};
    for (const auto& column : schema->columns) {
      if (column.role == ColumnRole::kField && request.fields.size() < num_fields)
        request.fields.push_back(column.id);
    }
    auto scan = fixture_.engine().OpenScan(request);
    EXPECT_TRUE(scan.has_value()) << scan.error().ToString();
    const RowVisitor nothing = [](uint32_t, int64_t, std::span<const VectorView>, uint32_t) {
      return Status::Ok();
    };
    EXPECT_TRUE(VisitRows(**scan, request.time, request.fields.size(), nothing).ok());
    return (*scan)->stats().bytes_read;
  };
  const uint64_t all = bytes_of(kNumFields);
  EXPECT_LT(bytes_of(10), bytes_of(0) + all / 100);
}

TEST_F(WideTableTest, OneColumnMoreIsNamedAndTheOthersGoOn) {
  WriteRows(2000);
  auto result =
      fixture_.Write("wide,host=1 f1=5i,one_more=1i 1000001\nwide,host=1 f2=6i 1000002\n");
  ASSERT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.rows_written, 1U);
  ASSERT_EQ(result.rejections.size(), 1U);
  EXPECT_EQ(result.rejections[0].column, "one_more");
  EXPECT_EQ(result.rejections[0].code, StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace stria::storage
