// DELETE and DROP in the engine: what they hide at once, what they leave alone, and when bytes,
// tombstones and memory are gone.

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/manifest/version_set.h"
#include "tests/storage/engine/engine_fixture.h"
#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kSecond = SimulatedEngine::kSecond;

TagPredicate HostIs(const std::string& host) {
  TagPredicate predicate;
  predicate.tag = "h";
  predicate.values = {host};
  return predicate;
}

Status Delete(Engine& engine, const std::string& table, TimeRange time,
              std::vector<TagPredicate> tags = {}) {
  return engine.Delete(
      {.table = engine.FindTable("db", table), .time = time, .tags = std::move(tags)});
}

std::vector<int64_t> TimesOf(const Rows& rows) {
  std::vector<int64_t> times;
  for (const auto& [key, fields] : rows)
    times.push_back(key.second);
  return times;
}

std::vector<int64_t> Times(SimulatedEngine& world, const std::string& table = "m") {
  const auto rows = ReadRows(*world.engine, table);
  EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
  return rows.has_value() ? TimesOf(*rows) : std::vector<int64_t>();
}

// The tombstones that the manifest of a shard has.
size_t CountTombstones(SimulatedEngine& world, uint32_t shard = 0) {
  VersionSet versions(world.files, "data/shard/" + std::to_string(shard) + "/manifest");
  EXPECT_TRUE(versions.Open().ok());
  size_t count = 0;
  for (const auto& [table, parts] : versions.current()->tables)
    count += parts->tombstones.size();
  return count;
}

// `num_rows` rows of series "h=a" from time `first` on, with text that does not compress.
WriteResult WriteNoise(SimulatedEngine& world, int64_t first, int num_rows) {
  std::string lines;
  for (int i = 0; i < num_rows; ++i) {
    std::string text;
    for (int word = 0; word < 2; ++word)
      text += std::to_string(world.random.Next());
    lines += "m,h=a s=\"" + text + "\" " + std::to_string(first + i) + "\n";
  }
  return world.Write(lines);
}

uint64_t PartBytes(const Engine& engine) {
  uint64_t bytes = 0;
  for (const auto& part : engine.Parts())
    bytes += part.bytes;
  return bytes;
}

TEST(EngineDeleteTest, HidesOlderRowsAndNoLaterOnesInMemoryAndInParts) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.WriteMany("m", 10, 10).status.ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {5, 15}).ok());
  const std::vector<int64_t> left = {0, 1, 2, 3, 4, 15, 16, 17, 18, 19};
  EXPECT_EQ(Times(world), left);
  ASSERT_TRUE(world.Write("m,h=a v=1i 7").status.ok());
  EXPECT_THAT(Times(world), testing::Contains(7));
  world.Restart();
  EXPECT_THAT(Times(world), ElementsAre(0, 1, 2, 3, 4, 7, 15, 16, 17, 18, 19));
  ASSERT_TRUE(world.engine->Flush().ok());
  EXPECT_THAT(Times(world), ElementsAre(0, 1, 2, 3, 4, 7, 15, 16, 17, 18, 19));
  world.Restart();
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_THAT(Times(world), ElementsAre(0, 1, 2, 3, 4, 7, 15, 16, 17, 18, 19));
}

TEST(EngineDeleteTest, TheValuesOfADeletedRowDoNotComeBackWithANewOne) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.Write("m,h=a v=1i,w=1i 5").status.ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {}).ok());
  ASSERT_TRUE(world.Write("m,h=a v=2i 5").status.ok());
  for (int state = 0; state < 3; ++state) {
    const auto rows = *ReadRows(*world.engine, "m");
    EXPECT_THAT(rows, ElementsAre(std::pair(RowKey("h=a", 5), Fields{{"v", "2i"}}))) << state;
    ASSERT_TRUE((state == 0 ? world.engine->Flush() : world.engine->Compact()).ok());
  }
}

TEST(EngineDeleteTest, AnOpenScanGoesOnWithWhatItSaw) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 100).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ScanRequest request;
  request.table = world.engine->FindTable("db", "m");
  const auto scan = world.engine->OpenScan(request);
  ASSERT_TRUE(scan.has_value());
  ASSERT_TRUE(Delete(*world.engine, "m", {}).ok());
  ASSERT_TRUE(world.engine->Compact().ok());
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  world.executor.RunFor(5 * kSecond);
  size_t num_rows = 0;
  const auto count = [&](uint32_t, int64_t, std::span<const VectorView>, uint32_t) {
    ++num_rows;
    return Status::Ok();
  };
  ASSERT_TRUE(VisitRows(**scan, {}, 0, count).ok());
  EXPECT_EQ(num_rows, 100U);
}

TEST(EngineDeleteTest, BytesAndTombstonesAreGoneAfterCompaction) {
  for (const bool all_series : {true, false}) {
    SimulatedEngine world;
    world.Open();
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(WriteNoise(world, i * 1000, 1000).status.ok());
      ASSERT_TRUE(world.engine->Flush().ok());
    }
    ASSERT_TRUE(world.engine->Compact().ok());
    const uint64_t bytes_before = PartBytes(*world.engine);
    ASSERT_EQ(world.engine->Parts().size(), 1U);
    const std::vector<TagPredicate> tags =
        all_series ? std::vector<TagPredicate>() : std::vector{HostIs("a")};
    ASSERT_TRUE(Delete(*world.engine, "m", {100, 2900}, tags).ok());
    ASSERT_TRUE(world.engine->Flush().ok());
    EXPECT_EQ(CountTombstones(world), 1U);
    ASSERT_TRUE(world.engine->Compact().ok());
    EXPECT_LT(PartBytes(*world.engine), bytes_before / 4);
    EXPECT_EQ(CountTombstones(world), 0U);
    EXPECT_EQ(world.CountRows("m"), 200U);
    world.Restart();
    EXPECT_EQ(world.CountRows("m"), 200U);
    // The rest, to the last byte.
    ASSERT_TRUE(Delete(*world.engine, "m", {}, tags).ok());
    ASSERT_TRUE(world.engine->Compact().ok());
    EXPECT_THAT(world.engine->Parts(), IsEmpty());
    EXPECT_EQ(world.CountFiles("data/shard/0/part"), 0U);
    EXPECT_EQ(CountTombstones(world), 0U);
  }
}

TEST(EngineDeleteTest, AnIdleTableLosesWhatWasDeletedByItself) {
  SimulatedEngine world;
  world.options.flush_after_ns = 10 * kSecond;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 1000).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {0, 1000}).ok());
  world.executor.RunFor(90 * kSecond);
  EXPECT_THAT(world.engine->Parts(), IsEmpty());
  EXPECT_EQ(CountTombstones(world), 0U);
}

TEST(EngineDeleteTest, ATombstoneLeavesTheLogForTheManifestAndHoldsTheLogNoLonger) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {0, 5}).ok());
  EXPECT_EQ(CountTombstones(world), 0U);
  const uint64_t low_before = world.engine->Shards()[0].wal_low;
  ASSERT_TRUE(world.engine->Flush().ok()) << "of no rows";
  EXPECT_EQ(CountTombstones(world), 1U);
  EXPECT_EQ(world.engine->Shards()[0].wal_low, low_before + 1);
  world.Restart();
  EXPECT_THAT(Times(world), ElementsAre(5, 6, 7, 8, 9));
}

TEST(EngineDeleteTest, ADeleteOfNothingThatIsThereLeavesNoTombstone) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {100, 200}).ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {7, 7}).ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  EXPECT_EQ(CountTombstones(world), 0U);
  EXPECT_EQ(world.CountRows("m"), 10U);
}

TEST(EngineDeleteTest, ThousandsOfDeletesDoNotMakeThousandsOfMemtablesOrParts) {
  SimulatedEngine world;
  world.Open();
  for (int64_t i = 0; i < 2000; ++i) {
    ASSERT_TRUE(world.Write("m,h=a v=1i " + std::to_string(i)).status.ok());
    ASSERT_TRUE(Delete(*world.engine, "m", {i - 1, i}).ok());
  }
  EXPECT_THAT(Times(world), ElementsAre(1999));
  EXPECT_GT(world.engine->metrics().flushes, 100U);
  world.executor.RunFor(60 * kSecond);
  EXPECT_LT(world.engine->Parts().size(), 50U);
  EXPECT_THAT(Times(world), ElementsAre(1999));
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(CountTombstones(world), 0U);
  world.Restart();
  EXPECT_THAT(Times(world), ElementsAre(1999));
}

TEST(EngineDeleteTest, WorksOnAFullDiskAndMakesRoom) {
  SimulatedEngine world;
  world.Open();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(WriteNoise(world, i * 1000, 1000).status.ok());
    ASSERT_TRUE(world.engine->Flush().ok());
  }
  world.executor.RunFor(40 * kSecond);
  world.files.SetCapacity(1ULL << 40);
  const auto space = world.files.Space("data");
  // Half of the reserve is left.
  world.files.SetCapacity(space->total_bytes - space->free_bytes + (32 << 10));
  ASSERT_EQ(world.WriteMany("m", 0, 1).status.code(), StatusCode::kDiskFull);
  ASSERT_TRUE(Delete(*world.engine, "m", {0, 20'000 - 10}).ok());
  EXPECT_EQ(world.CountRows("m"), 10U);
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.engine->Compact().ok());
  world.executor.RunFor(2 * kSecond);
  EXPECT_TRUE(world.WriteMany("m", 0, 1).status.ok()) << "there is room again";
  EXPECT_EQ(world.CountRows("m"), 11U);
}

TEST(EngineDeleteTest, ADeleteThatCannotBeLoggedHasNotHappened) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  world.files.FailAt(1);
  EXPECT_FALSE(Delete(*world.engine, "m", {}).ok());
  world.files.FailNever();
  EXPECT_EQ(world.CountRows("m"), 10U);
  EXPECT_TRUE(world.engine->metrics().read_only);
  // Whether it counts is known after the restart: it was not acknowledged, and may be in the log.
  world.Restart();
  const size_t num_rows = world.CountRows("m");
  EXPECT_TRUE(num_rows == 0 || num_rows == 10) << num_rows;
}

TEST(EngineDeleteTest, IsWholeInAllShardsOrInNoneAfterADeathAtAnyCall) {
  for (uint64_t call = 1; call < 60; ++call) {
    SimulatedEngine world;
    world.options.num_shards = 4;
    world.Open();
    std::string lines;
    for (int series = 0; series < 40; ++series)
      lines += "m,h=" + std::to_string(series) + " v=1i 1\n";
    ASSERT_TRUE(world.Write(lines).status.ok());
    if (call % 2 == 0) {
      ASSERT_TRUE(world.engine->Flush().ok());
    }
    world.files.FailAt(call, StatusCode::kIoError, true);
    const bool acknowledged = Delete(*world.engine, "m", {0, 10}).ok();
    static_cast<void>(world.engine->Flush());
    const bool reached = world.files.failed();
    world.engine.reset();
    world.files.Crash(FaultFileSystem::Unsynced::kTorn);
    world.Open();
    const size_t num_rows = world.CountRows("m");
    EXPECT_TRUE(num_rows == 40 || num_rows == 0) << num_rows << " rows, call " << call;
    if (acknowledged) {
      EXPECT_EQ(num_rows, 0U) << "call " << call;
    }
    if (!reached) break;
    ASSERT_LT(call, 59U) << "every call of a DELETE was failed";
  }
}

TEST(EngineDeleteTest, BackfillInReverseTimeIsDeletedLikeAnyRow) {
  SimulatedEngine world;
  world.options.memtable_bytes = 64 << 10;
  world.Open();
  constexpr int64_t kBatches = 60, kRows = 50;
  for (int64_t batch = kBatches; batch-- > 0;) {
    ASSERT_TRUE(world.WriteMany("m", batch * kRows, kRows).status.ok());
    if (batch % 3 == 0) {
      // The first ten of this batch, and the last ten of one that is not there yet.
      ASSERT_TRUE(Delete(*world.engine, "m", {batch * kRows - 10, batch * kRows + 10}).ok());
    }
    if (batch % 5 == 0) {
      ASSERT_TRUE(world.engine->Flush().ok());
    }
    world.executor.RunFor(kSecond);
  }
  std::vector<int64_t> expected;
  for (int64_t time = 0; time < kBatches * kRows; ++time) {
    const bool is_deleted = time / kRows % 3 == 0 && time % kRows < 10;
    if (!is_deleted) expected.push_back(time);
  }
  EXPECT_EQ(Times(world), expected);
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_EQ(Times(world), expected);
  world.Restart();
  EXPECT_EQ(Times(world), expected);
}

TEST(EngineDropTest, ADroppedTableGivesBackDiskAndMemoryAndHoldsNoLog) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 2000).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.WriteMany("m", 0, 2000).status.ok());
  ASSERT_TRUE(world.WriteMany("other", 0, 10).status.ok());
  ASSERT_GT(world.engine->metrics().memtable_bytes, 10'000U);
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  EXPECT_EQ(world.engine->FindTable("db", "m"), nullptr);
  world.executor.RunFor(3 * kSecond);
  EXPECT_LT(world.engine->metrics().memtable_bytes, 10'000U);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 0U);
  ASSERT_TRUE(world.engine->Flush().ok());
  EXPECT_EQ(world.engine->Shards()[0].wal_low, world.engine->Shards()[0].next_seq);
  world.Restart();
  EXPECT_EQ(world.CountRows("m"), 0U);
  EXPECT_EQ(world.CountRows("other"), 10U);
}

TEST(EngineDropTest, ATableOfTheSameNameIsAnotherInMemoryInTheLogAndInParts) {
  for (const bool flushed : {false, true}) {
    SimulatedEngine world;
    world.Open();
    for (int round = 0; round < 5; ++round) {
      const std::string number = std::to_string(round);
      const std::string value = round % 2 == 0 ? number + "i" : '"' + number + '"';
      ASSERT_TRUE(world.Write("m,h" + number + "=a v=" + value + " " + number).status.ok());
      if (flushed) {
        ASSERT_TRUE(world.engine->Flush().ok());
      }
      const auto rows = *ReadRows(*world.engine, "m");
      EXPECT_THAT(rows,
                  ElementsAre(std::pair(RowKey("h" + number + "=a", round),
                                        Fields{{"v", round % 2 == 0 ? number + "i" : number}})));
      if (round % 2 == 0) {
        world.Restart();
      } else {
        world.executor.RunFor(3 * kSecond);
      }
      EXPECT_EQ(*ReadRows(*world.engine, "m"), rows);
      ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
      EXPECT_EQ(world.CountRows("m"), 0U);
    }
  }
}

TEST(EngineDropTest, WhatWasDroppedBeforeADeathIsFreedAfterIt) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 1000).status.ok());
  ASSERT_TRUE(world.engine->Flush().ok());
  ASSERT_TRUE(world.WriteMany("m", 0, 1000).status.ok());
  ASSERT_TRUE(Delete(*world.engine, "m", {0, 10}).ok());
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  world.Restart();
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 1U);
  world.executor.RunFor(3 * kSecond);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 0U);
  EXPECT_EQ(world.engine->Shards()[0].series, 0U);
}

TEST(EngineDropTest, AWriteOrDeleteThatWasBoundBeforeADropIsToldSo) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  ASSERT_TRUE(world.WriteMany("other", 0, 10).status.ok());
  const auto table = world.engine->FindTable("db", "m");
  // Bound now, logged when the executor runs.
  std::optional<WriteResult> result;
  world.engine->Submit(LinesRequest("other,h=a v=1i 100\nm,h=a v=1i 100\n"),
                       [&](WriteResult answer) { result = std::move(answer); });
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  world.executor.RunAll();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(result->status.message()), HasSubstr("table db.m was dropped"));
  EXPECT_EQ(result->rows_written, 0U);
  EXPECT_EQ(world.CountRows("other"), 10U) << "the batch is whole or absent";
  EXPECT_EQ(world.engine->Delete({.table = table, .time = {}, .tags = {}}).code(),
            StatusCode::kUnavailable);
}

TEST(EngineDropTest, OfAWriteThatWasAnsweredAheadTheOtherTablesStay) {
  SimulatedEngine world;
  world.Open();
  ASSERT_TRUE(world.WriteMany("m", 0, 10).status.ok());
  ASSERT_TRUE(world.WriteMany("other", 0, 10).status.ok());
  for (const char* lines : {"other,h=a v=1i 100\nm,h=a v=1i 100\n", "m,h=a v=1i 101\n"}) {
    WriteRequest request = LinesRequest(lines);
    request.sync = false;
    ASSERT_TRUE(world.engine->Write(std::move(request)).status.ok());
  }
  ASSERT_TRUE(world.engine->DropTable("db", "m").ok());
  world.executor.RunAll();
  EXPECT_EQ(world.CountRows("other"), 11U);
  world.Restart();
  EXPECT_EQ(world.CountRows("other"), 11U);
}

TEST(EngineDropTest, ADatabaseGoesWithItsTablesAndADroppedColumnWithItsBytes) {
  SimulatedEngine world;
  world.Open();
  std::string lines;
  for (int i = 0; i < 2000; ++i) {
    lines += "m,h=a v=1i,s=\"text that is different " + std::to_string(i * 7919) + "\" " +
             std::to_string(i) + "\n";
  }
  ASSERT_TRUE(world.Write(lines).status.ok());
  ASSERT_TRUE(world.engine->Compact().ok());
  const uint64_t bytes_before = PartBytes(*world.engine);
  ASSERT_TRUE(world.engine->DropColumn("db", "m", "s").ok());
  ASSERT_TRUE(world.engine->Compact().ok());
  EXPECT_LT(PartBytes(*world.engine), bytes_before / 4);
  EXPECT_EQ(world.CountRows("m"), 2000U);
  ASSERT_TRUE(world.engine->DropDatabase("db").ok());
  world.executor.RunFor(3 * kSecond);
  EXPECT_EQ(world.CountFiles("data/shard/0/part"), 0U);
  EXPECT_FALSE(world.engine->HasDatabase("db"));
}

class EngineDeleteThreadsTest : public testing::TestWithParam<uint32_t> {};

// Each batch is deleted after it was written, while others write, flush and compact: a reader never
// sees part of a batch, and at the end none is left but those that were written again.
TEST_P(EngineDeleteThreadsTest, ReadersSeeWholeDeletesWhileOthersCompact) {
  EngineFixture fixture(GetParam(), 100'000);
  constexpr int64_t kBatches = 80, kRows = 40;
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  threads.emplace_back([&] {
    for (int64_t batch = 0; batch < kBatches; ++batch) {
      std::string lines;
      for (int64_t row = 0; row < kRows; ++row) {
        lines += "m,r=" + std::to_string(row % 8) + " v=1i " + std::to_string(batch * kRows + row) +
                 "\n";
      }
      EXPECT_TRUE(fixture.Write(lines).status.ok());
      if (batch % 4 == 3) continue;
      EXPECT_TRUE(Delete(fixture.engine(), "m", {batch * kRows, (batch + 1) * kRows}).ok());
    }
    done.store(true);
  });
  threads.emplace_back([&] {
    while (!done.load())
      EXPECT_TRUE(fixture.engine().Compact().ok());
  });
  while (!done.load()) {
    std::map<int64_t, size_t> rows_of_batch;
    for (const int64_t time : TimesOf(fixture.Read("m")))
      ++rows_of_batch[time / kRows];
    for (const auto& [batch, num_rows] : rows_of_batch)
      EXPECT_EQ(num_rows, static_cast<size_t>(kRows)) << "batch " << batch;
    const bool one_at_most = std::ranges::count_if(rows_of_batch, [](const auto& entry) {
                               return entry.first % 4 != 3;
                             }) <= 1;
    EXPECT_TRUE(one_at_most) << "a batch is deleted before the next is written";
  }
  threads.clear();
  const auto expect_rest = [&] {
    std::set<int64_t> batches;
    const auto times = TimesOf(fixture.Read("m"));
    for (const int64_t time : times)
      batches.insert(time / kRows);
    EXPECT_EQ(times.size(), static_cast<size_t>(kBatches / 4 * kRows));
    EXPECT_TRUE(std::ranges::all_of(batches, [](int64_t batch) { return batch % 4 == 3; }));
  };
  expect_rest();
  ASSERT_TRUE(fixture.engine().Compact().ok());
  expect_rest();
  fixture.Restart();
  expect_rest();
}

TEST_P(EngineDeleteThreadsTest, TablesAreDroppedAndMadeAnewWhileOthersWriteThem) {
  EngineFixture fixture(GetParam(), 20'000);
  std::atomic<bool> done = false;
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int64_t i = 0; !done.load(); ++i) {
        const std::string host = std::to_string(i % 20);
        const auto result = fixture.Write("m,w=" + std::to_string(writer) + ",h=" + host +
                                          " v=1i " + std::to_string(i));
        const bool expected =
            result.status.ok() || result.status.code() == StatusCode::kUnavailable;
        EXPECT_TRUE(expected) << result.status.ToString();
      }
    });
  }
  threads.emplace_back([&] {
    while (!done.load())
      EXPECT_TRUE(fixture.engine().Compact().ok());
  });
  for (int i = 0; i < 60; ++i) {
    const Status status = i % 3 == 0   ? fixture.engine().DropColumn("db", "m", "v")
                          : i % 7 == 0 ? fixture.engine().DropDatabase("db")
                                       : fixture.engine().DropTable("db", "m");
    const bool expected = status.ok() || status.code() == StatusCode::kNotFound;
    EXPECT_TRUE(expected) << status.ToString();
    static_cast<void>(fixture.Read("m"));
  }
  done.store(true);
  threads.clear();
  const auto rows = fixture.Read("m");
  fixture.Restart();
  EXPECT_EQ(fixture.Read("m"), rows);
}

INSTANTIATE_TEST_SUITE_P(Shards, EngineDeleteThreadsTest, testing::Values(1U, 4U));

}  // namespace
}  // namespace stria::storage
