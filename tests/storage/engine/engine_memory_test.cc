// What an engine does when the memory of the process is nearly all in use.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kLimit = 100 << 20;

std::string NewSeries(int first, int num) {
  std::string lines;
  for (int i = first; i < first + num; ++i)
    lines += "m,region=eu,session=s" + std::to_string(i) + " v=1i 1\n";
  return lines;
}

// The engine, and somebody else who uses memory.
struct EngineMemoryTest : public ::testing::Test {
  void SetUp() override {
    world.options.memory = &process;
    world.Open();
  }
  void OthersUse(uint64_t percent) { others.Set(kLimit / 100 * percent); }

  MemoryBudget process{"process", kLimit};
  MemoryCharge others{process};
  SimulatedEngine world;
};

TEST_F(EngineMemoryTest, WithoutRoomForSeriesThoseThatAreKnownGoOn) {
  ASSERT_TRUE(world.Write(NewSeries(0, 100)).status.ok());
  OthersUse(80);
  const WriteResult mixed = world.Write(NewSeries(99, 3));
  ASSERT_TRUE(mixed.status.ok()) << mixed.status.ToString();
  EXPECT_EQ(mixed.rows_written, 1U);
  EXPECT_EQ(mixed.rows_rejected, 2U);
  ASSERT_EQ(mixed.rejections.size(), 2U);
  EXPECT_EQ(mixed.rejections[0].code, StatusCode::kUnavailable);
  EXPECT_THAT(mixed.rejections[0].reason,
              AllOf(HasSubstr("table db.m, which has 100"), HasSubstr("Tag \"session\""),
                    HasSubstr("100, such as \"s99\""), HasSubstr("server.memory")));
  const WriteResult known = world.Write(NewSeries(0, 100));
  EXPECT_EQ(known.rows_written, 100U);
  EXPECT_EQ(known.rows_rejected, 0U);
  OthersUse(10);
  EXPECT_EQ(world.Write(NewSeries(99, 3)).rows_written, 3U);
}

TEST_F(EngineMemoryTest, SeriesAreTakenAsFarAsThereIsRoom) {
  OthersUse(54);
  // One percent of 100 MiB, of which each takes a little more than 128 bytes.
  const WriteResult result = world.Write(NewSeries(0, 20'000));
  ASSERT_TRUE(result.status.ok());
  EXPECT_GT(result.rows_written, 1000U);
  EXPECT_LT(result.rows_written, 8192U);
  EXPECT_EQ(result.rows_written + result.rows_rejected, 20'000U);
  EXPECT_EQ(world.CountRows("m"), result.rows_written);
}

TEST_F(EngineMemoryTest, NearTheLimitRowsAreRefusedAndNothingOfThemIsStored) {
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  OthersUse(95);
  const WriteResult refused = world.WriteMany("m", 10, 10);
  EXPECT_EQ(refused.status.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status.message()),
              AllOf(HasSubstr("memory is short"), HasSubstr("100.0 MiB")));
  EXPECT_EQ(world.CountRows("m"), 10U);
  OthersUse(10);
  EXPECT_TRUE(world.WriteMany("m", 20, 10).status.ok());
  EXPECT_EQ(world.CountRows("m"), 20U);
  world.Restart();
  EXPECT_EQ(world.CountRows("m"), 20U);
}

TEST_F(EngineMemoryTest, LargeMemtablesAreFlushedEarlyAndSmallOnesAreNot) {
  for (int64_t first = 0; first < 200'000; first += 10'000)
    ASSERT_TRUE(world.WriteMany("large", first, 10'000).status.ok());
  ASSERT_TRUE(world.WriteMany("small", 0, 10).status.ok());
  world.executor.RunFor(2 * SimulatedEngine::kSecond);
  ASSERT_EQ(world.engine->Parts().size(), 0U);
  ASSERT_GT(world.engine->metrics().memtable_bytes, kLimit / 64);
  OthersUse(52);
  world.executor.RunFor(2 * SimulatedEngine::kSecond);
  const auto parts = world.engine->Parts();
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].table, "large");
  EXPECT_LT(world.engine->metrics().memtable_bytes, kLimit / 64);
  EXPECT_EQ(world.CountRows("large"), 200'000U);
  EXPECT_EQ(world.CountRows("small"), 10U);
}

TEST_F(EngineMemoryTest, WhatTheEngineHoldsIsChargedToTheProcess) {
  ASSERT_TRUE(world.Write(NewSeries(0, 10'000)).status.ok());
  world.executor.RunFor(2 * SimulatedEngine::kSecond);
  const auto metrics = world.engine->metrics();
  EXPECT_GT(metrics.series_bytes, 10'000U * 20);
  EXPECT_GE(process.used(), metrics.series_bytes + metrics.memtable_bytes);
  world.engine.reset();
  EXPECT_EQ(process.used(), 0U);
}

}  // namespace
}  // namespace stria::storage
