#include "storage/wal/wal_reader.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/wal/wal_fixture.h"

namespace stria::storage {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Unsynced = FaultFileSystem::Unsynced;

std::string Message(const Result<std::vector<std::string>>& result) {
  return result.has_value() ? "no error" : result.error().ToString();
}

// Two groups of two records, then one of three.
struct ThreeGroups : WalFixture {
  ThreeGroups() {
    Start();
    EXPECT_TRUE(Append({"one", "two"}));
    EXPECT_TRUE(Append({"three", "four"}));
    EXPECT_TRUE(Append({"five", "six", "seven"}));
  }
};

TEST(WalReaderTest, ADirectoryThatDoesNotExistHoldsNothing) {
  WalFixture log;
  EXPECT_THAT(*log.Recover(), IsEmpty());
}

TEST(WalReaderTest, GivesBackTheRecordsInOrder) {
  ThreeGroups log;
  EXPECT_THAT(*log.Recover(),
              ElementsAre("1:one", "2:two", "3:three", "4:four", "5:five", "6:six", "7:seven"));
  std::vector<std::string> records;
  const auto recovery = log.RecoverInto(records);
  EXPECT_EQ(recovery->last_seq, 7U);
  EXPECT_EQ(recovery->num_records, 7U);
  EXPECT_EQ(recovery->next_segment, 2U);
  EXPECT_EQ(recovery->torn_bytes, 0U);
}

TEST(WalReaderTest, TheLastGroupCutAtAnyByteIsATornTail) {
  for (size_t cut = 0;; ++cut) {
    ThreeGroups log;
    const auto frames = log.FramesOf(1);
    const size_t group = frames[4].first;
    if (group + cut > frames[6].second) break;
    auto& bytes = log.BytesOf(1);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(group + cut), bytes.end(), std::byte{0});
    const auto records = log.Recover();
    ASSERT_TRUE(records) << "cut at " << cut << ": " << Message(records);
    // Zeros at the end of a text change nothing here, so a frame is there if and only if it is
    // whole.
    const auto num_whole = static_cast<size_t>(std::ranges::count_if(
        frames, [&](const auto& frame) { return frame.second <= group + cut; }));
    ASSERT_EQ(records->size(), num_whole) << "cut at " << cut;
  }
}

TEST(WalReaderTest, ASegmentThatEndsInTheMidstOfItsLastGroupIsATornTail) {
  for (const size_t cut : {0U, 10U, 40U, 90U}) {
    ThreeGroups log;
    log.BytesOf(1).resize(log.FramesOf(1)[4].first + cut);
    const auto records = log.Recover();
    ASSERT_TRUE(records) << Message(records);
    EXPECT_GE(records->size(), 4U);
    EXPECT_LT(records->size(), 7U);
  }
}

TEST(WalReaderTest, EachByteOfAnEarlierGroupThatChangesIsReportedAndNothingIsCut) {
  ThreeGroups log;
  const auto frames = log.FramesOf(1);
  for (size_t frame = 0; frame < 4; ++frame) {
    for (size_t offset = frames[frame].first; offset < frames[frame].second; ++offset) {
      log.BytesOf(1)[offset] ^= std::byte{0x21};
      const auto before = log.BytesOf(1);
      const auto records = log.Recover();
      ASSERT_FALSE(records) << "byte " << offset;
      EXPECT_EQ(records.error().code(), StatusCode::kCorruption);
      EXPECT_THAT(Message(records), AllOf(HasSubstr(WalFixture::PathOf(1)),
                                          HasSubstr("record " + std::to_string(frame + 1)),
                                          HasSubstr("was acknowledged and is damaged")));
      ASSERT_EQ(log.BytesOf(1), before) << "the evidence stays";
      log.BytesOf(1)[offset] ^= std::byte{0x21};
    }
  }
  EXPECT_EQ(log.Recover()->size(), 7U);
}

TEST(WalReaderTest, DamageInPaddingIsNoDamage) {
  ThreeGroups log;
  const auto frames = log.FramesOf(1);
  for (const size_t offset : {frames[1].second, frames[2].first - 1, frames[3].second + 8})
    log.BytesOf(1)[offset] ^= std::byte{0xff};
  EXPECT_EQ(log.Recover()->size(), 7U);
}

TEST(WalReaderTest, EachByteOfTheLastGroupThatChangesLosesThatRecordAndThoseBehindItOrNothing) {
  // Nothing says that the last group was durable, so it cannot be told from a torn one. Once a
  // manifest has accepted it, it can.
  ThreeGroups log;
  const auto frames = log.FramesOf(1);
  for (size_t frame = 4; frame < 7; ++frame) {
    for (size_t offset = frames[frame].first; offset < frames[frame].second; ++offset) {
      log.BytesOf(1)[offset] ^= std::byte{0x21};
      const auto records = log.Recover();
      ASSERT_TRUE(records) << Message(records);
      EXPECT_EQ(records->size(), frame);
      log.accepted = {{1, 7}};
      EXPECT_THAT(Message(log.Recover()), HasSubstr("was acknowledged and is damaged"));
      log.accepted.clear();
      log.BytesOf(1)[offset] ^= std::byte{0x21};
    }
  }
}

TEST(WalReaderTest, EachByteOfAHeaderThatChangesIsReportedWhileItsRecordsAreNeeded) {
  ThreeGroups log;
  for (size_t offset = 0; offset < kWalSegmentHeaderBytes; ++offset) {
    log.BytesOf(1)[offset] ^= std::byte{0x21};
    const auto records = log.Recover();
    ASSERT_FALSE(records) << "byte " << offset;
    EXPECT_EQ(records.error().code(), StatusCode::kCorruption) << offset;
    log.BytesOf(1)[offset] ^= std::byte{0x21};
  }
  log.BytesOf(1)[0] ^= std::byte{0x21};
  log.wal_low = 8;
  EXPECT_THAT(*log.Recover(), IsEmpty());
}

// What a start reads around damage, and where it says that records are missing: "first-last
// segment".
struct Around {
  std::vector<std::string> records;
  std::vector<std::string> holes;
  uint64_t last_seq = 0;
};

Around ReadAround(WalFixture& log) {
  Around around;
  const auto recovery = log.RecoverInto(around.records, WalDamagePolicy::kReport);
  EXPECT_TRUE(recovery) << recovery.error().ToString();
  if (!recovery) return around;
  around.last_seq = recovery->last_seq;
  for (const auto& damage : recovery->damages) {
    EXPECT_FALSE(damage.reason.empty());
    around.holes.push_back(std::to_string(damage.first_seq) + "-" +
                           std::to_string(damage.last_seq) + " " + damage.segment);
  }
  return around;
}

TEST(WalReaderTest, ADamagedRecordIsAHoleAndTheOthersAreReadAround) {
  ThreeGroups log;
  const auto whole = *log.Recover();
  const auto frames = log.FramesOf(1);
  for (size_t frame = 0; frame < 4; ++frame) {
    for (size_t offset = frames[frame].first; offset < frames[frame].second; ++offset) {
      log.BytesOf(1)[offset] ^= std::byte{0x21};
      const Around around = ReadAround(log);
      ASSERT_EQ(around.holes.size(), 1U) << "byte " << offset;
      EXPECT_TRUE(around.holes[0].starts_with(std::to_string(frame + 1) + "-"));
      EXPECT_TRUE(around.holes[0].ends_with(" " + WalSegmentName(1)));
      EXPECT_EQ(around.last_seq, 7U);
      // What is read is what was written, and all of the groups that are whole.
      for (const auto& record : around.records)
        EXPECT_THAT(whole, Contains(record));
      EXPECT_GE(around.records.size(), 4U);
      if (offset >= frames[frame].first + 4) {
        ASSERT_EQ(around.records.size(), 6U) << "its length leads to the record behind it; byte "
                                             << offset << ", " << around.holes[0];
      }
      log.BytesOf(1)[offset] ^= std::byte{0x21};
    }
  }
}

TEST(WalReaderTest, WithoutAHeaderTheSegmentIsAHole) {
  ThreeGroups log;
  for (size_t offset = 0; offset < kWalSegmentHeaderBytes; ++offset) {
    if (offset >= 8 && offset < 12) continue;  // Another version is not damage.
    log.BytesOf(1)[offset] ^= std::byte{0x21};
    const Around around = ReadAround(log);
    EXPECT_THAT(around.records, IsEmpty());
    ASSERT_EQ(around.holes.size(), 1U) << "byte " << offset;
    EXPECT_TRUE(around.holes[0].starts_with("1-")) << around.holes[0];
    EXPECT_GE(around.last_seq, 5U) << "no number of a record that was is given again";
    log.BytesOf(1)[offset] ^= std::byte{0x21};
  }
}

TEST(WalReaderTest, AMissingSegmentIsAHole) {
  WalFixture log(8192);
  log.Start();
  for (const char* text : {"a", "b", "c", "d"})
    ASSERT_TRUE(log.Append({text}));
  ASSERT_TRUE(log.files.Remove(WalFixture::PathOf(2)).ok());
  const Around around = ReadAround(log);
  EXPECT_THAT(around.holes, ElementsAre("2-2 "));
  EXPECT_THAT(around.records, ElementsAre("1:a", "3:c", "4:d"));
}

TEST(WalReaderTest, WhatTheManifestAcceptedAndIsGoneIsAHole) {
  ThreeGroups log;
  log.accepted = {{1, 9}};
  EXPECT_THAT(ReadAround(log).holes, ElementsAre("8-9 " + WalSegmentName(1)));
  EXPECT_EQ(ReadAround(log).last_seq, 9U);
}

TEST(WalReaderTest, ATornTailIsNoHole) {
  ThreeGroups log;
  log.BytesOf(1)[log.FramesOf(1)[4].first + 33] ^= std::byte{1};
  const Around around = ReadAround(log);
  EXPECT_THAT(around.holes, IsEmpty());
  EXPECT_EQ(around.last_seq, 4U);
}

TEST(WalReaderTest, ASegmentOfANewerVersionSaysSo) {
  ThreeGroups log;
  log.BytesOf(1)[8] = std::byte{2};
  EXPECT_THAT(Message(log.Recover()), HasSubstr("version 2, this program reads 1"));
}

// Records of 3,000 bytes in segments of 16 KiB: three to a segment.
struct ManySegments : WalFixture {
  explicit ManySegments(int num_records) : WalFixture(16 << 10) {
    Start();
    for (int i = 1; i <= num_records; ++i)
      EXPECT_TRUE(Append({TextOf(i)}));
  }
  static std::string TextOf(int i) { return std::string(3000, static_cast<char>('a' + i % 26)); }
};

TEST(WalReaderTest, ReadsOnInTheNextSegment) {
  ManySegments log(8);
  std::vector<std::string> records;
  const auto recovery = log.RecoverInto(records);
  ASSERT_TRUE(recovery);
  EXPECT_EQ(recovery->segments.size(), 3U);
  EXPECT_EQ(recovery->segments[0].last_seq, 3U);
  EXPECT_EQ(recovery->last_seq, 8U);
  ASSERT_EQ(records.size(), 8U);
  EXPECT_EQ(records[7], "8:" + ManySegments::TextOf(8));
}

TEST(WalReaderTest, ATornEndOfASegmentThatHasASuccessorIsDamage) {
  ManySegments log(5);
  auto& bytes = log.BytesOf(1);
  const auto last = log.FramesOf(1).back();
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(last.first + 50), bytes.end(),
            std::byte{0});
  EXPECT_THAT(Message(log.Recover()),
              AllOf(HasSubstr(WalFixture::PathOf(1)), HasSubstr("record 3, at offset")));
}

TEST(WalReaderTest, AMissingSegmentIsReportedUnlessItsRecordsAreInParts) {
  ManySegments log(8);
  ASSERT_TRUE(log.files.Remove(WalFixture::PathOf(1)).ok());
  EXPECT_THAT(Message(log.Recover()), HasSubstr("those from 1 on are missing"));
  log.wal_low = 4;
  EXPECT_EQ(log.Recover()->size(), 5U);
}

TEST(WalReaderTest, RecordsBelowWalLowAreNotVisitedAndMayBeDamaged) {
  ThreeGroups log;
  log.BytesOf(1)[log.FramesOf(1)[0].first + 33] ^= std::byte{1};
  log.wal_low = 3;
  EXPECT_THAT(*log.Recover(), ElementsAre("3:three", "4:four", "5:five", "6:six", "7:seven"));
}

TEST(WalReaderTest, WhenTheManifestAcceptedMoreThanIsThereSomethingIsMissing) {
  WalFixture log;
  log.accepted = {{1, 4}};
  EXPECT_THAT(Message(log.Recover()),
              HasSubstr("records 1 to 4 were acknowledged and are missing"));
}

TEST(WalReaderTest, RecordsThatAnEarlierStartDidNotAcceptAreVoidForEver) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  ASSERT_TRUE(log.Append({"two", "three"}));
  // A start that finds "two" torn, because its sector comes back later.
  const auto frames = log.FramesOf(1);
  log.BytesOf(1)[frames[1].first] ^= std::byte{1};
  log.Start();
  log.BytesOf(1)[frames[1].first] ^= std::byte{1};
  ASSERT_TRUE(log.Append({"another two"}));
  EXPECT_THAT(*log.Recover(), ElementsAre("1:one", "2:another two"));
  log.Start();
  ASSERT_TRUE(log.Append({"three"}));
  EXPECT_THAT(*log.Recover(), ElementsAre("1:one", "2:another two", "3:three"));
}

TEST(WalReaderTest, TornEndsOfSeveralEpochsAreEachCut) {
  WalFixture log;
  for (int epoch = 1; epoch <= 4; ++epoch) {
    log.Start();
    ASSERT_TRUE(log.Append({"kept " + std::to_string(epoch)}));
    ASSERT_TRUE(log.Append({"torn " + std::to_string(epoch)}));
    const auto segment = static_cast<uint64_t>(epoch);
    log.BytesOf(segment)[log.FramesOf(segment)[1].first + 35] ^= std::byte{1};
  }
  EXPECT_THAT(*log.Recover(), ElementsAre("1:kept 1", "2:kept 2", "3:kept 3", "4:kept 4"));
}

TEST(WalReaderTest, DamageInAnEarlierEpochIsReportedThoughItsEndWasTorn) {
  ThreeGroups log;
  log.BytesOf(1)[log.FramesOf(1)[6].first] ^= std::byte{1};  // "seven" is torn.
  log.Start();
  ASSERT_TRUE(log.Append({"another seven"}));
  ASSERT_EQ(log.Recover()->size(), 7U);
  log.BytesOf(1)[log.FramesOf(1)[5].first + 32] ^= std::byte{1};  // "six" was accepted.
  EXPECT_THAT(Message(log.Recover()), HasSubstr("record 6"));
}

TEST(WalReaderTest, WhatARecycledSegmentHeldBeforeDoesNotComeBack) {
  ManySegments log(7);  // Segments 1 to 3; 3 has one record.
  log.writer->Recycle(4);
  log.wal_low = 4;
  ASSERT_TRUE(log.Append({ManySegments::TextOf(8)}));
  ASSERT_TRUE(log.Append({ManySegments::TextOf(9)}));
  ASSERT_TRUE(log.Append({"in what was segment 1"}));
  ASSERT_EQ(log.writer->next_seq(), 11U);
  EXPECT_FALSE(*log.files.Exists(WalFixture::PathOf(1)));
  // Behind the one new record lie the old ones, under another nonce.
  const auto& bytes = log.BytesOf(4);
  EXPECT_TRUE(LooksLikeWalFrame(std::span(bytes).subspan(8192), 2));
  const auto records = log.Recover();
  ASSERT_TRUE(records) << Message(records);
  ASSERT_EQ(records->size(), 7U);
  EXPECT_EQ(records->back(), "10:in what was segment 1");
}

TEST(WalReaderTest, ARecycledFileWhoseNewHeaderDidNotGetToTheDiskIsEmpty) {
  ManySegments log(6);
  log.writer->Recycle(4);
  log.wal_low = 4;
  ASSERT_TRUE(log.files.Rename("wal/spare", WalFixture::PathOf(3)).ok());
  std::vector<std::string> records;
  const auto recovery = log.RecoverInto(records);
  ASSERT_TRUE(recovery) << recovery.error().ToString();
  EXPECT_EQ(records.size(), 3U);
  EXPECT_EQ(recovery->next_segment, 4U);
  EXPECT_FALSE(*log.files.Exists(WalFixture::PathOf(3))) << "useless, and removed";
}

TEST(WalReaderTest, RemovesWhatWasPreparedAndNeverUsed) {
  ThreeGroups log;
  ASSERT_TRUE(log.writer->PrepareNext().ok());
  log.files.Put("wal/spare.tmp", std::vector<std::byte>(100));
  EXPECT_EQ(log.Recover()->size(), 7U);
  EXPECT_THAT(*log.files.List("wal"), ElementsAre(WalSegmentName(1)));
}

TEST(WalReaderTest, WhatAFailedSyncLeftInMemoryIsOnTheDiskBeforeItCounts) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  log.files.FailAt(2);  // The sync behind the write.
  EXPECT_EQ(log.Append({"two"}).error().code(), StatusCode::kIoError);
  // The process starts again; reads still show the record, so it is accepted.
  log.files.Restart();
  log.Start();
  EXPECT_THAT(*log.Recover(), ElementsAre("1:one", "2:two"));
  // Then the power goes.
  log.files.Crash(Unsynced::kDropNames);
  const auto records = log.Recover();
  ASSERT_TRUE(records) << Message(records);
  EXPECT_THAT(*records, ElementsAre("1:one", "2:two"));
}

TEST(WalReaderTest, FailsWhenWhatItAcceptsCannotBeSynced) {
  ThreeGroups log;
  for (uint64_t call = 1;; ++call) {
    log.files.FailAt(call);
    const auto records = log.Recover();
    if (!log.files.failed()) {
      EXPECT_TRUE(records) << Message(records);
      break;
    }
    if (log.files.failed_call().starts_with("sync")) {
      EXPECT_FALSE(records) << log.files.failed_call();
    }
  }
}

TEST(WalReaderTest, EndsWithTheFailureOfTheVisitor) {
  ThreeGroups log;
  int num_visited = 0;
  const auto recovery =
      RecoverWal(log.files, kWalDirectory, kWalShard, {}, 0, [&](const WalFrame&) -> Status {
        if (++num_visited < 3) return Status::Ok();
        return {StatusCode::kCorruption, "no sense in it"};
      });
  ASSERT_FALSE(recovery);
  EXPECT_THAT(recovery.error().ToString(), HasSubstr("no sense in it"));
  EXPECT_EQ(num_visited, 3);
}

}  // namespace
}  // namespace stria::storage
