#include "storage/manifest/version_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Unsynced = FaultFileSystem::Unsynced;

constexpr const char* kDirectory = "manifest";

VersionEdit Adds(const std::string& file, uint64_t seq) {
  return {.added = {{.file = file,
                     .length = 1,
                     .table = TableId(1),
                     .num_rows = 1,
                     .num_runs = 1,
                     .seq_min = seq,
                     .seq_max = seq}}};
}

std::vector<std::string> FilesOf(const Version& version) {
  std::vector<std::string> files;
  for (const auto& part : version.PartsOf(TableId(1)).parts)
    files.push_back(part.file);
  return files;
}

TEST(VersionSetTest, WhatIsCommittedIsThereAfterAStart) {
  FaultFileSystem files;
  {
    VersionSet versions(files, kDirectory);
    ASSERT_TRUE(versions.Open().ok());
    ASSERT_TRUE(versions.Commit(Adds("a", 1)).ok());
    ASSERT_TRUE(versions.Commit(Adds("b", 2)).ok());
  }
  files.Crash(Unsynced::kDropNames);
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  EXPECT_THAT(FilesOf(*versions.current()), ElementsAre("a", "b"));
  EXPECT_EQ(versions.current()->number, 2U);
}

TEST(VersionSetTest, ManyCommitsKeepFewRecordsAndLoseNothing) {
  FaultFileSystem files;
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  for (uint64_t i = 1; i <= 500; ++i) {
    VersionEdit edit = Adds("f" + std::to_string(i), i);
    if (i > 5) edit.removed = {{"f" + std::to_string(i - 5), 0}};
    ASSERT_TRUE(versions.Commit(edit).ok());
  }
  EXPECT_LT(files.List(kDirectory)->size(), 140U);
  VersionSet again(files, kDirectory);
  ASSERT_TRUE(again.Open().ok());
  EXPECT_EQ(FilesOf(*again.current()), FilesOf(*versions.current()));
  EXPECT_EQ(again.current()->number, 500U);
}

TEST(VersionSetTest, AFileIsGarbageWhenNoVersionThatIsReadNamesIt) {
  FaultFileSystem files;
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  ASSERT_TRUE(versions.Commit(Adds("a", 1)).ok());
  auto reader = versions.current();
  VersionEdit edit = Adds("b", 2);
  edit.removed = {{"a", 0}};
  ASSERT_TRUE(versions.Commit(edit).ok());
  EXPECT_THAT(versions.TakeGarbage(), IsEmpty());
  reader.reset();
  EXPECT_THAT(versions.TakeGarbage(), ElementsAre("a"));
  EXPECT_THAT(versions.TakeGarbage(), IsEmpty()) << "once";
}

TEST(VersionSetTest, AFileWithAnotherPartThatLivesIsNoGarbage) {
  FaultFileSystem files;
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  VersionEdit two = Adds("shared", 1);
  two.added.push_back(two.added[0]);
  two.added[1].offset = 100;
  two.added[1].table = TableId(2);
  ASSERT_TRUE(versions.Commit(two).ok());
  ASSERT_TRUE(versions.Commit({.removed = {{"shared", 0}}}).ok());
  EXPECT_THAT(versions.TakeGarbage(), IsEmpty());
  ASSERT_TRUE(versions.Commit({.removed = {{"shared", 100}}}).ok());
  EXPECT_THAT(versions.TakeGarbage(), ElementsAre("shared"));
}

TEST(VersionSetTest, OfTwoOwnersTheSecondToCommitIsFenced) {
  FaultFileSystem files;
  VersionSet ours(files, kDirectory), theirs(files, kDirectory);
  ASSERT_TRUE(ours.Open().ok());
  ASSERT_TRUE(theirs.Open().ok());
  ASSERT_TRUE(theirs.Commit(Adds("b", 1)).ok());
  EXPECT_EQ(ours.Commit(Adds("a", 1)).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(ours.failed());
  EXPECT_THAT(FilesOf(*ours.current()), IsEmpty());
}

TEST(VersionSetTest, AFullDiskChangesNothingAndEndsNothing) {
  FaultFileSystem files;
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  files.FailAt(2, StatusCode::kDiskFull);
  EXPECT_EQ(versions.Commit(Adds("a", 1)).code(), StatusCode::kDiskFull);
  EXPECT_FALSE(versions.failed());
  EXPECT_THAT(FilesOf(*versions.current()), IsEmpty());
  EXPECT_TRUE(versions.Commit(Adds("b", 1)).ok());
}

TEST(VersionSetTest, AnEditThatMakesNoSenseIsRefusedBeforeItIsWritten) {
  FaultFileSystem files;
  VersionSet versions(files, kDirectory);
  ASSERT_TRUE(versions.Open().ok());
  const uint64_t num_calls = files.num_calls();
  EXPECT_EQ(versions.Commit({.removed = {{"nothing", 0}}}).code(), StatusCode::kCorruption);
  EXPECT_EQ(files.num_calls(), num_calls);
  EXPECT_TRUE(versions.Commit(Adds("a", 1)).ok());
}

}  // namespace
}  // namespace stria::storage
