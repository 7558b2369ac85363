#include "storage/io/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Lie = FaultFileSystem::Lie;
using Unsynced = FaultFileSystem::Unsynced;

std::string Text(FileSystem& files, const std::string& path) {
  const auto bytes = ReadFile(files, path);
  return bytes.has_value() ? std::string(AsText(*bytes)) : bytes.error().ToString();
}

TEST(CreateIfAbsentTest, MakesTheFileAndLeavesNoOther) {
  FaultFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  ASSERT_TRUE(CreateIfAbsent(files, "d/name", AsBytes("bytes")).ok());
  EXPECT_THAT(*files.List("d"), ElementsAre("name"));
  EXPECT_EQ(Text(files, "d/name"), "bytes");
}

TEST(CreateIfAbsentTest, DoesNotTouchAFileThatIsThere) {
  FaultFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  ASSERT_TRUE(CreateIfAbsent(files, "d/name", AsBytes("first")).ok());
  EXPECT_EQ(CreateIfAbsent(files, "d/name", AsBytes("second")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Text(files, "d/name"), "first");
}

TEST(CreateIfAbsentTest, AfterALossOfPowerTheFileIsThereWholeOrNotAtAll) {
  for (const auto unsynced :
       {Unsynced::kDropNames, Unsynced::kKeepNames, Unsynced::kKeepAll, Unsynced::kTorn}) {
    for (uint64_t call = 1;; ++call) {
      FaultFileSystem files(call);
      ASSERT_TRUE(files.CreateDirectories("d").ok());
      files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
      const std::string bytes(3000, 'x');
      const bool answered = CreateIfAbsent(files, "d/name", AsBytes(bytes)).ok();
      const bool reached = files.failed();
      files.Crash(unsynced);
      const bool exists = *files.Exists("d/name");
      EXPECT_TRUE(exists || !answered) << "call " << call;
      if (exists) {
        EXPECT_EQ(Text(files, "d/name"), bytes) << "call " << call;
      }
      if (!reached) break;
    }
  }
}

TEST(CreateIfAbsentTest, SaysDiskFullOnlyWhenNothingWasDone) {
  for (uint64_t call = 1;; ++call) {
    FaultFileSystem files;
    ASSERT_TRUE(files.CreateDirectories("d").ok());
    files.FailAt(call, StatusCode::kDiskFull);
    const Status status = CreateIfAbsent(files, "d/name", AsBytes("bytes"));
    if (!files.failed()) break;
    if (status.code() == StatusCode::kDiskFull) {
      EXPECT_FALSE(*files.Exists("d/name")) << files.failed_call();
    }
    if (files.failed_call().starts_with("sync directory")) {
      EXPECT_EQ(status.code(), StatusCode::kIoError) << "it may be there after a crash";
    }
  }
}

TEST(ProbeCommitTest, LeavesNothingBehindAndCanBeRepeated) {
  FaultFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  for (int i = 0; i < 2; ++i)
    EXPECT_TRUE(ProbeCommit(files, "d").ok());
  EXPECT_THAT(*files.List("d"), IsEmpty());
}

TEST(ProbeCommitTest, WorksAfterADeathInItsMidst) {
  for (uint64_t call = 1; call < 8; ++call) {
    FaultFileSystem files;
    ASSERT_TRUE(files.CreateDirectories("d").ok());
    files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
    static_cast<void>(ProbeCommit(files, "d"));
    files.Restart();
    EXPECT_TRUE(ProbeCommit(files, "d").ok()) << call;
    EXPECT_THAT(*files.List("d"), IsEmpty());
  }
}

TEST(ProbeCommitTest, RefusesAFileSystemWhereATakenNameCanBeTakenAgain) {
  FaultFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  files.Plant(Lie::kLinkReplaces, "d/");
  const Status status = ProbeCommit(files, "d");
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("taken can be taken again"), HasSubstr("--data")));
}

TEST(ProbeCommitTest, RefusesAFileSystemWithoutLinksOrDirectorySync) {
  FaultFileSystem files;
  ASSERT_TRUE(files.CreateDirectories("d").ok());
  files.FailAt(4);  // Remove, create, sync, link.
  const Status no_links = ProbeCommit(files, "d");
  ASSERT_THAT(files.failed_call(), HasSubstr("link"));
  EXPECT_EQ(no_links.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(no_links.message()), HasSubstr("cannot have a second name"));
  files.FailAt(6);
  EXPECT_EQ(ProbeCommit(files, "d").code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace stria::storage
