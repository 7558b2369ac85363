#include "storage/wal/wal_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/wal/wal_fixture.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Unsynced = FaultFileSystem::Unsynced;

const std::string kLong(3000, 'x');  // Three of these fill a segment of 16 KiB.

TEST(WalWriterTest, NumbersRecordsWithoutAGapAndSaysTheFirstOfEachGroup) {
  WalFixture log;
  log.Start();
  EXPECT_EQ(*log.Append({"one", "two"}), 1U);
  EXPECT_EQ(*log.Append({"three"}), 3U);
  EXPECT_EQ(log.writer->next_seq(), 4U);
  EXPECT_EQ(log.writer->num_syncs(), 2U);
  EXPECT_EQ(log.writer->bytes_written(), 2 * kWalBlockBytes);
}

TEST(WalWriterTest, AGroupBeginsOnABlockAndSaysWhatIsDurableBefore) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one", "two"}));
  ASSERT_TRUE(log.Append({"three", "four"}));
  const auto& bytes = log.BytesOf(1);
  const uint64_t nonce = DecodeAnyWalSegmentHeader(bytes)->nonce;
  const auto first = DecodeWalFrame(std::span(bytes).subspan(4096), nonce);
  const auto third = DecodeWalFrame(std::span(bytes).subspan(8192), nonce);
  ASSERT_TRUE(first.has_value() && third.has_value());
  EXPECT_EQ(first->durable, 0U);
  EXPECT_EQ(third->seq, 3U);
  EXPECT_EQ(third->durable, 2U);
  const auto fourth = DecodeWalFrame(std::span(bytes).subspan(8192 + third->bytes), nonce);
  ASSERT_TRUE(fourth.has_value());
  EXPECT_EQ(fourth->durable, 2U) << "of the group before, not of this one";
}

TEST(WalWriterTest, NeverWritesABlockAgain) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  const auto before = log.BytesOf(1);
  ASSERT_TRUE(log.Append({"two"}));
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 8192, log.BytesOf(1).begin()));
}

TEST(WalWriterTest, AnAppendDoesNotChangeTheSizeOfTheFile) {
  WalFixture log(32 << 10);
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  EXPECT_EQ(log.BytesOf(1).size(), 32U << 10);
  ASSERT_TRUE(log.Append({"two"}));
  EXPECT_EQ(log.BytesOf(1).size(), 32U << 10);
}

TEST(WalWriterTest, AGroupLargerThanASegmentGetsOneOfItsOwnSize) {
  WalFixture log(16 << 10);
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  ASSERT_TRUE(log.Append({std::string(100'000, 'y')}));
  ASSERT_TRUE(log.Append({"three"}));
  EXPECT_EQ(log.Recover()->size(), 3U);
  EXPECT_GE(log.BytesOf(2).size(), 100'000U);
  EXPECT_EQ(log.BytesOf(3).size(), 16U << 10);
}

TEST(WalWriterTest, AFailedSyncEndsTheLogAndIsNotTriedAgain) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  log.files.FailAt(2);
  const auto failed = log.Append({"two"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), StatusCode::kIoError);
  EXPECT_THAT(std::string(failed.error().message()), HasSubstr("until a restart"));
  EXPECT_TRUE(log.writer->failed());
  EXPECT_EQ(log.writer->next_seq(), 2U);
  const uint64_t num_calls = log.files.num_calls();
  EXPECT_EQ(log.Append({"three"}).error().code(), StatusCode::kIoError);
  EXPECT_TRUE(log.writer->PrepareNext().ok());
  EXPECT_FALSE(log.writer->WantsNext());
  EXPECT_EQ(log.files.num_calls(), num_calls) << "the disk is left alone";
}

TEST(WalWriterTest, AFailedWriteEndsTheLog) {
  WalFixture log;
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  log.files.FailAt(1, StatusCode::kDiskFull);  // Where nothing should need space.
  EXPECT_EQ(log.Append({"two"}).error().code(), StatusCode::kIoError);
  EXPECT_EQ(log.Append({"three"}).error().code(), StatusCode::kIoError);
  log.files.Restart();
  EXPECT_EQ((*log.Recover())[0], "1:one");
}

TEST(WalWriterTest, AFullDiskRefusesAGroupWholeAndTakesItWhenThereIsRoom) {
  WalFixture log(16 << 10);
  log.Start();
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(log.Append({kLong}));
  log.files.SetCapacity(20 << 10);
  EXPECT_EQ(log.Append({kLong}).error().code(), StatusCode::kDiskFull);
  EXPECT_EQ(log.writer->next_seq(), 4U);
  EXPECT_FALSE(log.writer->failed());
  EXPECT_EQ(log.Recover()->size(), 3U);
  log.files.SetCapacity(1 << 20);
  EXPECT_EQ(*log.Append({kLong}), 4U);
  EXPECT_EQ(log.Recover()->size(), 4U);
}

TEST(WalWriterTest, WhatIsReservedFindsRoomOnAFullDisk) {
  WalFixture log(16 << 10);
  log.Start();
  const WalRecord record{WalRecordType::kRows, AsBytes(kLong)};
  ASSERT_TRUE(log.writer->Reserve({&record, 1}).ok());
  log.files.SetCapacity(16 << 10);
  EXPECT_TRUE(log.Append({kLong}));
  EXPECT_TRUE(log.Append({kLong}));
  EXPECT_TRUE(log.Append({kLong}));
  EXPECT_EQ(log.writer->Reserve({&record, 1}).code(), StatusCode::kDiskFull);
}

TEST(WalWriterTest, APreparedSegmentIsTakenWithoutWritingZeros) {
  WalFixture log(16 << 10);
  log.Start();
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(log.Append({kLong}));
  EXPECT_TRUE(log.writer->WantsNext());
  ASSERT_TRUE(log.writer->PrepareNext().ok());
  EXPECT_FALSE(log.writer->WantsNext());
  const uint64_t num_calls = log.files.num_calls();
  ASSERT_TRUE(log.Append({kLong}));
  // Rename, sync of the directory, header and its sync, group and its sync.
  EXPECT_EQ(log.files.num_calls() - num_calls, 6U);
  EXPECT_TRUE(log.writer->WantsNext());
}

TEST(WalWriterTest, PrepareNextSaysWhyItFailedAndLeavesNothing) {
  WalFixture log(16 << 10);
  log.Start();
  ASSERT_TRUE(log.Append({"one"}));
  log.files.SetCapacity(20 << 10);
  EXPECT_EQ(log.writer->PrepareNext().code(), StatusCode::kDiskFull);
  EXPECT_THAT(*log.files.List("wal"), ElementsAre(WalSegmentName(1)));
  EXPECT_TRUE(log.writer->WantsNext());
}

TEST(WalWriterTest, KeepsOneSegmentToRecycleAndRemovesTheOthers) {
  WalFixture log(16 << 10);
  log.Start();
  for (int i = 0; i < 11; ++i)
    ASSERT_TRUE(log.Append({kLong}));  // Segments 1 to 3 full, 4 with two records.
  const uint64_t bytes = log.writer->bytes();
  log.writer->Recycle(7);
  EXPECT_THAT(*log.files.List("wal"), ElementsAre(WalSegmentName(3), WalSegmentName(4), "spare"));
  EXPECT_LT(log.writer->bytes(), bytes);
  log.writer->Recycle(100);
  EXPECT_THAT(*log.files.List("wal"), ElementsAre(WalSegmentName(4), "spare"))
      << "the segment in use stays whatever it holds";
}

TEST(WalWriterTest, DoesNotGiveBackASegmentWithOneRecordThatIsNeeded) {
  WalFixture log(16 << 10);
  log.Start();
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(log.Append({kLong}));
  log.writer->Recycle(3);
  EXPECT_EQ(log.Recover()->size(), 4U);
}

TEST(WalWriterTest, NothingIsWrittenBeforeTheFirstGroup) {
  WalFixture log;
  const uint64_t num_calls = log.files.num_calls();
  log.StartAfter(WalRecovery{});
  EXPECT_EQ(log.files.num_calls(), num_calls);
  EXPECT_THAT(*log.files.List("wal"), IsEmpty());
}

// Dies at every call, with rolls, a prepared segment and recycling on the way.
TEST(WalWriterTest, AfterALossOfPowerAtAnyCallHoldsEveryGroupThatWasAnswered) {
  for (const auto unsynced : {Unsynced::kDropNames, Unsynced::kKeepNames, Unsynced::kKeepAll,
                              Unsynced::kTorn, Unsynced::kTorn}) {
    for (uint64_t call = 1;; ++call) {
      WalFixture log(16 << 10);
      log.Start();
      log.files.FailAt(call, StatusCode::kIoError, /*dies=*/true);
      uint64_t num_answered = 0;
      for (uint64_t i = 1; i <= 14; ++i) {
        if (i == 6) static_cast<void>(log.writer->PrepareNext());
        if (i == 9 && num_answered == 8) {
          log.writer->Recycle(7);
          log.wal_low = 7;
        }
        if (log.Append({kLong + std::to_string(i)})) num_answered = i;
      }
      const bool reached = log.files.failed();
      log.files.Crash(unsynced);
      std::vector<std::string> records;
      const auto recovery = log.RecoverInto(records);
      ASSERT_TRUE(recovery) << "call " << call << ": " << recovery.error().ToString();
      EXPECT_GE(recovery->last_seq, num_answered) << "call " << call;
      EXPECT_LE(recovery->last_seq, num_answered + (reached ? 1 : 0)) << "call " << call;
      for (const auto& record : records) {
        const size_t colon = record.find(':');
        EXPECT_EQ(record.substr(colon + 1), kLong + record.substr(0, colon));
      }
      if (!reached) break;
    }
  }
}

}  // namespace
}  // namespace stria::storage
