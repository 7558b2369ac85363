// Compares what the job makes of parts with a map, which takes one write after the other.

#include "storage/compaction/compaction_job.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/errors.h"
#include "storage/format/part_layout.h"
#include "storage/series/series_index.h"
#include "storage/types/series_key.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

constexpr TableId kTable(3);
constexpr ColumnId kNumber(1), kText(2), kAdded(3);

// A value of a field as text; what a part does not have is not there.
using Fields = std::map<uint32_t, std::string>;
// By position of the key and time.
using Rows = std::map<std::pair<uint32_t, int64_t>, Fields>;

uint64_t Seed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

// A shard's table, its parts in files, and the rows that they hold together.
class Table {
 public:
  explicit Table(uint32_t num_series) {
    EXPECT_TRUE(files_.CreateDirectories("part").ok());
    schema_.id = kTable;
    schema_.database = "plant";
    schema_.name = "readings";
    AddField(kNumber, DataType::kInt64);
    AddField(kText, DataType::kString);
    for (uint32_t i = 0; i < num_series; ++i) {
      // Ids do not stand in the order of the keys.
      const std::string host = std::to_string(1000 + (i * 7919) % num_series);
      std::vector<TagView> tags = {{"h", host}, {"parity", i % 2 == 0 ? "even" : "odd"}};
      bool added = false;
      index_->FindOrAdd(*MakeSeriesKey(tags), added);
    }
    ranks_ = index_->Ranks();
  }

  void AddField(ColumnId id, DataType type) {
    schema_.columns.push_back({.id = id,
                               .name = "f" + std::to_string(id.value()),
                               .role = ColumnRole::kField,
                               .type = type});
  }
  void DropField(ColumnId id) {
    std::erase_if(schema_.columns, [&](const auto& column) { return column.id == id; });
    for (auto& [key, fields] : expected_)
      fields.erase(id.value());
  }

  // Writes a part of `rows`, which are of records `seq_min` to `seq_max`.
  void AddPart(const Rows& rows, uint64_t seq_min, uint64_t seq_max, uint8_t level) {
    SortedRows sorted;
    sorted.table = kTable;
    std::deque<std::string> text;
    for (const auto& column : schema_.columns)
      sorted.columns.push_back({.id = column.id, .type = column.type});
    std::vector<SeriesId> series_of(ranks_->size());
    for (uint32_t id = 0; id < ranks_->size(); ++id)
      series_of[(*ranks_)[id]] = SeriesId(id);
    for (const auto& [key, fields] : rows) {
      const SeriesId series = series_of[key.first];
      const auto row = static_cast<uint32_t>(sorted.times.size());
      if (sorted.runs.empty() || sorted.runs.back().series != series)
        sorted.runs.push_back({series, row, row});
      sorted.runs.back().row_end = row + 1;
      sorted.times.push_back(key.second);
      for (auto& column : sorted.columns) {
        const auto field = fields.find(column.id.value());
        const bool is_valid = field != fields.end();
        column.validity.push_back(is_valid ? 1 : 0);
        if (column.type == DataType::kString) {
          column.strings.emplace_back(is_valid ? text.emplace_back(field->second)
                                               : std::string_view());
        } else {
          column.bits.push_back(is_valid ? std::stoull(field->second) : 0);
        }
      }
    }
    PartWriteOptions options;
    options.schema = std::make_shared<TableSchema>(schema_);
    options.key_of = [this](SeriesId id) { return index_->KeyOf(id); };
    options.lineage = {1, 2};
    options.seq_min = seq_min;
    options.seq_max = seq_max;
    options.level = level;
    PartFileWriter writer(files_, "part", "p" + std::to_string(num_written_++));
    auto meta = writer.Add(sorted, options);
    ASSERT_TRUE(meta.has_value());
    ASSERT_TRUE(writer.Commit().ok());
    parts_.push_back({*meta, Open(*meta)});
    for (const auto& [key, fields] : rows) {
      auto& row = expected_[key];
      for (const auto& [id, value] : fields)
        row[id] = value;
    }
  }

  // Rows of the parts so far.
  void Delete(uint64_t seq, TimeRange time, std::optional<std::string> parity) {
    Tombstone tombstone{.seq = seq, .table = kTable, .time = time, .tags = {}};
    if (parity.has_value()) {
      TagPredicate predicate;
      predicate.tag = "parity";
      predicate.values = {*parity};
      tombstone.tags.push_back(predicate);
    }
    tombstones_ =
        tombstones_.With(std::make_shared<MatchedTombstone>(std::move(tombstone), index_));
    std::erase_if(expected_, [&](const auto& row) {
      if (!time.Contains(row.first.second)) return false;
      if (!parity.has_value()) return true;
      for (uint32_t id = 0; id < ranks_->size(); ++id) {
        if ((*ranks_)[id] == row.first.first) return (id % 2 == 0) == (*parity == "even");
      }
      return false;
    });
  }

  CompactionInput Input(bool has_older_reach = false) const {
    return {.parts = parts_,
            .schema = std::make_shared<TableSchema>(schema_),
            .lineage = {1, 2},
            .key_of = [this](SeriesId id) { return index_->KeyOf(id); },
            .ranks = ranks_,
            .tombstones = std::make_shared<TombstoneList>(tombstones_),
            .has_older_reach = has_older_reach};
  }

  // Merges all parts; they are then the one that was made, if any row is left.
  void Compact(bool has_older_reach = false) {
    PartFileWriter writer(files_, "part", "m" + std::to_string(num_merged_++));
    CompactionJob job(Input(has_older_reach), writer);
    while (true) {
      const auto more = job.Step();
      ASSERT_TRUE(more.has_value()) << more.error().ToString();
      if (!*more) break;
    }
    auto meta = job.Finish();
    ASSERT_TRUE(meta.has_value()) << meta.error().ToString();
    rows_copied_ = job.rows_copied();
    parts_.clear();
    if (!meta->has_value()) return;
    ASSERT_TRUE(writer.Commit().ok());
    parts_.push_back({**meta, Open(**meta)});
  }

  // The rows of the single part, and whether its directory is in order.
  Rows Read() const {
    Rows rows;
    if (parts_.empty()) return rows;
    PartReader& part = *parts_[0].reader;
    for (size_t group = 0; group < part.num_row_groups(); ++group) {
      auto source = part.OpenRowGroup(group, {});
      EXPECT_TRUE(source.has_value()) << source.error().ToString();
      for (size_t i = 0; i < (*source)->runs().size(); ++i) {
        const SourceRun run = (*source)->runs()[i];
        const auto times = (*source)->Times(i);
        EXPECT_TRUE(times.has_value());
        for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
          const std::pair key((*ranks_)[run.series.value()], (*times)[row - run.row_begin]);
          EXPECT_TRUE(rows.empty() || rows.rbegin()->first < key) << "out of order";
          auto& fields = rows[key];
          for (const auto& column : part.footer().columns) {
            const auto view = (*source)->ReadVector(column.id, column.type, row / kVectorRows);
            EXPECT_TRUE(view.has_value()) << view.error().ToString();
            const uint32_t at = row % kVectorRows;
            if (!view->IsValid(at)) continue;
            fields[column.id.value()] = column.type == DataType::kString
                                            ? std::string(view->String(at))
                                            : std::to_string(view->Bits(at));
          }
        }
      }
    }
    return rows;
  }

  // Series, by position of the key, of the runs that may overlap older parts.
  std::vector<uint32_t> Listed() const {
    std::vector<uint32_t> listed;
    PartReader& part = *parts_[0].reader;
    for (size_t group = 0; group < part.num_row_groups(); ++group) {
      const auto source = part.OpenRowGroup(group, {});
      for (const auto& run : (*source)->runs()) {
        if (run.may_overlap) listed.push_back((*ranks_)[run.series.value()]);
      }
    }
    return listed;
  }

  const Rows& expected() const { return expected_; }
  const std::vector<CompactionPart>& parts() const { return parts_; }
  uint64_t rows_copied() const { return rows_copied_; }
  FaultFileSystem& files() { return files_; }

 private:
  std::shared_ptr<PartReader> Open(const PartMeta& meta) {
    auto file = files_.OpenForRead("part/" + meta.file);
    EXPECT_TRUE(file.has_value());
    auto reader = PartReader::Open(*std::move(file), meta, nullptr);
    EXPECT_TRUE(reader.has_value()) << reader.error().ToString();
    return *reader;
  }

  FaultFileSystem files_;
  TableSchema schema_;
  std::shared_ptr<TableSeriesIndex> index_ = std::make_shared<TableSeriesIndex>();
  std::shared_ptr<const std::vector<uint32_t>> ranks_;
  std::vector<CompactionPart> parts_;
  TombstoneList tombstones_;
  Rows expected_;
  uint64_t rows_copied_ = 0;
  int num_merged_ = 0;
  int num_written_ = 0;
};

// `num_rows` rows of each series in [first_series, end_series), one a second from `first_time` on.
Rows SteadyRows(uint32_t first_series, uint32_t end_series, int64_t first_time, int num_rows) {
  Rows rows;
  for (uint32_t series = first_series; series < end_series; ++series) {
    for (int i = 0; i < num_rows; ++i)
      rows[{series, first_time + i}] = {{1, std::to_string((static_cast<int>(series) + i) % 100)}};
  }
  return rows;
}

TEST(CompactionJobTest, LaterWritesWinFieldByField) {
  Table table(2);
  table.AddPart({{{0, 10}, {{1, "1"}, {2, "old"}}}, {{1, 10}, {{1, "5"}}}}, 1, 1, 0);
  table.AddPart({{{0, 10}, {{1, "2"}}}, {{0, 11}, {{2, "new"}}}}, 2, 2, 0);
  table.Compact();
  EXPECT_EQ(
      table.Read(),
      (Rows{{{0, 10}, {{1, "2"}, {2, "old"}}}, {{0, 11}, {{2, "new"}}}, {{1, 10}, {{1, "5"}}}}));
  const PartMeta& meta = table.parts()[0].meta;
  EXPECT_EQ(meta.seq_min, 1U);
  EXPECT_EQ(meta.seq_max, 2U);
  EXPECT_EQ(meta.level, 1);
  EXPECT_EQ(meta.num_rows, 3U);
}

TEST(CompactionJobTest, AgreesWithAMapOnRandomParts) {
  const uint64_t seed = Seed();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    const uint32_t num_series = 1 + static_cast<uint32_t>(random() % 12);
    Table table(num_series);
    uint64_t seq = 1;
    for (uint64_t part = 1 + random() % 5; part > 0; --part) {
      Rows rows;
      const auto begin = static_cast<int64_t>(random() % 3000);
      const auto step = static_cast<int64_t>(1 + random() % 3);
      const bool jitters = random() % 2 == 0;
      for (uint32_t series = 0; series < num_series; ++series) {
        if (random() % 4 == 0) continue;
        for (uint64_t i = random() % 1500; i > 0; --i) {
          const int64_t time = begin + static_cast<int64_t>(i) * step +
                               (jitters ? static_cast<int64_t>(random() % 2) : 0);
          Fields fields;
          if (random() % 3 != 0) fields[1] = std::to_string(random() % 1000);
          if (random() % 3 != 0) fields[2] = "text " + std::to_string(random() % 50);
          if (!fields.empty()) rows[{series, time}] = fields;
        }
      }
      if (rows.empty()) rows[{0, 1}] = {{1, "1"}};
      const uint64_t last = seq + random() % 3;
      table.AddPart(rows, seq, last, random() % 2);
      seq = last + 1;
      if (random() % 3 == 0) {
        const auto from = static_cast<int64_t>(random() % 4000);
        table.Delete(seq++, {.begin = from, .end = from + static_cast<int64_t>(random() % 2000)},
                     random() % 2 == 0 ? std::nullopt : std::optional<std::string>("even"));
      }
      // Of the parts before, as the engine does it now and then.
      if (random() % 4 == 0) table.Compact(random() % 2 == 0);
    }
    if (random() % 4 == 0) table.DropField(kText);
    table.Compact();
    ASSERT_EQ(table.Read(), table.expected()) << "STRIA_TEST_SEED=" << seed << " round " << round;
  }
}

TEST(CompactionJobTest, ColumnsThatWereAddedLaterAreNullBeforeAndThoseDroppedAreGone) {
  Table table(1);
  table.AddPart({{{0, 1}, {{1, "1"}, {2, "gone"}}}}, 1, 1, 0);
  table.AddField(kAdded, DataType::kUint64);
  table.AddPart({{{0, 2}, {{1, "2"}, {3, "7"}}}}, 2, 2, 0);
  table.DropField(kText);
  table.Compact();
  EXPECT_EQ(table.Read(), (Rows{{{0, 1}, {{1, "1"}}}, {{0, 2}, {{1, "2"}, {3, "7"}}}}));
  EXPECT_EQ(table.parts()[0].reader->footer().columns.size(), 2U);
}

TEST(CompactionJobTest, RowsWithoutAColumnStayWhenAllColumnsAreDropped) {
  Table table(1);
  table.AddPart({{{0, 1}, {{1, "1"}}}}, 1, 1, 0);
  table.DropField(kNumber);
  table.DropField(kText);
  table.Compact();
  EXPECT_EQ(table.Read(), (Rows{{{0, 1}, {}}}));
}

TEST(CompactionJobTest, APartOfWhichEveryRowIsDeletedIsNotReplaced) {
  Table table(3);
  table.AddPart(SteadyRows(0, 3, 0, 100), 1, 1, 0);
  table.Delete(2, {}, std::nullopt);
  table.Compact();
  EXPECT_TRUE(table.parts().empty());
}

TEST(CompactionJobTest, ADeleteLeavesWhatWasWrittenAfterIt) {
  Table table(2);
  table.AddPart(SteadyRows(0, 2, 0, 10), 1, 1, 0);
  table.Delete(2, {}, std::nullopt);
  table.AddPart({{{0, 3}, {{1, "9"}}}}, 3, 3, 0);
  table.Compact();
  EXPECT_EQ(table.Read(), (Rows{{{0, 3}, {{1, "9"}}}}));
  EXPECT_EQ(table.parts()[0].meta.deletes_seq, 2U);
  EXPECT_EQ(table.parts()[0].reader->footer().deletes_seq, 2U);
}

TEST(CompactionJobTest, RowGroupsThatNobodyOverlapsAreCopied) {
  Table table(40);
  table.AddPart(SteadyRows(0, 40, 0, 8'500), 1, 1, 1);
  ASSERT_EQ(table.parts()[0].reader->num_row_groups(), 2U);
  const Rows before = table.Read();
  table.Compact();
  EXPECT_EQ(table.rows_copied(), 340'000U) << "also the last, which is more than a quarter full";
  EXPECT_EQ(table.Read(), before);

  table.AddPart({{{20, 5}, {{1, "777"}}}}, 2, 2, 0);
  table.Compact();
  EXPECT_EQ(table.rows_copied(), 340'000U - kMaxRowGroupRows) << "all but that of series 20";
  EXPECT_EQ(table.Read(), table.expected());
}

TEST(CompactionJobTest, RowGroupsOfOneSeriesAreCopiedWhereTimesDoNotOverlap) {
  Table table(1);
  table.AddPart(SteadyRows(0, 1, 0, 340'000), 1, 1, 1);
  table.AddPart(SteadyRows(0, 1, 200'000, 10), 2, 2, 0);
  table.AddPart(SteadyRows(0, 1, 700'000, 10), 3, 3, 0);
  table.Compact();
  EXPECT_EQ(table.rows_copied(), 340'000U - kMaxRowGroupRows);
  EXPECT_EQ(table.Read(), table.expected());
}

TEST(CompactionJobTest, HotRowGroupsAndThoseUnderADeleteOrWithADroppedColumnAreWrittenAgain) {
  Table hot(10);
  hot.AddPart(SteadyRows(0, 10, 0, 10'000), 1, 1, 0);
  hot.Compact();
  EXPECT_EQ(hot.rows_copied(), 0U);
  hot.Delete(2, {.begin = 5, .end = 6}, std::nullopt);
  hot.Compact();
  EXPECT_EQ(hot.rows_copied(), 0U);
  EXPECT_EQ(hot.Read(), hot.expected());
  hot.Compact();
  EXPECT_EQ(hot.rows_copied(), 99'990U) << "the delete is done";

  hot.DropField(kNumber);
  hot.Compact();
  EXPECT_EQ(hot.rows_copied(), 0U);
  EXPECT_EQ(hot.Read(), hot.expected());
}

TEST(CompactionJobTest, WhatOverlapsOlderPartsStaysListedAndNothingIsWhenThereAreNone) {
  Table table(3);
  table.AddPart(SteadyRows(0, 3, 0, 10), 1, 1, 0);  // Written without an overlap set: any may.
  table.Compact(/*has_older_reach=*/true);
  EXPECT_THAT(table.Listed(), testing::ElementsAre(0, 1, 2));
  table.Compact(/*has_older_reach=*/false);
  EXPECT_THAT(table.Listed(), testing::IsEmpty());
  table.AddPart(SteadyRows(1, 2, 5, 10), 2, 2, 0);
  table.Compact(/*has_older_reach=*/true);
  EXPECT_THAT(table.Listed(), testing::ElementsAre(1)) << "of series 0 and 2 it is known";
}

TEST(CompactionJobTest, ManyVersionsOfALongRunAreMergedInPieces) {
  Table table(1);
  for (uint64_t seq = 1; seq <= 3; ++seq) {
    Rows rows;
    for (int64_t i = 0; i < 150'000; ++i)
      rows[{0, i * 2 + static_cast<int64_t>(seq % 2)}] = {{1, std::to_string(seq)}};
    table.AddPart(rows, seq, seq, 0);
  }
  table.Compact();
  EXPECT_EQ(table.Read(), table.expected());
  const auto& groups = table.parts()[0].reader->footer().row_groups;
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_GT(groups[0].num_rows, 250'000U) << "nearly full";
}

TEST(CompactionJobTest, EveryWriteThatFailsIsReportedAndLeavesNothingBehind) {
  Table table(4);
  table.AddPart(SteadyRows(0, 4, 0, 3000), 1, 1, 0);
  table.AddPart(SteadyRows(0, 4, 1000, 3000), 2, 2, 0);
  const auto names = table.files().List("part")->size();
  for (uint64_t call = 1;; ++call) {
    table.files().FailAt(call);
    Status status;
    {
      PartFileWriter writer(table.files(), "part", "again");
      CompactionJob job(table.Input(), writer);
      while (status.ok()) {
        const auto more = job.Step();
        status = more ? Status::Ok() : more.error();
        if (!more || !*more) break;
      }
      if (status.ok()) {
        const auto meta = job.Finish();
        status = meta ? writer.Commit() : meta.error();
      }
    }
    if (!table.files().failed()) {
      ASSERT_TRUE(status.ok());
      ASSERT_GT(call, 3U);
      break;
    }
    const std::string what = table.files().failed_call();
    table.files().FailNever();
    // The temporary name that is not removed is an orphan that the next start removes.
    EXPECT_TRUE(!status.ok() || what.find("emove") != std::string::npos) << what;
    static_cast<void>(table.files().Remove("part/again"));
    static_cast<void>(what.find("emove") != std::string::npos &&
                      table.files().Remove("part/.again.tmp").ok());
    EXPECT_EQ(table.files().List("part")->size(), names) << "call " << call << ": " << what;
  }
}

TEST(CompactionJobTest, EveryReadThatFailsIsReported) {
  Table table(4);
  table.AddPart(SteadyRows(0, 4, 0, 3000), 1, 1, 0);
  table.AddPart(SteadyRows(0, 4, 1000, 3000), 2, 2, 0);
  for (uint64_t call = 1;; ++call) {
    table.files().FailReadAt(call);
    PartFileWriter writer(table.files(), "part", "again");
    CompactionJob job(table.Input(), writer);
    Result<bool> more = true;
    while (more && *more)
      more = job.Step();
    if (!table.files().failed()) break;
    ASSERT_FALSE(more.has_value()) << table.files().failed_call();
    EXPECT_EQ(more.error().code(), StatusCode::kIoError);
  }
}

TEST(CompactionJobTest, PartsOfAnotherShardOrOutOfOrderAreRefused) {
  Table table(2);
  table.AddPart(SteadyRows(0, 2, 0, 10), 1, 1, 0);
  auto input = table.Input();
  input.lineage = {9, 9};
  PartFileWriter writer(table.files(), "part", "again");
  {
    CompactionJob job(input, writer);
    EXPECT_EQ(job.Step().error().code(), StatusCode::kCorruption);
  }
  input = table.Input();
  auto ranks = *input.ranks;
  std::swap(ranks[0], ranks[1]);
  input.ranks = std::make_shared<const std::vector<uint32_t>>(ranks);
  {
    CompactionJob job(input, writer);
    EXPECT_EQ(job.Step().error().code(), StatusCode::kCorruption);
  }
  input.ranks = std::make_shared<const std::vector<uint32_t>>();
  CompactionJob job(input, writer);
  EXPECT_EQ(job.Step().error().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace stria::storage
