// Compares what a flush makes of a memtable with a map, which takes one write after the other.

#include "storage/flush/flush_job.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/series/series_index.h"
#include "storage/types/series_key.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;

constexpr TableId kTable(3);
constexpr ColumnId kNumber(1), kText(2), kLevel(3);
constexpr int64_t kPartitionNs = 1'000'000;

// By position of the key and time, the fields that have a value, as text.
using Rows = std::map<std::pair<uint32_t, int64_t>, std::map<uint32_t, std::string>>;

uint64_t Seed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  return text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
}

class FlushJobTest : public testing::Test {
 protected:
  FlushJobTest() {
    EXPECT_TRUE(files_.CreateDirectories("part").ok());
    schema_.id = kTable;
    schema_.database = "plant";
    schema_.name = "readings";
    schema_.partition_ns = kPartitionNs;
    for (uint32_t i = 0; i < 5; ++i) {
      const std::string host = std::to_string(9 - i);  // Ids do not stand in the order of keys.
      std::vector<TagView> tags = {{"h", host}};
      bool added = false;
      index_->FindOrAdd(*MakeSeriesKey(tags), added);
    }
    ranks_ = index_->Ranks();
    flushed_.Start(0, false, 0);
  }

  // Appends a batch, which is a record of its own. A field that is not given is NULL.
  struct Row {
    uint32_t series = 0;
    int64_t time = 0;
    std::optional<int64_t> number = {};
    std::optional<std::string> text = {};
    std::optional<double> level = {};
  };
  void Append(const std::vector<Row>& rows) {
    TableRows batch;
    batch.table = kTable;
    ColumnRows number{
        .id = kNumber, .type = DataType::kInt64, .bits = {}, .strings = {}, .validity = {}};
    ColumnRows text{
        .id = kText, .type = DataType::kString, .bits = {}, .strings = {}, .validity = {}};
    ColumnRows level{
        .id = kLevel, .type = DataType::kFloat64, .bits = {}, .strings = {}, .validity = {}};
    for (const Row& row : rows) {
      batch.series.push_back(row.series);
      batch.times.push_back(row.time);
      number.bits.push_back(static_cast<uint64_t>(row.number.value_or(0)));
      number.validity.push_back(row.number.has_value());
      text.strings.push_back(row.text.has_value() ? std::string_view(*row.text) : "");
      text.validity.push_back(row.text.has_value());
      level.bits.push_back(std::bit_cast<uint64_t>(row.level.value_or(0)));
      level.validity.push_back(row.level.has_value());
      auto& fields = expected_[{(*ranks_)[row.series], row.time}];
      if (row.number.has_value()) fields[1] = std::to_string(static_cast<uint64_t>(*row.number));
      if (row.text.has_value()) fields[2] = *row.text;
      if (row.level.has_value()) fields[3] = std::to_string(std::bit_cast<uint64_t>(*row.level));
    }
    // A batch has only the columns that occur in it, and no validity where all have a value.
    for (auto* column : {&number, &text, &level}) {
      if (std::ranges::count(column->validity, 1) == 0) continue;
      if (std::ranges::count(column->validity, 0) == 0) column->validity.clear();
      batch.columns.push_back(std::move(*column));
    }
    memtable_->Append(batch, ++seq_, 0);
    memtable_->Publish();
  }

  void Delete(TimeRange time) {
    Tombstone tombstone{.seq = ++seq_, .table = kTable, .time = time, .tags = {}};
    tombstones_ =
        tombstones_.With(std::make_shared<MatchedTombstone>(std::move(tombstone), index_));
    std::erase_if(expected_, [&](const auto& row) { return time.Contains(row.first.second); });
  }

  std::vector<PartMeta> Flush() {
    PartFileWriter writer(files_, "part", "p");
    const FlushInput input{.memtable = memtable_,
                           .schema = std::make_shared<TableSchema>(schema_),
                           .key_of = [this](SeriesId id) { return index_->KeyOf(id); },
                           .ranks = ranks_,
                           .tombstones = std::make_shared<TombstoneList>(tombstones_),
                           .flushed = &flushed_};
    auto parts = FlushMemtable(input, {1, 2}, writer);
    EXPECT_TRUE(parts.has_value()) << parts.error().ToString();
    if (!parts->empty()) {
      EXPECT_TRUE(writer.Commit().ok());
    }
    return *std::move(parts);
  }

  // Adds the rows of a part, whose keys ascend.
  void Read(const PartMeta& meta, Rows& rows) {
    auto file = files_.OpenForRead("part/" + meta.file);
    ASSERT_TRUE(file.has_value());
    auto reader = PartReader::Open(*std::move(file), meta, nullptr);
    ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
    std::pair<uint32_t, int64_t> before = {0, std::numeric_limits<int64_t>::min()};
    for (size_t group = 0; group < (*reader)->num_row_groups(); ++group) {
      auto source = (*reader)->OpenRowGroup(group, {});
      ASSERT_TRUE(source.has_value()) << source.error().ToString();
      for (size_t i = 0; i < (*source)->runs().size(); ++i) {
        const SourceRun run = (*source)->runs()[i];
        const auto times = (*source)->Times(i);
        ASSERT_TRUE(times.has_value());
        for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
          const std::pair key((*ranks_)[run.series.value()], (*times)[row - run.row_begin]);
          ASSERT_LT(before, key);
          before = key;
          auto& fields = rows[key];
          for (const auto& column : (*reader)->footer().columns) {
            const auto view = (*source)->ReadVector(column.id, column.type, row / kVectorRows);
            ASSERT_TRUE(view.has_value()) << view.error().ToString();
            const uint32_t at = row % kVectorRows;
            if (!view->IsValid(at)) continue;
            fields[column.id.value()] = column.type == DataType::kString
                                            ? std::string(view->String(at))
                                            : std::to_string(view->Bits(at));
          }
        }
      }
    }
  }
  Rows ReadAll(const std::vector<PartMeta>& parts) {
    Rows rows;
    for (const PartMeta& part : parts)
      Read(part, rows);
    return rows;
  }

  FaultFileSystem files_;
  TableSchema schema_;
  std::shared_ptr<TableSeriesIndex> index_ = std::make_shared<TableSeriesIndex>();
  std::shared_ptr<const std::vector<uint32_t>> ranks_;
  std::shared_ptr<Memtable> memtable_ = std::make_shared<Memtable>(kTable);
  TombstoneList tombstones_;
  FlushedTimes flushed_;
  Rows expected_;
  uint64_t seq_ = 0;
};

TEST_F(FlushJobTest, LaterWritesWinFieldByField) {
  Append({{.series = 1, .time = 10, .number = 1, .text = "old"},
          {.series = 0, .time = 5, .level = 0.5}});
  Append({{.series = 1, .time = 10, .text = "new"}, {.series = 1, .time = 4, .number = 7}});
  const auto parts = Flush();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].num_rows, 3U);
  EXPECT_EQ(parts[0].seq_min, 1U);
  EXPECT_EQ(parts[0].seq_max, 2U);
  EXPECT_EQ(ReadAll(parts), expected_);
}

TEST_F(FlushJobTest, RowsThatAreDeletedAreNotWritten) {
  Append({{.series = 0, .time = 10, .number = 1}, {.series = 1, .time = 20, .number = 2}});
  Delete({.begin = 0, .end = 15});
  const auto parts = Flush();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].num_rows, 1U);
  EXPECT_EQ(parts[0].deletes_seq, 2U);
  EXPECT_EQ(ReadAll(parts), expected_);
}

TEST_F(FlushJobTest, ATableOfDeletedRowsMakesNoPart) {
  Append({{.series = 0, .time = 10, .number = 1}});
  Delete({.begin = 0, .end = 15});
  EXPECT_TRUE(Flush().empty());
}

TEST_F(FlushJobTest, ADeleteBeforeTheRowsSparesThem) {
  Delete({.begin = 0, .end = 15});
  Append({{.series = 0, .time = 10, .number = 1}});
  const auto parts = Flush();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(ReadAll(parts), expected_);
}

TEST_F(FlushJobTest, PartitionsWithManyRowsArePartsOfTheirOwn) {
  std::vector<Row> rows;
  for (int64_t partition : {0, 1, 2}) {
    // The last has too few rows for a part.
    const int num_rows = partition == 2 ? 10 : 17'000;
    for (int i = 0; i < num_rows; ++i)
      rows.push_back({.series = static_cast<uint32_t>(i % 5),
                      .time = partition * kPartitionNs + i,
                      .number = i});
  }
  std::ranges::shuffle(rows, std::mt19937(1));
  Append(rows);
  const auto parts = Flush();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_LT(parts[0].max_time, kPartitionNs);
  EXPECT_EQ(parts[1].min_time, kPartitionNs);
  EXPECT_EQ(ReadAll(parts), expected_);
}

TEST_F(FlushJobTest, ARowGroupMayEndInARun) {
  std::vector<Row> rows;
  for (int64_t time = 0; time < 150'000; ++time) {
    rows.push_back({.series = 0, .time = time, .number = time % 1000});
    rows.push_back({.series = 3, .time = time, .number = time % 7});
  }
  Append(rows);
  const auto parts = Flush();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].num_rows, 300'000U);
  EXPECT_EQ(ReadAll(parts), expected_);
}

TEST_F(FlushJobTest, ListsRunsThatBeginBeforeTheEndOfOlderParts) {
  Append({{.series = 0, .time = 10, .number = 1}, {.series = 1, .time = 10, .number = 1}});
  Flush();
  memtable_ = std::make_shared<Memtable>(kTable);
  Append({{.series = 0, .time = 11, .number = 1}, {.series = 1, .time = 9, .number = 1}});
  PartFileWriter writer(files_, "part", "q");
  const FlushInput input{.memtable = memtable_,
                         .schema = std::make_shared<TableSchema>(schema_),
                         .key_of = [this](SeriesId id) { return index_->KeyOf(id); },
                         .ranks = ranks_,
                         .tombstones = nullptr,
                         .flushed = &flushed_};
  const auto parts = FlushMemtable(input, {1, 2}, writer);
  ASSERT_TRUE(parts.has_value());
  ASSERT_TRUE(writer.Commit().ok());
  auto file = files_.OpenForRead("part/q");
  ASSERT_TRUE(file.has_value());
  const auto reader = PartReader::Open(*std::move(file), (*parts)[0], nullptr);
  ASSERT_TRUE(reader.has_value());
  const auto source = (*reader)->OpenRowGroup(0, {});
  std::vector<uint32_t> listed;
  for (const SourceRun& run : (*source)->runs()) {
    if (run.may_overlap) listed.push_back(run.series.value());
  }
  EXPECT_THAT(listed, ElementsAre(1));
}

TEST_F(FlushJobTest, AgreesWithAMapOnRandomHistories) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(testing::Message() << "STRIA_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t bound) { return static_cast<int64_t>(random() % bound); };
  for (int round = 0; round < 20; ++round) {
    memtable_ = std::make_shared<Memtable>(kTable);
    tombstones_ = {};
    expected_.clear();
    const auto num_batches = 1 + below(20);
    for (int64_t i = 0; i < num_batches; ++i) {
      std::vector<Row> rows;
      const auto num_rows = 1 + below(round % 4 == 0 ? 4000 : 100);
      for (int64_t k = 0; k < num_rows; ++k) {
        Row row{.series = static_cast<uint32_t>(below(5)),
                .time = i * 1000 + below(round % 2 == 0 ? 100'000 : 3000)};
        const auto kinds = 1 + below(7);
        if ((kinds & 1) != 0) row.number = below(3) == 0 ? -below(1'000'000) : below(100);
        if ((kinds & 2) != 0) row.text = "text" + std::to_string(below(10));
        if ((kinds & 4) != 0) row.level = static_cast<double>(below(10'000)) / 100;
        rows.push_back(std::move(row));
      }
      if (below(3) == 0) std::ranges::sort(rows, {}, &Row::time);
      Append(rows);
    }
    if (round % 3 == 0) Delete({.begin = below(50'000), .end = 50'000 + below(20'000)});
    ASSERT_EQ(ReadAll(Flush()), expected_);
    ASSERT_TRUE(files_.Remove("part/p").ok());
  }
}

}  // namespace
}  // namespace stria::storage
