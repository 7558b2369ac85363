#include "storage/engine/series_files.h"

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "storage/types/series_key.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

// Indexes of tables, the files of their series, and the names that a manifest would have.
class SeriesFilesTest : public testing::Test {
 protected:
  SeriesFilesTest() { EXPECT_TRUE(disk_.CreateDirectories("series").ok()); }

  // Adds `num` series to a table, and commits a file with them.
  void Add(uint32_t table, uint32_t num) {
    VersionEdit edit;
    const Status status = WriteAdded(table, num, edit);
    ASSERT_TRUE(status.ok()) << status.ToString();
    Commit(edit);
  }

  Status WriteAdded(uint32_t table, uint32_t num, VersionEdit& edit) {
    auto& index = indexes_[TableId(table)];
    if (index == nullptr) index = std::make_shared<TableSeriesIndex>();
    const uint32_t begin = index->num_series();
    for (uint32_t i = begin; i < begin + num; ++i) {
      const std::string value = "v" + std::to_string(i);
      std::vector<TagView> tags = {{"tag", value}};
      bool added = false;
      index->FindOrAdd(*MakeSeriesKey(tags), added);
    }
    const SeriesRange range{TableId(table), begin, begin + num};
    return files_.Write(std::span(&range, 1), "file" + std::to_string(next_++), IndexOf(), edit);
  }

  void Commit(const VersionEdit& edit) {
    if (edit.replaces_series_files) names_.clear();
    names_.insert(names_.end(), edit.series_files.begin(), edit.series_files.end());
    files_.Committed();
  }

  SeriesFiles::IndexOf IndexOf() {
    return [this](TableId table) {
      const auto found = indexes_.find(table);
      return found == indexes_.end() ? nullptr : found->second;
    };
  }

  // A start finds what is in the indexes, and no file that it does not know.
  void ExpectAllIsThere() {
    EXPECT_EQ(disk_.List("series")->size(), names_.size());
    SeriesFiles files(disk_, "series");
    std::map<TableId, std::unique_ptr<TableSeriesIndex>> loaded;
    const auto result = files.Load(names_, [&](TableId table) -> TableSeriesIndex& {
      auto& index = loaded[table];
      if (index == nullptr) index = std::make_unique<TableSeriesIndex>();
      return *index;
    });
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(result->num_loaded, names_.size());
    EXPECT_TRUE(result->damage.ok()) << result->damage.ToString();
    for (const auto& [table, index] : indexes_) {
      ASSERT_EQ(loaded[table]->num_series(), index->num_series());
      for (uint32_t id = 0; id < index->num_series(); ++id)
        ASSERT_EQ(loaded[table]->KeyOf(SeriesId(id)), index->KeyOf(SeriesId(id)));
    }
  }

  FaultFileSystem disk_;
  SeriesFiles files_{disk_, "series"};
  std::map<TableId, std::shared_ptr<TableSeriesIndex>> indexes_;
  std::vector<std::string> names_;
  int next_ = 0;
};

TEST_F(SeriesFilesTest, WhatIsAddedFollowsTheBase) {
  Add(1, 3);
  Add(1, 2);
  Add(2, 4);
  EXPECT_EQ(names_.size(), 3U);
  ExpectAllIsThere();
}

TEST_F(SeriesFilesTest, ASnapshotReplacesABaseThatIsOutgrown) {
  Add(1, 5'000);
  Add(1, 4'000);
  EXPECT_EQ(names_.size(), 2U);
  Add(1, 2'000);
  EXPECT_EQ(names_.size(), 1U) << "11,000 are more than twice the base";
  ExpectAllIsThere();
}

TEST_F(SeriesFilesTest, ManySmallFilesBecomeOneBehindTheBase) {
  Add(1, 3'000);
  size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    Add(1 + static_cast<uint32_t>(i) % 3, 2);
    most = std::max(most, names_.size());
  }
  EXPECT_LE(most, 33U);
  EXPECT_EQ(names_.front(), "file0");
  ExpectAllIsThere();
}

TEST_F(SeriesFilesTest, SeriesOfADroppedTableAreLeftOut) {
  Add(1, 5'000);
  Add(2, 5'000);
  indexes_.erase(TableId(1));
  Add(2, 20'000);
  EXPECT_EQ(names_.size(), 1U);
  ExpectAllIsThere();
}

TEST_F(SeriesFilesTest, AFileWithoutItsCommitIsRemovedAndItsSeriesComeWithALaterOne) {
  Add(1, 3);
  VersionEdit edit;
  ASSERT_TRUE(WriteAdded(1, 2, edit).ok());
  files_.Abandon();
  EXPECT_EQ(disk_.List("series")->size(), 1U);
  const SeriesRange all_new{TableId(1), 3, 5};
  VersionEdit again;
  ASSERT_TRUE(files_.Write(std::span(&all_new, 1), "again", IndexOf(), again).ok());
  Commit(again);
  ExpectAllIsThere();
}

TEST_F(SeriesFilesTest, AWriteThatFailsAtAnyCallLeavesWhatWasThere) {
  Add(1, 3);
  for (uint64_t call = 1;; ++call) {
    disk_.FailAt(call);
    VersionEdit edit;
    const uint32_t begin = indexes_[TableId(1)]->num_series();
    const Status status = WriteAdded(1, 1, edit);
    const bool failed = disk_.failed();
    disk_.FailNever();
    if (!failed) {
      ASSERT_TRUE(status.ok()) << status.ToString();
      ASSERT_GT(call, 4U) << "create, write, sync and link";
      files_.Abandon();
      break;
    }
    // The removal of the temporary name may fail: it only takes space until the next start.
    files_.Abandon();
    SeriesFiles reader(disk_, "series");
    TableSeriesIndex index;
    const auto loaded = reader.Load(names_, [&](TableId) -> TableSeriesIndex& { return index; });
    ASSERT_TRUE(loaded.has_value());
    ASSERT_TRUE(loaded->damage.ok());
    ASSERT_EQ(index.num_series(), 3U) << begin;
  }
}

TEST_F(SeriesFilesTest, LoadStopsAtTheFirstFileThatIsDamaged) {
  Add(1, 3);
  Add(1, 2);
  Add(1, 2);
  disk_.BytesOf("series/file1")[20] ^= std::byte{1};
  SeriesFiles reader(disk_, "series");
  TableSeriesIndex index;
  const auto loaded = reader.Load(names_, [&](TableId) -> TableSeriesIndex& { return index; });
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->num_loaded, 1U);
  EXPECT_EQ(loaded->damage.code(), StatusCode::kCorruption);
  EXPECT_EQ(index.num_series(), 3U);
}

TEST_F(SeriesFilesTest, FilesThatCannotBeUsedAreAllReplaced) {
  Add(1, 3);
  Add(1, 2);
  files_.ReplaceAll({{TableId(1), 5}});
  EXPECT_TRUE(files_.must_replace());
  VersionEdit edit;
  ASSERT_TRUE(files_.Write({}, "new", IndexOf(), edit).ok());
  EXPECT_TRUE(edit.replaces_series_files);
  Commit(edit);
  EXPECT_FALSE(files_.must_replace());
  EXPECT_EQ(names_, std::vector<std::string>{"new"});
  ExpectAllIsThere();
}

}  // namespace
}  // namespace stria::storage
