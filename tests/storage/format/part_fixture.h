// Parts for tests: rows that own their text, a file in memory, and a reading back of everything
// that compares with those rows one value at a time.

#pragma once

#include <atomic>
#include <bit>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/errors.h"
#include "storage/format/part_layout.h"
#include "storage/format/part_reader.h"
#include "storage/format/part_writer.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {

/// A file in memory that counts its reads, and fails them while `fails` is set.
class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const override {
    if (fails) return IoError("no luck");
    if (offset > bytes_.size() || bytes.size() > bytes_.size() - offset) {
      return Corruption("the file ends at {}", bytes_.size());
    }
    std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
    num_reads += 1;
    num_bytes_read += bytes.size();
    return Status::Ok();
  }
  Status WriteAt(uint64_t, std::span<const std::byte>) override { return IoError("read only"); }
  Status Sync() override { return IoError("read only"); }
  Result<uint64_t> Size() const override { return uint64_t{bytes_.size()}; }

  std::atomic<bool> fails = false;
  mutable std::atomic<uint64_t> num_reads = 0;
  mutable std::atomic<uint64_t> num_bytes_read = 0;

 private:
  std::vector<std::byte> bytes_;
};

/// Rows in the order of a part, with all that writing them needs.
struct TestRows {
  SortedRows rows;
  std::vector<std::string> keys;  // By series id.
  std::deque<std::string> text;   // What the strings of `rows` point to.
  TableSchema schema;

  TestRows() {
    rows.table = TableId(7);
    rows.columns.reserve(32);  // What AddColumn() returns stays where it is.
    schema.id = rows.table;
    schema.database = "plant";
    schema.name = "readings";
  }

  ColumnRows& AddColumn(uint32_t id, DataType type) {
    ColumnRows column;
    column.id = ColumnId(id);
    column.type = type;
    rows.columns.push_back(std::move(column));
    schema.columns.push_back({.id = ColumnId(id),
                              .name = "field" + std::to_string(id),
                              .role = ColumnRole::kField,
                              .type = type});
    return rows.columns.back();
  }

  /// The rows of the series with the next key; values are added to the columns by the caller.
  void AddRun(uint32_t series, const std::vector<int64_t>& times) {
    const auto begin = static_cast<uint32_t>(rows.times.size());
    rows.times.insert(rows.times.end(), times.begin(), times.end());
    const auto end = static_cast<uint32_t>(rows.times.size());
    rows.runs.push_back({SeriesId(series), begin, end});
    if (keys.size() <= series) keys.resize(series + 1);
    keys[series] = "\x04host\x06" + std::to_string(100'000 + rows.runs.size());
  }

  std::string_view AddText(std::string string) {
    text.push_back(std::move(string));
    return text.back();
  }

  PartWriteOptions Options() const {
    PartWriteOptions options;
    options.schema = std::make_shared<TableSchema>(schema);
    options.key_of = [this](SeriesId id) { return std::string(keys[id.value()]); };
    options.lineage = {0x1111, 0x2222};
    options.seq_min = 5;
    options.seq_max = 9;
    options.level = 1;
    return options;
  }
};

/// Adds `num_rows` random values of the column's type; `nulls_of_10` of ten are NULL. One in four
/// columns is as devices send it: a value that moves slowly.
inline void FillColumn(TestRows& test, ColumnRows& column, size_t num_rows, uint64_t nulls_of_10,
                       std::mt19937_64& random) {
  uint64_t slow = random();
  for (size_t row = 0; row < num_rows; ++row) {
    const bool valid = random() % 10 >= nulls_of_10;
    if (nulls_of_10 > 0) column.validity.push_back(valid ? 1 : 0);
    slow += random() % 5;
    switch (column.type) {
      case DataType::kString:
        column.strings.push_back(valid ? test.AddText("state " + std::to_string(random() % 900))
                                       : std::string_view());
        break;
      case DataType::kBool: column.bits.push_back(valid ? random() % 2 : 0); break;
      case DataType::kFloat64: {
        double value = static_cast<double>(random() % 100'000) / 100;
        switch (random() % 50) {
          case 0: value = std::numeric_limits<double>::quiet_NaN(); break;
          case 1: value = -0.0; break;
          case 2: value = std::numeric_limits<double>::infinity(); break;
          case 3: value = -std::numeric_limits<double>::infinity(); break;
          default: break;
        }
        column.bits.push_back(valid ? std::bit_cast<uint64_t>(value) : 0);
        break;
      }
      default: {
        constexpr auto kLeast = static_cast<uint64_t>(std::numeric_limits<int64_t>::min());
        uint64_t value = slow;
        if (random() % 2000 == 0) value = random() % 2 == 0 ? kLeast : kLeast - 1;
        if (random() % 2000 == 0) value = random() % 2 == 0 ? 0 : UINT64_MAX;
        column.bits.push_back(valid ? value : 0);
      }
    }
  }
}

/// Times of a run in one of four manners: at a step, with jitter, with rows missing, irregular.
inline std::vector<int64_t> RandomTimes(size_t num_rows, std::mt19937_64& random) {
  constexpr int64_t kSecond = 1'000'000'000;
  const uint64_t manner = random() % 4;
  auto time = static_cast<int64_t>(random() % 2000) * kSecond - 1000 * kSecond;
  std::vector<int64_t> times;
  for (size_t row = 0; row < num_rows; ++row) {
    const auto jitter = static_cast<int64_t>(random() % 1'000'000);
    times.push_back(manner == 1 ? time + jitter : time);
    const auto steps = static_cast<int64_t>(manner == 2 && random() % 10 == 0 ? 2 : 1);
    time += manner == 3 ? 1 + static_cast<int64_t>(random() >> 20) / 10 : steps * 10 * kSecond;
  }
  return times;
}

/// Rows of `num_series` series and every type, NULLs here and there, one column all NULL.
inline TestRows RandomTestRows(size_t num_series, size_t max_run_rows, std::mt19937_64& random) {
  TestRows test;
  for (size_t series = 0; series < num_series; ++series) {
    // Ids need not ascend with the keys.
    const auto id = static_cast<uint32_t>((series + num_series / 2) % num_series);
    test.AddRun(id, RandomTimes(1 + random() % max_run_rows, random));
  }
  uint32_t column_id = 1;
  for (const uint64_t nulls : {uint64_t{0}, uint64_t{3}, uint64_t{10}}) {
    for (const DataType type : {DataType::kFloat64, DataType::kInt64, DataType::kUint64,
                                DataType::kBool, DataType::kString}) {
      auto& column = test.AddColumn(column_id++, type);
      FillColumn(test, column, test.rows.num_rows(), nulls, random);
    }
  }
  return test;
}

/// A part in a file of its own, behind some other bytes.
struct TestPart {
  std::vector<std::byte> bytes;
  PartMeta meta;
};

inline TestPart WriteTestPart(const TestRows& test, size_t bytes_before = 0) {
  TestPart part;
  part.bytes.resize(bytes_before, std::byte{0xee});
  part.meta = WritePart(test.rows, test.Options(), part.bytes);
  part.meta.file = "test.part";
  return part;
}

inline Result<std::shared_ptr<PartReader>> OpenTestPart(const TestPart& part,
                                                        BlockCache* cache = nullptr) {
  return PartReader::Open(std::make_shared<MemoryFile>(part.bytes), part.meta, cache);
}

/// Fails the test unless `view` has the values of rows `first_row`.. of `column`.
inline void CompareVector(const VectorView& view, const ColumnRows& column, size_t first_row) {
  for (uint32_t i = 0; i < view.num_rows; ++i) {
    const size_t at = first_row + i;
    const bool same = view.IsValid(i) == column.IsValid(at) &&
                      (!view.IsValid(i) ||
                       (column.type == DataType::kString ? view.String(i) == column.strings[at]
                                                         : view.Bits(i) == column.bits[at]));
    if (same) continue;
    ADD_FAILURE() << "column " << column.id.value() << " row " << at;
    return;
  }
}

/// The same for rows of a vector that are read alone: the first, one in the middle and the last,
/// and more of them than it pays to read alone.
inline Status CompareSomeRows(RunSource& source, const ColumnRows& column, uint32_t vector,
                              size_t first_row) {
  const uint32_t num_rows = std::min(kVectorRows, source.num_rows() - vector * kVectorRows);
  for (const uint32_t step : {(num_rows + 1) / 2, (num_rows + 30) / 31}) {
    std::vector<uint32_t> rows;
    for (uint32_t row = 0; row < num_rows; row += step)
      rows.push_back(row);
    if (rows.back() + 1 < num_rows) rows.push_back(num_rows - 1);
    std::vector<uint64_t> bits(rows.size());
    std::vector<uint8_t> validity(rows.size(), 7);
    STRIA_RETURN_IF_ERROR(
        source.ReadRows(column.id, column.type, vector, rows, bits.data(), validity.data()));
    for (size_t i = 0; i < rows.size(); ++i) {
      const size_t at = first_row + rows[i];
      EXPECT_EQ(validity[i] != 0, column.IsValid(at)) << "row " << at;
      EXPECT_TRUE(validity[i] == 0 || bits[i] == column.bits[at]) << "row " << at;
    }
  }
  return Status::Ok();
}

/// Compares what a source gives for rows [0, num_rows) with rows `first_row`.. of `test`. An error
/// is returned, a difference fails the test.
inline Status CompareSource(RunSource& source, const TestRows& test, size_t first_row) {
  size_t row = 0;
  for (size_t i = 0; i < source.runs().size(); ++i) {
    const SourceRun run = source.runs()[i];
    EXPECT_EQ(run.row_begin, row);
    STRIA_ASSIGN_OR_RETURN(const auto times, source.Times(i));
    EXPECT_EQ(times.size(), run.row_end - run.row_begin);
    EXPECT_EQ(times.front(), run.first_time);
    EXPECT_EQ(times.back(), run.last_time);
    for (const int64_t time : times) {
      if (time != test.rows.times[first_row + row]) {
        ADD_FAILURE() << "time of row " << row;
        return Status::Ok();
      }
      ++row;
    }
  }
  EXPECT_EQ(row, source.num_rows());
  DecodedVector memory;
  for (const auto& column : test.rows.columns) {
    for (uint32_t begin = 0; begin < source.num_rows(); begin += kVectorRows) {
      const uint32_t vector = begin / kVectorRows;
      if (column.type != DataType::kString) {
        STRIA_RETURN_IF_ERROR(CompareSomeRows(source, column, vector, first_row + begin));
      }
      STRIA_RETURN_IF_ERROR(source.ReadVectorInto(column.id, column.type, vector, memory));
      CompareVector(memory.view, column, first_row + begin);
      STRIA_ASSIGN_OR_RETURN(const auto view, source.ReadVector(column.id, column.type, vector));
      EXPECT_EQ(view.num_rows, std::min(kVectorRows, source.num_rows() - begin));
      CompareVector(view, column, first_row + begin);
      if (testing::Test::HasFailure()) return Status::Ok();
    }
  }
  return Status::Ok();
}

/// Reads all of a part: the first error, or whatever CompareSource() finds.
inline Status CompareAll(const TestPart& part, const TestRows& test, BlockCache* cache = nullptr) {
  STRIA_ASSIGN_OR_RETURN(const auto reader, OpenTestPart(part, cache));
  size_t row = 0;
  std::vector<std::string> keys;
  for (size_t page = 0; page < reader->footer().directory.size(); ++page) {
    STRIA_ASSIGN_OR_RETURN(const auto of_page, reader->ReadKeys(page));
    keys.insert(keys.end(), of_page.begin(), of_page.end());
  }
  EXPECT_EQ(keys.size(), part.meta.num_runs);
  size_t run_index = 0;
  for (size_t group = 0; group < reader->num_row_groups(); ++group) {
    STRIA_ASSIGN_OR_RETURN(const auto source, reader->OpenRowGroup(group, {}));
    if (source == nullptr) return Corruption("row group {} has no runs", group);
    for (const auto& run : source->runs()) {
      EXPECT_EQ(keys[run_index++], test.keys[run.series.value()]);
    }
    STRIA_RETURN_IF_ERROR(CompareSource(*source, test, row));
    row += source->num_rows();
  }
  EXPECT_EQ(row, test.rows.num_rows());
  return Status::Ok();
}

}  // namespace stria::storage
