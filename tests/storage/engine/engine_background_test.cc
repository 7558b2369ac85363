// What the engine does by itself as time passes.

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

constexpr int64_t kSecond = SimulatedEngine::kSecond;

TEST(EngineBackgroundTest, AnIdleTableIsCompactedWithinThirtySeconds) {
  SimulatedEngine world;
  world.Open();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.WriteMany("m", i * 10, 20).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  ASSERT_EQ(world.engine->Parts().size(), 3U);
  world.executor.RunFor(10 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 3U) << "more may come";
  world.executor.RunFor(20 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.CountRows("m"), 40U);
}

TEST(EngineBackgroundTest, AnIdleTableIsCompactedThoughAnotherOneIsBusy) {
  SimulatedEngine world;
  world.Open();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.WriteMany("idle", i * 10, 20).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  for (int i = 0; i < 15; ++i) {
    ASSERT_TRUE(world.WriteMany("busy", i * 10, 10).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
    world.executor.RunFor(2 * kSecond);
  }
  int num_idle = 0;
  for (const auto& part : world.engine->Parts())
    num_idle += part.table == "idle" ? 1 : 0;
  EXPECT_EQ(num_idle, 1);
}

TEST(EngineBackgroundTest, ABusyTableIsCompactedAtFourParts) {
  SimulatedEngine world;
  world.Open();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(world.WriteMany("m", i * 10, 10).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  world.executor.RunFor(kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
}

TEST(EngineBackgroundTest, AnIdleMemtableIsFlushedAtItsAge) {
  SimulatedEngine world;
  world.options.flush_after_ns = 60 * kSecond;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  world.executor.RunFor(55 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 0U);
  world.executor.RunFor(10 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.CountRows("m"), 10U);
}

TEST(EngineBackgroundTest, TheLogIsBoundedByFlushingTheTablesThatHoldItsOldHalf) {
  SimulatedEngine world;
  world.options.wal_segment_bytes = 32 << 10;
  world.options.wal_bytes = 128 << 10;
  world.Open();
  ASSERT_TRUE(world.Write("old,h=a v=1i 1").status.ok());
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(world.WriteMany("m", i * 100, 100).status.ok());
    world.executor.RunAll();
    ASSERT_LT(world.engine->metrics().wal_bytes, 256U << 10) << "batch " << i;
    ASSERT_LT(world.CountFiles("data/shard/0/wal"), 10U);
  }
  EXPECT_GT(world.engine->metrics().flushes, 1U);
  EXPECT_EQ(world.CountRows("old"), 1U);
  EXPECT_EQ(world.CountRows("m"), 40'000U);
}

TEST(EngineBackgroundTest, ATableWithADamagedPartIsNotCompactedAndTheOthersAre) {
  SimulatedEngine world;
  world.options.cache_bytes = 0;
  world.Open();
  for (int i = 0; i < 4; ++i) {
    for (const char* table : {"damaged", "whole"}) {
      ASSERT_TRUE(world.WriteMany(table, i * 10, 20).status.ok());
      ASSERT_TRUE(world.engine->Flush().ok());
    }
  }
  const auto count = [&](const std::string& table) {
    int num_parts = 0;
    for (const auto& part : world.engine->Parts())
      num_parts += part.table == table ? 1 : 0;
    return num_parts;
  };
  ASSERT_EQ(count("damaged"), 4);
  ASSERT_EQ(count("whole"), 4);
  world.files.BytesOf("data/shard/0/part/" + world.engine->Parts()[0].file)[30] ^= std::byte{1};
  world.executor.RunFor(2 * kSecond);
  EXPECT_EQ(count("damaged"), 4);
  EXPECT_EQ(count("whole"), 1);
  EXPECT_EQ(world.CountRows("whole"), 50U);
  const auto says = [&](const char* text) {
    return std::ranges::count_if(world.log_lines, [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  };
  world.executor.RunFor(60 * kSecond);
  EXPECT_EQ(says("parts stay as they are"), 1) << "once, and never that it works again";
  EXPECT_EQ(world.engine->Compact().code(), StatusCode::kCorruption);
}

TEST(EngineBackgroundTest, SmallPartsOfManyTablesShareAFileAlsoAfterCompaction) {
  SimulatedEngine world;
  world.Open();
  for (int round = 0; round < 3; ++round) {
    std::string lines;
    for (int table = 0; table < 200; ++table)
      lines += "t" + std::to_string(table) + ",h=a v=1i " + std::to_string(round) + "\n";
    ASSERT_TRUE(world.Write(lines).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 3U);
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(world.engine->Parts().size(), 200U);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 1U);
  EXPECT_EQ(world.CountRows("t199"), 3U);
}

TEST(EngineBackgroundTest, AFileStaysWhileAScanReadsItAndGoesAfterwards) {
  SimulatedEngine world;
  world.Open();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.WriteMany("m", i * 1000, 1000).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  ScanRequest request;
  request.table = world.engine->FindTable("db", "m");
  request.fields = {request.table->columns.back().id};
  auto scan = world.engine->OpenScan(request);
  ASSERT_TRUE(scan.has_value());
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 3U);
  uint64_t num_rows = 0;
  for (size_t i = 0; i < (*scan)->num_blocks(); ++i) {
    const auto block = (*scan)->OpenBlock(i);
    ASSERT_TRUE(block.has_value()) << block.error().ToString();
    for (const auto& run : (*block)->runs())
      num_rows += run.row_end - run.row_begin;
  }
  EXPECT_EQ(num_rows, 2000U);
  scan->reset();
  world.executor.RunFor(2 * kSecond);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 1U);
}

TEST(EngineBackgroundTest, NothingRunsWhenTheEngineIsGoneThoughItWasFlushedAfterClose) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  world.engine->Close();
  ASSERT_TRUE(world.engine->Flush().ok());
  world.engine.reset();
  EXPECT_FALSE(world.executor.RunOne());
}

TEST(EngineBackgroundTest, AScanSeesOneMomentWhateverIsWrittenFlushedAndCompactedAfterIt) {
  SimulatedEngine world;
  world.options.num_shards = 4;
  world.Open();
  ASSERT_TRUE(world.Write("m,h=a v=1i 1\nm,h=b v=1i 1\nm,h=c v=1i 1").status.ok());
  ScanRequest request;
  request.table = world.engine->FindTable("db", "m");
  request.fields = {request.table->columns.back().id};
  const auto scan = world.engine->OpenScan(request);
  ASSERT_TRUE(scan.has_value());
  ASSERT_TRUE(world.Write("m,h=a v=2i 1\nm,h=b v=2i 2\nm,h=d v=2i 1").status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.engine->Compact().ok());
  uint64_t num_rows = 0;
  std::set<int64_t> values;
  for (size_t i = 0; i < (*scan)->num_blocks(); ++i) {
    const auto block = (*scan)->OpenBlock(i);
    ASSERT_TRUE(block.has_value());
    for (const auto& run : (*block)->runs()) {
      for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
        const auto view = (*block)->ReadVector(0, row / kVectorRows);
        ASSERT_TRUE(view.has_value());
        values.insert(static_cast<int64_t>(view->Bits(row % kVectorRows)));
        ++num_rows;
      }
    }
  }
  EXPECT_EQ(num_rows, 3U);
  EXPECT_EQ(values, std::set<int64_t>{1});
}

}  // namespace
}  // namespace stria::storage
