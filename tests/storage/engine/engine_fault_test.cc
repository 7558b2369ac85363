// The engine when the disk is full or fails: what it refuses, what goes on, how it heals.

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

uint64_t UsedBytes(FaultFileSystem& files) {
  files.SetCapacity(1ULL << 40);
  const auto space = files.Space("data");
  return space->total_bytes - space->free_bytes;
}

TEST(EngineFaultTest, AFullDiskRefusesWritesKeepsReadsAndHealsByItself) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 100).status.ok());
  world.files.SetCapacity(UsedBytes(world.files) + (10 << 10));
  const WriteResult refused = world.WriteMany("m", 100, 100);
  EXPECT_EQ(refused.status.code(), StatusCode::kDiskFull);
  EXPECT_THAT(std::string(refused.status.message()),
              AllOf(HasSubstr("less than the reserve of 65536"), HasSubstr("below data")));
  EXPECT_EQ(refused.rows_written, 0U);
  EXPECT_TRUE(world.engine->metrics().disk_full);
  EXPECT_EQ(world.CountRows("m"), 100U);

  world.files.SetCapacity(64 << 20);
  world.executor.RunFor(2 * SimulatedEngine::kSecond);
  EXPECT_FALSE(world.engine->metrics().disk_full) << "seen without a write";
  EXPECT_TRUE(world.WriteMany("m", 100, 100).status.ok());
  EXPECT_FALSE(world.engine->metrics().read_only);
  world.Restart();
  EXPECT_EQ(world.CountRows("m"), 200U);
}

TEST(EngineFaultTest, ADiskThatFillsUpAHundredTimesLosesNothingAndLeavesNothing) {
  for (const uint32_t num_shards : {1U, 4U}) {
    SimulatedEngine world;
    world.options.num_shards = num_shards;
    world.options.wal_segment_bytes = 16 << 10;
    world.options.wal_bytes = 64 << 10;
    world.options.memtable_bytes = 16 << 10;
    world.options.disk_reserve_bytes = 0;  // Every write and every flush finds the end by itself.
    world.Open();
    std::string expected_lines;
    int64_t num_stored = 0;
    for (int round = 0; round < 100; ++round) {
      world.files.SetCapacity(UsedBytes(world.files) + static_cast<uint64_t>(round) * 700);
      for (int i = 0; i < 6; ++i) {
        const std::string value = std::to_string(round * 10 + i);
        std::string lines;
        for (int series = 0; series < 16; ++series)
          lines += "m,h=" + std::to_string(series) + " v=" + value + "i " + value + "\n";
        const WriteResult result = world.Write(lines);
        num_stored += result.status.ok() ? 16 : 0;
        ASSERT_TRUE(result.status.ok() || result.status.code() == StatusCode::kDiskFull)
            << result.status.ToString();
      }
      static_cast<void>(world.engine->Flush());
      world.executor.RunFor(SimulatedEngine::kSecond);
      ASSERT_EQ(world.CountRows("m"), static_cast<size_t>(num_stored)) << "round " << round;
      world.files.SetCapacity(1ULL << 40);
      ASSERT_TRUE(world.engine->Flush().ok());
      ASSERT_TRUE(world.Write("m,h=x v=1i 1").status.ok());
      num_stored += round == 0 ? 1 : 0;
    }
    EXPECT_GT(num_stored, 1000);
    ASSERT_TRUE(world.engine->Compact().ok());
    std::vector<std::string> named;
    for (const auto& part : world.engine->Parts())
      named.push_back(part.file);
    std::ranges::sort(named);
    named.erase(std::ranges::unique(named).begin(), named.end());
    size_t num_files = 0;
    for (uint32_t shard = 0; shard < num_shards; ++shard)
      num_files += world.CountFiles("data/shard/" + std::to_string(shard) + "/part");
    EXPECT_EQ(num_files, named.size()) << "files of flushes that did not happen are gone";
    world.Restart();
    EXPECT_EQ(world.CountRows("m"), static_cast<size_t>(num_stored));
  }
}

TEST(EngineFaultTest, AFlushThatFindsTheDiskFullKeepsTheRowsIsLoggedAndIsDoneLater) {
  SimulatedEngine world;
  world.options.disk_reserve_bytes = 0;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 5000).status.ok());
  world.files.SetCapacity(UsedBytes(world.files));
  EXPECT_EQ(world.engine->Flush().code(), StatusCode::kDiskFull);
  EXPECT_THAT(world.log_lines, Contains(AllOf(HasSubstr("warning"), HasSubstr("flush of shard 0"),
                                              HasSubstr("disk_full"))));
  EXPECT_EQ(world.CountRows("m"), 5000U);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 0U);
  const size_t num_lines = world.log_lines.size();
  world.executor.RunFor(30 * SimulatedEngine::kSecond);
  EXPECT_LE(world.log_lines.size(), num_lines + 2) << "the same reason is said once";

  world.files.SetCapacity(64 << 20);
  EXPECT_TRUE(world.engine->Flush().ok());
  EXPECT_THAT(world.log_lines, Contains(HasSubstr("works again")));
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.CountRows("m"), 5000U);
}

TEST(EngineFaultTest, MemoryThatCannotBeFlushedIsNotFilledWithoutEnd) {
  SimulatedEngine world;
  world.options.disk_reserve_bytes = 0;
  world.options.memtable_bytes = 64 << 10;
  world.options.memory_bytes = 256 << 10;
  world.options.wal_segment_bytes = 8 << 20;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  world.files.SetCapacity(UsedBytes(world.files));
  WriteResult last;
  int64_t num_stored = 10;
  for (int i = 0; i < 100 && last.status.ok(); ++i) {
    last = world.WriteMany("m", num_stored, 500);
    if (last.status.ok()) num_stored += 500;
    world.executor.RunFor(SimulatedEngine::kSecond);
  }
  EXPECT_EQ(last.status.code(), StatusCode::kDiskFull);
  EXPECT_THAT(std::string(last.status.message()), HasSubstr("memory is full"));
  world.files.SetCapacity(64 << 20);
  world.executor.RunFor(2 * SimulatedEngine::kSecond);
  EXPECT_TRUE(world.WriteMany("m", num_stored, 500).status.ok());
  EXPECT_EQ(world.CountRows("m"), static_cast<size_t>(num_stored + 500));
}

TEST(EngineFaultTest, AFailedSyncOfTheLogEndsWritesUntilARestartAndKeepsReads) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  world.files.FailAt(2);  // Write, then sync.
  const WriteResult failed = world.WriteMany("m", 10, 10);
  EXPECT_EQ(failed.status.code(), StatusCode::kIoError);
  world.files.FailNever();
  const WriteResult refused = world.WriteMany("m", 20, 10);
  EXPECT_EQ(refused.status.code(), StatusCode::kIoError);
  EXPECT_THAT(std::string(refused.status.message()), HasSubstr("Check the disk and restart"));
  EXPECT_TRUE(world.engine->metrics().read_only);
  EXPECT_THAT(world.log_lines, Contains(HasSubstr("the log failed")));
  EXPECT_EQ(world.CountRows("m"), 10U);
  world.Restart();
  EXPECT_FALSE(world.engine->metrics().read_only);
  EXPECT_TRUE(world.WriteMany("m", 100, 10).status.ok());
  const size_t num_rows = world.CountRows("m");
  EXPECT_TRUE(num_rows == 20 || num_rows == 30) << num_rows << ": the failed batch whole or not";
}

TEST(EngineFaultTest, AManifestThatFailsEndsWritesAndFlushesUntilARestart) {
  int num_failures = 0;
  for (uint64_t call = 1; call < 40; ++call) {
    SimulatedEngine world;
    world.Open();
    ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
    world.files.FailAt(call);
    const Status status = world.engine->Flush();
    const std::string failed = world.files.failed_call();
    world.files.FailNever();
    if (status.ok() || failed.find("/manifest") == std::string::npos) continue;
    ++num_failures;
    EXPECT_TRUE(world.engine->metrics().read_only) << failed;
    const uint64_t num_calls = world.files.num_calls();
    EXPECT_EQ(world.engine->Flush().code(), StatusCode::kIoError);
    EXPECT_EQ(world.engine->Compact().code(), StatusCode::kIoError);
    EXPECT_EQ(world.WriteMany("m", 10, 10).status.code(), StatusCode::kIoError);
    EXPECT_EQ(world.files.num_calls(), num_calls) << failed << ": and the disk is left alone";
    EXPECT_EQ(world.CountRows("m"), 10U);
    world.Restart();
    EXPECT_EQ(world.CountRows("m"), 10U);
    EXPECT_TRUE(world.WriteMany("m", 10, 10).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
    EXPECT_EQ(world.CountRows("m"), 20U);
  }
  EXPECT_GE(num_failures, 4) << "create, write, sync, link or sync of the directory";
}

TEST(EngineFaultTest, AReadThatFailsIsAnErrorOfTheQueryAndOfNothingElse) {
  SimulatedEngine world;
  world.options.cache_bytes = 0;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 3000).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.WriteMany("m", 3000, 10).status.ok());
  int num_failed = 0;
  for (uint64_t call = 1; call < 40; ++call) {
    world.files.FailReadAt(call);
    const auto rows = ReadRows(*world.engine, "m");
    const bool failed = world.files.failed();
    world.files.FailReadAt(0);
    if (!failed) {
      EXPECT_EQ(rows->size(), 3010U);
      break;
    }
    ++num_failed;
    ASSERT_FALSE(rows.has_value());
    EXPECT_EQ(rows.error().code(), StatusCode::kIoError);
  }
  EXPECT_GT(num_failed, 2);
  EXPECT_TRUE(world.WriteMany("m", 4000, 10).status.ok());
  EXPECT_EQ(world.CountRows("m"), 3020U);
}

TEST(EngineFaultTest, WritesThatNeedNotBeDurableWaitWhenTooManyAreQueued) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  int num_submitted = 0, num_answered = 0;
  const auto submit = [&] {
    std::string lines;
    for (int i = 0; i < 20'000; ++i)
      lines += "m v=1i " + std::to_string(num_submitted * 20'000 + i) + "\n";
    WriteRequest request = LinesRequest(lines);
    request.sync = false;
    ++num_submitted;
    world.engine->Submit(std::move(request), [&](const WriteResult& result) {
      EXPECT_TRUE(result.status.ok()) << result.status.ToString();
      ++num_answered;
    });
  };
  while (num_submitted == num_answered && num_submitted < 100)
    submit();
  EXPECT_GT(num_answered, 10);
  EXPECT_EQ(num_answered, num_submitted - 1) << "1 M rows wait for the log";
  world.executor.RunAll();
  EXPECT_EQ(num_answered, num_submitted);
  submit();
  EXPECT_EQ(num_answered, num_submitted) << "at once again";
}

TEST(EngineFaultTest, AWriteThatWasAnsweredBeforeItWasDurableAndIsLostIsLogged) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  WriteRequest request = LinesRequest("m,h=a v=1i 100");
  request.sync = false;
  bool answered = false;
  world.files.FailAt(2);
  world.engine->Submit(std::move(request), [&](const WriteResult& result) {
    EXPECT_TRUE(result.status.ok());
    answered = true;
  });
  EXPECT_TRUE(answered) << "before the disk has it";
  EXPECT_EQ(world.CountRows("m"), 10U) << "and before anybody sees it";
  world.executor.RunAll();
  EXPECT_THAT(world.log_lines, Contains(HasSubstr("answered before it was durable is lost")));
}

TEST(EngineFaultTest, DamagedPartsFailTheQueryWithTheFileAndStayWhatTheyAre) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 3000).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.WriteMany("m", 2000, 10).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  world.Restart();
  const std::string file = world.engine->Parts()[0].file;
  auto& bytes = world.files.BytesOf("data/shard/0/part/" + file);
  bytes[100] ^= std::byte{1};
  const auto rows = ReadRows(*world.engine, "m");
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(rows.error().message()), HasSubstr(file));
  EXPECT_EQ(world.engine->Compact().code(), StatusCode::kCorruption);
  bytes[100] ^= std::byte{1};
  EXPECT_EQ(world.CountRows("m"), 3000U);
}

}  // namespace
}  // namespace stria::storage
