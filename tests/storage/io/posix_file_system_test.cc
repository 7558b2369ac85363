// The disk of this machine does what the interface says.

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/base/bytes.h"
#include "storage/io/file_system.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PosixFileSystemTest : public testing::Test {
 protected:
  PosixFileSystemTest() {
    directory_ = (std::filesystem::temp_directory_path() / "stria-posix-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  ~PosixFileSystemTest() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  FileSystem& files_ = PosixFileSystem();
  std::string directory_;
};

TEST_F(PosixFileSystemTest, WhatIsWrittenIsReadBack) {
  const auto file = files_.Create(Path("f"));
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->WriteAt(0, AsBytes("hello")).ok());
  ASSERT_TRUE((*file)->WriteAt(8, AsBytes("world")).ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ(*(*file)->Size(), 13U);
  EXPECT_EQ(AsText(*ReadFile(files_, Path("f"))), std::string_view("hello\0\0\0world", 13));
  EXPECT_EQ(*files_.FileSize(Path("f")), 13U);
}

TEST_F(PosixFileSystemTest, AReadBeyondTheEndIsCorruptionAndNamesTheFile) {
  const auto file = files_.Create(Path("f"));
  ASSERT_TRUE((*file)->WriteAt(0, AsBytes("short")).ok());
  std::vector<std::byte> bytes(6);
  const Status status = (*file)->ReadAt(0, bytes);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr(Path("f")));
}

TEST_F(PosixFileSystemTest, CreateTruncatesAndOpenForWriteDoesNot) {
  ASSERT_TRUE((*files_.Create(Path("f")))->WriteAt(0, AsBytes("hello")).ok());
  ASSERT_TRUE((*files_.OpenForWrite(Path("f")))->WriteAt(0, AsBytes("J")).ok());
  EXPECT_EQ(AsText(*ReadFile(files_, Path("f"))), "Jello");
  ASSERT_TRUE(files_.Create(Path("f")).has_value());
  EXPECT_EQ(*files_.FileSize(Path("f")), 0U);
}

TEST_F(PosixFileSystemTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(files_.OpenForRead(Path("f")).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.OpenForWrite(Path("f")).error().code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Remove(Path("f")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.Rename(Path("f"), Path("g")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.FileSize(Path("f")).error().code(), StatusCode::kNotFound);
  EXPECT_FALSE(*files_.Exists(Path("f")));
  EXPECT_THAT(*files_.List(Path("nothing")), IsEmpty());
}

TEST_F(PosixFileSystemTest, ALinkTakesOnlyAFreeName) {
  ASSERT_TRUE((*files_.Create(Path("a")))->WriteAt(0, AsBytes("a")).ok());
  ASSERT_TRUE((*files_.Create(Path("b")))->WriteAt(0, AsBytes("b")).ok());
  EXPECT_EQ(files_.Link(Path("a"), Path("b")).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(files_.Link(Path("a"), Path("c")).ok());
  EXPECT_THAT(*files_.List(directory_), ElementsAre("a", "b", "c"));
  EXPECT_EQ(AsText(*ReadFile(files_, Path("c"))), "a");
  EXPECT_TRUE(files_.SyncDirectory(directory_).ok());
}

TEST_F(PosixFileSystemTest, MakesDirectoriesWithAllThatIsMissingAboveThem) {
  ASSERT_TRUE(files_.CreateDirectories(Path("x/y/z")).ok());
  EXPECT_TRUE(*files_.Exists(Path("x/y/z")));
  EXPECT_TRUE(files_.CreateDirectories(Path("x/y/z")).ok()) << "again is no error";
  ASSERT_TRUE(files_.Create(Path("f")).has_value());
  EXPECT_FALSE(files_.CreateDirectories(Path("f/g")).ok());
}

TEST_F(PosixFileSystemTest, TheLockIsHeldUntilItIsDestroyedAndNamesItsHolder) {
  auto lock = files_.Lock(Path("lock"));
  ASSERT_TRUE(lock.has_value());
  const auto second = files_.Lock(Path("lock"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.error().message()),
              HasSubstr("in use by process " + std::to_string(::getpid())));
  lock->reset();
  EXPECT_TRUE(files_.Lock(Path("lock")).has_value());
}

TEST_F(PosixFileSystemTest, TellsTheSpaceOfItsDisk) {
  const auto space = files_.Space(directory_);
  ASSERT_TRUE(space.has_value());
  EXPECT_GT(space->total_bytes, space->free_bytes / 2);
  EXPECT_GT(space->total_bytes, 0U);
}

TEST_F(PosixFileSystemTest, PassesTheProbeOfTheCommit) {
  EXPECT_TRUE(ProbeCommit(files_, directory_).ok());
  EXPECT_THAT(*files_.List(directory_), IsEmpty());
}

TEST_F(PosixFileSystemTest, ADiskThatIsFullSaysSo) {
  // Every write to this device fails with ENOSPC.
  if (!*files_.Exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  const auto file = files_.OpenForWrite("/dev/full");
  if (!file) GTEST_SKIP() << file.error().ToString();
  EXPECT_EQ((*file)->WriteAt(0, AsBytes("x")).code(), StatusCode::kDiskFull);
}

}  // namespace
}  // namespace stria::storage
