// Compaction inside the engine: slice by slice, beside everything else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

constexpr int64_t kSecond = SimulatedEngine::kSecond;

// `num_parts` parts of `num_rows` rows each, one after the other in time.
void WriteParts(SimulatedEngine& world, const std::string& table, int num_parts, int num_rows) {
  for (int i = 0; i < num_parts; ++i) {
    ASSERT_TRUE(world.WriteMany(table, i * num_rows, num_rows).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
}

TEST(EngineCompactionTest, AFlushIsDoneWhileACompactionIsUnderWay) {
  SimulatedEngine world;
  world.options.compaction_bytes_per_second = 1;
  world.Open();
  WriteParts(world, "large", 4, 150'000);
  WriteParts(world, "other", 4, 10);
  const auto compactions = [&] { return world.engine->metrics().compactions; };
  world.executor.RunFor(2 * kSecond);
  ASSERT_EQ(compactions(), 0U) << "a byte a second takes longer than that";
  ASSERT_TRUE(world.WriteMany("large", 10'000'000, 10).status.ok());
  EXPECT_TRUE(world.engine->Flush().ok());
  EXPECT_EQ(compactions(), 0U);
  EXPECT_EQ(world.CountRows("other"), 40U);
}

TEST(EngineCompactionTest, TheBudgetSpreadsACompactionOverTimeAndItEnds) {
  SimulatedEngine world;
  world.options.compaction_bytes_per_second = 100;
  world.Open();
  WriteParts(world, "m", 4, 100'000);
  world.executor.RunFor(2 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 4U);
  world.executor.RunFor(36'000 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.engine->Parts()[0].rows, 400'000U);
}

TEST(EngineCompactionTest, WhoeverAsksDoesNotWaitForTheBudget) {
  SimulatedEngine world;
  world.options.compaction_bytes_per_second = 1;
  world.Open();
  WriteParts(world, "m", 4, 100'000);
  world.executor.RunFor(2 * kSecond);
  const int64_t begin_ns = world.clock.MonotonicNs();
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_LT(world.clock.MonotonicNs() - begin_ns, 60 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
}

TEST(EngineCompactionTest, AStopInTheMiddleOfACompactionLeavesThePartsAsTheyWereAndNoFile) {
  SimulatedEngine world;
  world.options.compaction_bytes_per_second = 1;
  world.Open();
  WriteParts(world, "m", 4, 200'000);
  world.executor.RunFor(2 * kSecond);
  ASSERT_EQ(world.engine->metrics().compactions, 0U);
  const int64_t begin_ns = world.clock.MonotonicNs();
  world.engine.reset();
  EXPECT_EQ(world.clock.MonotonicNs(), begin_ns) << "nothing is waited for";
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 4U);
  world.options.compaction_bytes_per_second = 1 << 30;
  world.Open();
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(world.engine->Parts()[0].rows, 800'000U);
}

TEST(EngineCompactionTest, ATableThatIsDroppedWhileItsPartsAreMergedStaysDropped) {
  SimulatedEngine world;
  world.options.compaction_bytes_per_second = 1;
  world.Open();
  WriteParts(world, "m", 4, 100'000);
  WriteParts(world, "kept", 2, 10);
  world.executor.RunFor(2 * kSecond);
  ASSERT_EQ(world.engine->metrics().compactions, 0U);
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  world.executor.RunFor(2 * kSecond);
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.CountRows("kept"), 20U);
  world.executor.RunFor(2 * kSecond);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 1U);
}

TEST(EngineCompactionTest, ASinglePartIsWrittenDenseOnceItsTableIsIdle) {
  SimulatedEngine world;
  world.Open();
  WriteParts(world, "m", 1, 5000);
  EXPECT_EQ(world.engine->Parts()[0].tier, "hot");
  world.executor.RunFor(30 * kSecond);
  EXPECT_EQ(world.engine->Parts()[0].tier, "warm");
  const uint64_t num = world.engine->metrics().compactions;
  world.executor.RunFor(120 * kSecond);
  EXPECT_EQ(world.engine->metrics().compactions, num) << "once";
}

TEST(EngineCompactionTest, AFileOfWhichMostIsDeadIsLeftByWhatLivesInIt) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("large", 0, 20'000).status.ok());
  ASSERT_TRUE(world.WriteMany("small", 0, 10).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  const std::string shared = world.engine->Parts()[0].file;
  ASSERT_EQ(world.engine->Parts()[1].file, shared);
  ASSERT_TRUE(world.engine->Compact().ok()) << "the large part is written dense, elsewhere";
  world.executor.RunFor(2 * kSecond);
  for (const auto& part : world.engine->Parts())
    EXPECT_NE(part.file, shared);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 2U);
  EXPECT_EQ(world.CountRows("small"), 10U);
}

TEST(EngineCompactionTest, SmallPartsOfManyDaysBecomeOne) {
  SimulatedEngine world;
  world.Open();
  for (int64_t day = 0; day < 8; ++day) {
    ASSERT_TRUE(world.WriteMany("m", day * 86'400 * kSecond, 10).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  world.executor.RunFor(60 * kSecond);
  EXPECT_EQ(world.engine->Parts().size(), 1U);
  EXPECT_EQ(world.CountRows("m"), 80U);
}

TEST(EngineCompactionTest, LateRowsOfAnEarlierDayComeInOrderOnceTheirPartsAreMerged) {
  SimulatedEngine world;
  world.Open();
  const int64_t day = 86'400 * kSecond;
  // Parts of two days in turn: what is merged of one stands around the other.
  for (int64_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(world.WriteMany("m", (i % 2 == 0 ? 9 : 1) * day + i * 100, 100).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
    EXPECT_EQ(world.CountRows("m"), 100U * static_cast<uint64_t>(i + 1));
    world.executor.RunFor(20 * kSecond);
    EXPECT_EQ(world.CountRows("m"), 100U * static_cast<uint64_t>(i + 1));
  }
}

}  // namespace
}  // namespace stria::storage
