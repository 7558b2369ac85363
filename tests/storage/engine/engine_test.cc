// The engine as a whole, on a real disk: what is written is there, later writes win, and nothing
// changes by flush, compaction or restart.

#include "storage/engine/engine.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/storage/engine/engine_fixture.h"

namespace stria::storage {
namespace {

using testing::HasSubstr;

TEST(EngineTest, WrittenRowsAreThereAtOnceAfterAFlushAndAfterARestart) {
  EngineFixture fixture;
  ASSERT_EQ(fixture.Write("m,host=a v=1,s=\"x\" 10\nm,host=b v=2 20\nm w=true 30").rows_written,
            3U);
  const Rows expected = {{{"host=a", 10}, {{"v", "1.000000"}, {"s", "x"}}},
                         {{"host=b", 20}, {{"v", "2.000000"}}},
                         {{"", 30}, {{"w", "true"}}}};
  EXPECT_EQ(fixture.Read("m"), expected);
  fixture.Restart();
  EXPECT_EQ(fixture.Read("m"), expected);
  ASSERT_TRUE(fixture.engine().Flush().ok());
  EXPECT_EQ(fixture.Read("m"), expected);
  fixture.Restart();
  EXPECT_EQ(fixture.Read("m"), expected);
}

TEST(EngineTest, TheLaterWriteWinsFieldByFieldWhateverLiesBetween) {
  EngineFixture fixture;
  fixture.Write("m,h=a x=1,y=1 10\nm,h=a x=2 10");
  fixture.Write("m,h=a z=3 10");
  ASSERT_TRUE(fixture.engine().Flush().ok());
  fixture.Write("m,h=a y=4 10");
  const Rows expected = {{{"h=a", 10}, {{"x", "2.000000"}, {"y", "4.000000"}, {"z", "3.000000"}}}};
  EXPECT_EQ(fixture.Read("m"), expected);
  fixture.Restart();
  EXPECT_EQ(fixture.Read("m"), expected);
  ASSERT_TRUE(fixture.engine().Compact().ok());
  EXPECT_EQ(fixture.Read("m"), expected);
}

TEST(EngineTest, ATypeConflictRejectsThatRowNamesBothTypesAndKeepsTheOthers) {
  EngineFixture fixture;
  fixture.Write("m,h=a v=1.5 10");
  const WriteResult result = fixture.Write("m,h=a v=2.5 20\nm,h=a v=\"hot\" 30\nm,h=a v=3.5 40");
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.rows_written, 2U);
  ASSERT_EQ(result.rejections.size(), 1U);
  EXPECT_EQ(result.rejections[0].line_offset, 15U);
  EXPECT_THAT(result.rejections[0].reason, HasSubstr("is float64, the line has string"));
  EXPECT_EQ(fixture.Read("m").size(), 3U);
}

TEST(EngineTest, TheFirstLineOfABatchDecidesTheTypeOfANewColumn) {
  EngineFixture fixture;
  const WriteResult result = fixture.Write("m,h=a v=1i 10\nm,h=a v=2.5 20");
  EXPECT_EQ(result.rows_written, 1U);
  EXPECT_EQ(fixture.Read("m"), (Rows{{{"h=a", 10}, {{"v", "1i"}}}}));
}

TEST(EngineTest, ARejectedLineMakesNoColumnAndNoSeries) {
  for (const uint32_t num_shards : {1U, 4U}) {
    EngineFixture fixture(num_shards);
    fixture.Write("m,h=a v=1 10");
    const WriteResult result = fixture.Write(
        "m,h=a v=\"hot\",w=\"x\" 20\nm,h=a w=5 30\nm,h=b,only=1,v=tag w=6 40\nm,h=a w=7 50");
    EXPECT_EQ(result.rows_written, 2U);
    EXPECT_EQ(result.rows_rejected, 2U);
    const Rows expected = {{{"h=a", 10}, {{"v", "1.000000"}}},
                           {{"h=a", 30}, {{"w", "5.000000"}}},
                           {{"h=a", 50}, {{"w", "7.000000"}}}};
    EXPECT_EQ(fixture.Read("m"), expected);
    EXPECT_EQ(fixture.engine().FindTable("db", "m")->Find("only"), nullptr);
    fixture.Restart();
    EXPECT_EQ(fixture.Read("m"), expected);
    ASSERT_TRUE(fixture.engine().Flush().ok());
    EXPECT_EQ(fixture.Read("m"), expected);
  }
}

TEST(EngineTest, TheFirstLineOfABatchDecidesWhatIsATagAndWhatIsAField) {
  EngineFixture fixture;
  EXPECT_EQ(fixture.Write("m v=1 10\nm,v=x w=2 20\nm v=3 30").rows_written, 2U);
  EXPECT_EQ(fixture.Read("m"),
            (Rows{{{"", 10}, {{"v", "1.000000"}}}, {{"", 30}, {{"v", "3.000000"}}}}));
  EXPECT_EQ(fixture.Write("n,v=x w=2 10\nn v=1 20").rows_written, 1U);
  EXPECT_EQ(fixture.Write("o,v=x v=2 10").rows_rejected, 1U);
  EXPECT_TRUE(fixture.Read("o").empty());
}

TEST(EngineTest, AColumnThatIsATagCannotBeAField) {
  EngineFixture fixture;
  fixture.Write("m,h=a v=1 10");
  EXPECT_EQ(fixture.Write("m h=1,v=2 20").rows_rejected, 1U);
  EXPECT_EQ(fixture.Write("m,v=x w=2 20").rows_rejected, 1U);
  EXPECT_EQ(fixture.Read("m").size(), 1U);
}

TEST(EngineTest, RowsAtTheEndsOfTimeAreFlushedLikeOthers) {
  EngineFixture fixture;
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min() + 2;  // That lines may have.
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max() - 1;
  constexpr int64_t kRows = 20'000;  // Of each end; enough for a part of its own.
  std::string lines;
  for (int64_t i = 0; i < kRows; ++i) {
    for (const int64_t time : {kLeast + kRows - i, i, kGreatest - kRows + i})
      lines += "m,h=a v=1i " + std::to_string(time) + "\n";
  }
  ASSERT_EQ(fixture.Write(lines).rows_rejected, 0U);
  ASSERT_TRUE(fixture.engine().Flush().ok());
  EXPECT_EQ(fixture.engine().Parts().size(), 3U);
  EXPECT_EQ(fixture.Read("m").size(), size_t{3 * kRows});
  EXPECT_EQ(fixture.Read("m", {kLeast, 0}).size(), size_t{kRows});
  ASSERT_TRUE(fixture.engine().Compact().ok());
  EXPECT_EQ(fixture.Read("m").size(), size_t{3 * kRows});
}

TEST(EngineTest, ASecondProcessIsToldWhoHoldsTheDirectory) {
  EngineFixture fixture;
  const auto second = Engine::Open(fixture.options(), fixture.env());
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(std::string(second.error().message()), HasSubstr("is in use by process"));
}

TEST(EngineTest, AnotherNumberOfShardsIsRefusedWithTheWayOut) {
  EngineFixture fixture(4);
  fixture.Write("m,h=a v=1 10");
  fixture.CloseEngine();
  EngineOptions options = fixture.options();
  options.num_shards = 2;
  const auto reopened = Engine::Open(options, fixture.env());
  ASSERT_FALSE(reopened.has_value());
  EXPECT_THAT(std::string(reopened.error().message()), HasSubstr("has 4 shards, not 2"));
}

TEST(EngineTest, ABatchOfSeveralTablesIsSpreadOverShardsThoughNotEveryShardHasRowsOfEach) {
  EngineFixture fixture(4);
  std::string lines;
  for (int table = 0; table < 6; ++table) {
    for (int host = 0; host <= table; ++host) {
      lines += "t" + std::to_string(table) + ",h=" + std::to_string(host) +
               " s=\"a\\\"b\",v=" + std::to_string(table * 10 + host) + "i 10\n";
    }
  }
  ASSERT_EQ(fixture.Write(lines).rows_written, 21U);
  for (int table = 0; table < 6; ++table) {
    const Rows rows = fixture.Read("t" + std::to_string(table));
    ASSERT_EQ(rows.size(), static_cast<size_t>(table) + 1);
    EXPECT_EQ(rows.at({"h=" + std::to_string(table), 10}),
              (Fields{{"s", "a\"b"}, {"v", std::to_string(table * 11) + "i"}}));
  }
}

size_t CountFiles(const EngineFixture& fixture) {
  size_t num_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.directory()))
    num_files += entry.is_regular_file() ? 1U : 0U;
  return num_files;
}

// Row `row` of each of `num_tables` tables.
std::string RowOfEachTable(int num_tables, int row) {
  std::string lines;
  for (int table = 0; table < num_tables; ++table) {
    lines += "t" + std::to_string(table) + ",h=a v=" + std::to_string(row) + " " +
             std::to_string(row + 1) + "\n";
  }
  return lines;
}

// No clock: what takes a file or a commit for each table runs into the test's timeout.
TEST(EngineTest, TenThousandTablesOfThreeRowsNeedFewFilesHoweverTheyAreLoaded) {
  constexpr int kNumTables = 10'000;
  size_t num_files_of_few = 0;
  for (const int num_tables : {100, kNumTables}) {
    EngineFixture fixture;
    for (int row = 0; row < 3; ++row) {
      ASSERT_EQ(fixture.Write(RowOfEachTable(num_tables, row)).rows_written,
                static_cast<uint64_t>(num_tables));
      ASSERT_TRUE(fixture.engine().Flush().ok());
    }
    ASSERT_TRUE(fixture.engine().Compact().ok());
    fixture.Restart();
    EXPECT_EQ(fixture.engine().Parts().size(), static_cast<size_t>(num_tables));
    EXPECT_EQ(fixture.Read("t0").size(), 3U);
    EXPECT_EQ(fixture.Read("t" + std::to_string(num_tables - 1)).size(), 3U);
    if (num_tables != kNumTables) {
      num_files_of_few = CountFiles(fixture);
      continue;
    }
    EXPECT_LE(CountFiles(fixture), num_files_of_few + 2) << "does not grow with the tables";
  }
}

// Random writes of several devices into a reference, with all kinds of order and columns.
class RandomWrites {
 public:
  explicit RandomWrites(uint64_t seed) : random_(seed) {}

  std::string NextBatch(size_t max_rows) {
    std::string lines;
    const size_t num_rows = 1 + random_() % max_rows;
    for (size_t i = 0; i < num_rows; ++i)
      lines += NextLine() + "\n";
    return lines;
  }

  const Rows& expected() const { return expected_; }

 private:
  std::string NextLine() {
    const int host = static_cast<int>(random_() % 7);
    const bool has_site = host % 2 == 0;
    const std::string series =
        "host=h" + std::to_string(host) + (has_site ? ",site=s" + std::to_string(host % 3) : "");
    // Mostly ascending, now and then far back, with gaps, before 1970, and the same time again.
    constexpr int64_t kDay = 86'400'000'000'000;
    if (random_() % 20 == 0) {
      time_ = static_cast<int64_t>(random_() % 10) * kDay - 3 * kDay;
    } else {
      time_ += static_cast<int64_t>(random_() % 4) * 1'000'000'000;
    }
    Fields& row = expected_[{series, time_}];
    std::string fields;
    const auto add = [&](const std::string& name, const std::string& text,
                         const std::string& value) {
      fields += (fields.empty() ? "" : ",") + name + "=" + text;
      row[name] = value;
    };
    const uint64_t which = 1 + random_() % 31;
    if ((which & 1) != 0) {
      const auto value = static_cast<int64_t>(random_() % 1000) - 500;
      add("i", std::to_string(value) + "i", std::to_string(value) + "i");
    }
    if ((which & 2) != 0) {
      const double value = static_cast<double>(random_() % 10000) / 8;
      add("f", std::to_string(value), std::to_string(value));
    }
    if ((which & 4) != 0) {
      const std::string value = "text " + std::to_string(random_() % 5);
      add("s", "\"" + value + "\"", value);
    }
    if ((which & 8) != 0) {
      const bool value = random_() % 2 == 0;
      add("b", value ? "t" : "f", value ? "true" : "false");
    }
    if ((which & 16) != 0) {
      const std::string name = "late" + std::to_string(random_() % 3);
      const uint64_t value = random_();
      add(name, std::to_string(value) + "u", std::to_string(value) + "u");
    }
    return "m," + series + " " + fields + " " + std::to_string(time_);
  }

  std::mt19937_64 random_;
  int64_t time_ = 0;
  Rows expected_;
};

Rows Filter(const Rows& rows, TimeRange time, const std::string& with_text) {
  Rows filtered;
  for (const auto& [key, row] : rows) {
    if (time.Contains(key.second) && key.first.find(with_text) != std::string::npos)
      filtered[key] = row;
  }
  return filtered;
}

void CompareWithReference(EngineFixture& fixture, const Rows& expected, std::mt19937_64& random) {
  ASSERT_EQ(fixture.Read("m"), expected);
  constexpr int64_t kDay = 86'400'000'000'000;
  const int64_t begin = static_cast<int64_t>(random() % 10) * kDay - 4 * kDay;
  const TimeRange range{begin, begin + static_cast<int64_t>(random() % (3 * kDay))};
  ASSERT_EQ(fixture.Read("m", range), Filter(expected, range, ""));
  TagPredicate host;
  host.tag = "host";
  host.values = {"h3", "h4"};
  Rows some = Filter(expected, range, "host=h3");
  some.merge(Filter(expected, range, "host=h4"));
  ASSERT_EQ(fixture.Read("m", range, {host}), some);
  Rows last;
  for (const auto& [key, row] : Filter(expected, range, "")) {
    const auto newer = std::ranges::find_if(
        last, [&](const auto& entry) { return entry.first.first == key.first; });
    if (newer != last.end()) last.erase(newer);
    last[key] = row;  // Keys ascend by time within a series.
  }
  ASSERT_EQ(fixture.Read("m", range, {}, true), last);
}

class EngineRandomTest : public testing::TestWithParam<uint32_t> {};

TEST_P(EngineRandomTest, AgreesWithAMapThroughFlushesCompactionsAndRestarts) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  EngineFixture fixture(GetParam());
  RandomWrites writes(seed);
  for (int step = 0; step < 60; ++step) {
    const WriteResult result = fixture.Write(writes.NextBatch(step % 10 == 0 ? 3000 : 80));
    ASSERT_TRUE(result.status.ok()) << result.status.ToString();
    ASSERT_EQ(result.rows_rejected, 0U);
    switch (random() % 8) {
      case 0: ASSERT_TRUE(fixture.engine().Flush().ok()); break;
      case 1: fixture.Restart(); break;
      case 2:
        if (random() % 3 == 0) {
          ASSERT_TRUE(fixture.engine().Compact().ok());
        }
        break;
      default: break;
    }
    if (step % 5 == 0) CompareWithReference(fixture, writes.expected(), random);
    if (testing::Test::HasFatalFailure()) return;
  }
  ASSERT_TRUE(fixture.engine().Compact().ok());
  CompareWithReference(fixture, writes.expected(), random);
  fixture.Restart();
  CompareWithReference(fixture, writes.expected(), random);
}

INSTANTIATE_TEST_SUITE_P(Shards, EngineRandomTest, testing::Values(1U, 4U));

class EngineThreadsTest : public testing::TestWithParam<uint32_t> {};

TEST_P(EngineThreadsTest, ReadersSeeWholeBatchesWhileWritersFlushAndCompact) {
  EngineFixture fixture(GetParam(), 200'000);
  constexpr int kWriters = 2, kBatches = 60, kRowsABatch = 50;
  std::atomic<int> num_running = kWriters;
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int batch = 0; batch < kBatches; ++batch) {
        std::string lines;
        for (int row = 0; row < kRowsABatch; ++row) {
          lines += "m,w=" + std::to_string(writer) + ",r=" + std::to_string(row % 8) +
                   " v=" + std::to_string(batch) + "i " +
                   std::to_string(batch * kRowsABatch + row + 1) + "\n";
        }
        EXPECT_EQ(fixture.Write(lines).rows_written, static_cast<uint64_t>(kRowsABatch));
      }
      num_running.fetch_sub(1);
    });
  }
  threads.emplace_back([&] {
    while (num_running.load() > 0)
      EXPECT_TRUE(fixture.engine().Compact().ok());
  });
  size_t last_seen = 0;
  while (num_running.load() > 0) {
    const size_t seen = fixture.Read("m").size();
    EXPECT_EQ(seen % kRowsABatch, 0U);
    EXPECT_GE(seen, last_seen);
    last_seen = seen;
  }
  threads.clear();
  EXPECT_EQ(fixture.Read("m").size(), static_cast<size_t>(kWriters * kBatches * kRowsABatch));
}

TEST_P(EngineThreadsTest, DatabasesAreListedWhileOthersAreMade) {
  EngineFixture fixture(GetParam());
  const std::string prefix = "a_name_that_is_too_long_to_lie_inside_of_a_string_";
  std::atomic<bool> done = false;
  std::jthread maker([&] {
    for (int i = 1000; i < 1400; ++i)
      EXPECT_TRUE(fixture.engine().CreateDatabase(prefix + std::to_string(i)).ok());
    done.store(true);
  });
  while (!done.load()) {
    const auto names = fixture.engine().Databases();
    ASSERT_TRUE(std::ranges::is_sorted(names));
    ASSERT_TRUE(std::ranges::all_of(
        names, [&](const std::string& name) { return name.starts_with(prefix); }));
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, EngineThreadsTest, testing::Values(1U, 4U));

}  // namespace
}  // namespace stria::storage
