#include "storage/io/numbered_log.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

using Kind = NumberedLog::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kDirectory = "log";

std::string PathOf(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kDirectory) + "/" + std::string(20 - digits.size(), '0') + digits;
}

// Opens `log` and returns what it holds: "S:payload" for a snapshot, "payload" for an edit.
Result<std::vector<std::string>> Load(NumberedLog& log) {
  std::vector<std::string> records;
  const Status status = log.Open([&](Kind kind, std::span<const std::byte> payload) {
    records.push_back((kind == Kind::kSnapshot ? "S:" : "") + std::string(AsText(payload)));
    return Status::Ok();
  });
  if (!status.ok()) return status;
  return records;
}

Result<std::vector<std::string>> Load(FileSystem& files) {
  NumberedLog log(files, std::string(kDirectory));
  return Load(log);
}

// An open log of three edits "one", "two", "three".
struct ThreeEdits {
  FaultFileSystem files;
  NumberedLog log{files, std::string(kDirectory)};

  ThreeEdits() {
    EXPECT_THAT(*Load(log), IsEmpty());
    for (const char* payload : {"one", "two", "three"})
      EXPECT_TRUE(log.AppendEdit(AsBytes(payload)).ok());
  }
};

TEST(NumberedLogTest, IsEmptyWhereNothingWasWritten) {
  FaultFileSystem files;
  NumberedLog log(files, std::string(kDirectory));
  EXPECT_THAT(*Load(log), IsEmpty());
  EXPECT_EQ(log.last_number(), 0U);
  EXPECT_FALSE(log.WantsSnapshot());
}

TEST(NumberedLogTest, GivesBackEditsInOrder) {
  ThreeEdits three;
  EXPECT_EQ(three.log.last_number(), 3U);
  NumberedLog again(three.files, std::string(kDirectory));
  EXPECT_THAT(*Load(again), ElementsAre("one", "two", "three"));
  EXPECT_EQ(again.last_number(), 3U);
}

TEST(NumberedLogTest, GoesOnAfterAReopen) {
  ThreeEdits three;
  NumberedLog again(three.files, std::string(kDirectory));
  ASSERT_TRUE(Load(again));
  ASSERT_TRUE(again.AppendEdit(AsBytes("four")).ok());
  EXPECT_THAT(*Load(three.files), ElementsAre("one", "two", "three", "four"));
}

TEST(NumberedLogTest, BeginsAtTheNewestSnapshot) {
  ThreeEdits three;
  ASSERT_TRUE(three.log.AppendSnapshot(AsBytes("all")).ok());
  ASSERT_TRUE(three.log.AppendEdit(AsBytes("more")).ok());
  EXPECT_THAT(*Load(three.files), ElementsAre("S:all", "more"));
}

TEST(NumberedLogTest, KeepsTheTwoNewestSnapshotsAndWhatFollows) {
  ThreeEdits three;
  ASSERT_TRUE(three.log.AppendSnapshot(AsBytes("first")).ok());   // 4
  ASSERT_TRUE(three.log.AppendEdit(AsBytes("five")).ok());        // 5
  ASSERT_TRUE(three.log.AppendSnapshot(AsBytes("second")).ok());  // 6: what is below 4 goes
  EXPECT_THAT(*three.files.List(std::string(kDirectory)),
              ElementsAre(PathOf(4).substr(4), PathOf(5).substr(4), PathOf(6).substr(4)));
  NumberedLog again(three.files, std::string(kDirectory));
  EXPECT_THAT(*Load(again), ElementsAre("S:second"));
  ASSERT_TRUE(again.AppendSnapshot(AsBytes("third")).ok());  // 7: what is below 6 goes
  EXPECT_THAT(*three.files.List(std::string(kDirectory)),
              ElementsAre(PathOf(6).substr(4), PathOf(7).substr(4)));
}

TEST(NumberedLogTest, WantsASnapshotAtLeastEvery64Records) {
  FaultFileSystem files;
  NumberedLog log(files, std::string(kDirectory));
  ASSERT_TRUE(Load(log));
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 63; ++i) {
      ASSERT_FALSE(log.WantsSnapshot()) << i;
      ASSERT_TRUE(log.AppendEdit(AsBytes("x")).ok());
    }
    EXPECT_TRUE(log.WantsSnapshot());
    NumberedLog again(files, std::string(kDirectory));
    ASSERT_TRUE(Load(again));
    EXPECT_TRUE(again.WantsSnapshot()) << "after a reopen";
    ASSERT_TRUE(log.AppendSnapshot(AsBytes("s")).ok());
  }
}

TEST(NumberedLogTest, WantsASnapshotWhenEditsOutweighTheLastOne) {
  FaultFileSystem files;
  NumberedLog log(files, std::string(kDirectory));
  ASSERT_TRUE(Load(log));
  const std::string large(100 * kKiB, 'x');
  ASSERT_TRUE(log.AppendSnapshot(AsBytes(large)).ok());
  ASSERT_TRUE(log.AppendEdit(AsBytes(large)).ok());
  EXPECT_FALSE(log.WantsSnapshot());
  ASSERT_TRUE(log.AppendEdit(AsBytes("x")).ok());
  EXPECT_TRUE(log.WantsSnapshot());
}

TEST(NumberedLogTest, RefusesTheNumberThatAnotherOwnerTook) {
  ThreeEdits three;
  NumberedLog other(three.files, std::string(kDirectory));
  ASSERT_TRUE(Load(other));
  ASSERT_TRUE(other.AppendEdit(AsBytes("theirs")).ok());
  EXPECT_EQ(three.log.AppendEdit(AsBytes("ours")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(three.log.last_number(), 3U);
  EXPECT_THAT(*Load(three.files), ElementsAre("one", "two", "three", "theirs"));
}

TEST(NumberedLogTest, NamesTheMissingRecordOfAGap) {
  ThreeEdits three;
  ASSERT_TRUE(three.files.Remove(PathOf(2)).ok());
  const auto loaded = Load(three.files);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), StatusCode::kCorruption);
  EXPECT_THAT(loaded.error().message(), HasSubstr("record 2 is missing"));
}

TEST(NumberedLogTest, NeedsTheFirstRecordWhereThereIsNoSnapshot) {
  ThreeEdits three;
  ASSERT_TRUE(three.files.Remove(PathOf(1)).ok());
  const auto loaded = Load(three.files);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message(), HasSubstr("record 1 is missing"));
}

TEST(NumberedLogTest, DoesNotNeedRecordsBelowTheNewestSnapshot) {
  ThreeEdits three;
  ASSERT_TRUE(three.log.AppendSnapshot(AsBytes("all")).ok());
  ASSERT_TRUE(three.files.Remove(PathOf(2)).ok());
  three.files.BytesOf(PathOf(3)).clear();
  EXPECT_THAT(*Load(three.files), ElementsAre("S:all"));
}

TEST(NumberedLogTest, IgnoresForeignNamesAndRemovesUnfinishedOnes) {
  ThreeEdits three;
  for (const char* name : {"README", "4", "0000000000000000000x", "00000000000000000000"})
    three.files.Put(std::string(kDirectory) + "/" + name, {});
  three.files.Put("log/.00000000000000000004.tmp", {});
  EXPECT_THAT(*Load(three.files), ElementsAre("one", "two", "three"));
  EXPECT_FALSE(*three.files.Exists("log/.00000000000000000004.tmp"));
}

TEST(NumberedLogTest, RefusesARecordWithAnyByteChanged) {
  ThreeEdits three;
  auto& bytes = three.files.BytesOf(PathOf(2));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const auto change : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
      bytes[i] ^= change;
      const auto loaded = Load(three.files);
      ASSERT_FALSE(loaded) << "byte " << i;
      EXPECT_EQ(loaded.error().code(), StatusCode::kCorruption) << "byte " << i;
      EXPECT_THAT(loaded.error().message(), HasSubstr(PathOf(2))) << "byte " << i;
      bytes[i] ^= change;
    }
  }
  EXPECT_TRUE(Load(three.files));
}

TEST(NumberedLogTest, RefusesARecordCutShortOrWithBytesLeftOver) {
  ThreeEdits three;
  const auto whole = three.files.BytesOf(PathOf(3));
  for (size_t size = 0; size <= whole.size() + 1; ++size) {
    auto& bytes = three.files.BytesOf(PathOf(3));
    bytes = whole;
    bytes.resize(size);
    EXPECT_EQ(Load(three.files).has_value(), size == whole.size()) << size << " bytes";
  }
}

TEST(NumberedLogTest, RefusesARecordUnderAnotherNumber) {
  ThreeEdits three;
  three.files.Put(PathOf(4), three.files.BytesOf(PathOf(3)));
  const auto loaded = Load(three.files);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().message(), HasSubstr("holds number 3"));
}

TEST(NumberedLogTest, WritesTheDocumentedBytes) {
  ThreeEdits three;
  std::vector<std::byte> expected;
  AppendBytes(AsBytes("STRIALOG"), expected);
  AppendInteger<uint32_t>(1, expected);
  AppendInteger<uint32_t>(2, expected);
  AppendInteger<uint64_t>(1, expected);
  AppendInteger<uint64_t>(3, expected);
  AppendInteger(Checksum(AsBytes("one"), Checksum(expected)), expected);
  AppendBytes(AsBytes("one"), expected);
  EXPECT_EQ(three.files.BytesOf(PathOf(1)), expected);
}

TEST(NumberedLogTest, FailsWithWhatTheReaderOfARecordSays) {
  ThreeEdits three;
  NumberedLog again(three.files, std::string(kDirectory));
  const Status status = again.Open([](Kind, std::span<const std::byte>) -> Status {
    return {StatusCode::kCorruption, "no sense in it"};
  });
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("no sense in it"));
}

// Dies at every call that changes the disk, under both fates of names that were not synced.
TEST(NumberedLogTest, AfterACrashHoldsEveryCommitThatSucceededAndAtMostOneMore) {
  for (const auto unsynced :
       {FaultFileSystem::Unsynced::kDropNames, FaultFileSystem::Unsynced::kKeepNames}) {
    for (uint64_t call = 1;; ++call) {
      FaultFileSystem files;
      std::vector<std::string> committed;
      files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
      {
        NumberedLog log(files, std::string(kDirectory));
        bool alive = Load(log).has_value();
        for (int i = 0; alive && i < 6; ++i) {
          const std::string payload = std::to_string(i);
          // Every third is a snapshot of all before and itself.
          std::string all;
          for (const auto& one : committed)
            all += one;
          alive = i % 3 == 2 ? log.AppendSnapshot(AsBytes(all + payload)).ok()
                             : log.AppendEdit(AsBytes(payload)).ok();
          if (alive) committed.push_back(payload);
        }
      }
      const bool reached = files.failed();
      files.Crash(unsynced);
      const auto loaded = Load(files);
      ASSERT_TRUE(loaded) << "call " << call << ": " << loaded.error().ToString();
      std::string state, expected, one_more;
      for (const auto& record : *loaded) {
        if (record.starts_with("S:")) state.clear();
        state += record.starts_with("S:") ? record.substr(2) : record;
      }
      for (const auto& one : committed)
        expected += one;
      one_more = expected + std::to_string(committed.size());
      EXPECT_TRUE(state == expected || (reached && state == one_more))
          << "call " << call << ": " << state << " against " << expected;
      if (!reached) break;
    }
  }
}

TEST(NumberedLogTest, AFullDiskDoesNotEndTheLog) {
  ThreeEdits three;
  three.files.FailAt(2, StatusCode::kDiskFull);  // The write of the temporary file.
  EXPECT_EQ(three.log.AppendEdit(AsBytes("lost")).code(), StatusCode::kDiskFull);
  ASSERT_TRUE(three.log.AppendEdit(AsBytes("four")).ok());
  EXPECT_THAT(*Load(three.files), ElementsAre("one", "two", "three", "four"));
}

TEST(NumberedLogTest, WorksOnTheDiskOfThisMachine) {
  const std::string directory = ::testing::TempDir() + "/numbered_log_test";
  FileSystem& files = PosixFileSystem();
  const auto old_names = files.List(directory);
  for (const auto& name : *old_names)
    ASSERT_TRUE(files.Remove(directory + "/" + name).ok());
  NumberedLog log(files, directory);
  ASSERT_TRUE(Load(log));
  ASSERT_TRUE(log.AppendEdit(AsBytes("one")).ok());
  NumberedLog other(files, directory);
  EXPECT_THAT(*Load(other), ElementsAre("one"));
  ASSERT_TRUE(other.AppendSnapshot(AsBytes("all")).ok());
  EXPECT_EQ(log.AppendEdit(AsBytes("two")).code(), StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace stria::storage
