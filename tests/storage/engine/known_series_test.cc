// Series whose text was seen before: they are the ones that their keys would give, whatever was
// dropped, forgotten or restarted in between.

#include <random>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "ingest/line_protocol.h"
#include "storage/engine/series_text_cache.h"
#include "tests/storage/engine/engine_fixture.h"

namespace stria::storage {
namespace {

// Decodes as the server does, and writes; returns how many of the series were known.
size_t WriteLines(Engine& engine, const std::string& lines, const std::string& database = "db") {
  const KnownSeries known = engine.SeriesOf(database);
  auto decoded = ingest::DecodeLineProtocol(lines, {.known = &known});
  EXPECT_TRUE(decoded.status.ok());
  EXPECT_EQ(decoded.num_errors, 0U);
  size_t num_known = 0;
  for (const auto& batch : decoded.batches) {
    for (const auto& series : batch.series)
      num_known += series.is_known() ? 1U : 0U;
  }
  const WriteResult result =
      engine.Write({.database = database, .batches = std::move(decoded.batches), .keep_alive = {}});
  EXPECT_TRUE(result.status.ok()) << result.status.ToString();
  EXPECT_EQ(result.rows_written, decoded.num_rows);
  return num_known;
}

// Lines of some series at one time; long enough that the last few are not all of them.
std::string Lines(const std::string& table, int num_series, int time) {
  std::string lines;
  for (int i = 0; i < num_series; ++i)
    lines += fmt::format("{},site=s{},host=h{} value={}i,other=1 {}\n", table, i % 3, i,
                         1000 * time + i, time);
  return lines;
}

void ExpectLines(EngineFixture& fixture, const std::string& table, int num_series, int time) {
  const Rows rows = fixture.Read(table, {time, time + 1});
  ASSERT_EQ(rows.size(), static_cast<size_t>(num_series));
  for (int i = 0; i < num_series; ++i) {
    const auto row = rows.find({fmt::format("host=h{},site=s{}", i, i % 3), time});
    ASSERT_NE(row, rows.end()) << i;
    EXPECT_EQ(row->second.at("value"), fmt::format("{}i", 1000 * time + i));
  }
}

constexpr int kNumSeries = 100;
constexpr size_t kNearlyAll = 90;  // The last lines of a body are always taken apart.

class KnownSeriesTest : public testing::TestWithParam<uint32_t> {};

TEST_P(KnownSeriesTest, AreKnownOnceTheIndexHasThem) {
  EngineFixture fixture(GetParam());
  EXPECT_EQ(WriteLines(fixture.engine(), Lines("m", kNumSeries, 1)), 0U);
  EXPECT_EQ(WriteLines(fixture.engine(), Lines("m", kNumSeries, 2)), 0U);
  EXPECT_GE(WriteLines(fixture.engine(), Lines("m", kNumSeries, 3)), kNearlyAll);
  for (const int time : {1, 2, 3})
    ExpectLines(fixture, "m", kNumSeries, time);
}

TEST_P(KnownSeriesTest, AreTheSameAfterARestart) {
  EngineFixture fixture(GetParam());
  for (const int time : {1, 2, 3})
    WriteLines(fixture.engine(), Lines("m", kNumSeries, time));
  fixture.Restart();
  EXPECT_EQ(WriteLines(fixture.engine(), Lines("m", kNumSeries, 4)), 0U);
  EXPECT_GE(WriteLines(fixture.engine(), Lines("m", kNumSeries, 5)), kNearlyAll);
  fixture.Restart();
  for (const int time : {1, 2, 3, 4, 5})
    ExpectLines(fixture, "m", kNumSeries, time);
}

TEST_P(KnownSeriesTest, AreNotThoseOfATableThatWasDropped) {
  EngineFixture fixture(GetParam());
  for (const int time : {1, 2, 3})
    WriteLines(fixture.engine(), Lines("m", kNumSeries, time));
  ASSERT_TRUE(fixture.engine().DropTable("db", "m").ok());
  // In another order, so that the new table gives other ids.
  WriteLines(fixture.engine(), "m,site=s0,host=h33 value=0i 3\n");
  EXPECT_EQ(WriteLines(fixture.engine(), Lines("m", kNumSeries, 4)), 0U);
  EXPECT_LE(WriteLines(fixture.engine(), Lines("m", kNumSeries, 5)), 1U);
  EXPECT_GE(WriteLines(fixture.engine(), Lines("m", kNumSeries, 6)), kNearlyAll);
  ExpectLines(fixture, "m", kNumSeries, 4);
  ExpectLines(fixture, "m", kNumSeries, 5);
  ExpectLines(fixture, "m", kNumSeries, 6);
  EXPECT_EQ(fixture.Read("m").size(), 3 * size_t{kNumSeries} + 1);
}

TEST_P(KnownSeriesTest, OfATableThatIsDroppedMeanwhileAreRefused) {
  EngineFixture fixture(GetParam());
  for (const int time : {1, 2, 3})
    WriteLines(fixture.engine(), Lines("m", kNumSeries, time));
  const std::string lines = Lines("m", kNumSeries, 4);
  const KnownSeries known = fixture.engine().SeriesOf("db");
  auto decoded = ingest::DecodeLineProtocol(lines, {.known = &known});
  ASSERT_TRUE(fixture.engine().DropTable("db", "m").ok());
  WriteLines(fixture.engine(), "m,site=s0,host=h33 value=0i 3\n");
  const WriteResult result = fixture.engine().Write(
      {.database = "db", .batches = std::move(decoded.batches), .keep_alive = {}});
  EXPECT_EQ(result.status.code(), StatusCode::kUnavailable);
  EXPECT_EQ(fixture.Read("m").size(), 1U);
}

TEST_P(KnownSeriesTest, AreThoseOfTheirDatabase) {
  EngineFixture fixture(GetParam());
  for (const int time : {1, 2, 3})
    WriteLines(fixture.engine(), Lines("m", kNumSeries, time));
  EXPECT_EQ(WriteLines(fixture.engine(), Lines("m", kNumSeries, 9), "other"), 0U);
  EXPECT_EQ(fixture.Read("m").size(), 3 * size_t{kNumSeries});
}

INSTANTIATE_TEST_SUITE_P(Shards, KnownSeriesTest, testing::Values(1U, 4U));

// --- The cache alone -----------------------------------------------------------------------------

class SeriesTextCacheTest : public testing::Test {
 protected:
  static std::string TextOf(uint32_t i) {
    return fmt::format("m,host=host_{},{}=x", i, std::string(1 + i % 90, 'k'));
  }

  void Add(SeriesTextCache& cache, uint32_t begin, uint32_t end) {
    const KnownSeries hashes = cache.Read("db", nullptr);
    std::vector<std::string> texts;
    std::vector<SeriesText> added;
    for (uint32_t i = begin; i < end; ++i)
      texts.push_back(TextOf(i));
    for (uint32_t i = begin; i < end; ++i) {
      const std::string& text = texts[i - begin];
      added.push_back({text, hashes.Hash(text), {TableId(7), i % 3, SeriesId(i)}});
    }
    cache.Add(added);
  }

  // How many of [0, end) are there; each must be as it was put in.
  size_t CountFound(const KnownSeries& known, uint32_t end) {
    size_t num_found = 0;
    for (uint32_t i = 0; i < end; ++i) {
      const std::string text = TextOf(i);
      const SeriesPlace* const place = known.Find(known.Hash(text), text);
      if (place == nullptr) continue;
      ++num_found;
      EXPECT_EQ(place->id, SeriesId(i));
      EXPECT_EQ(place->shard, i % 3);
      EXPECT_EQ(place->table, TableId(7));
    }
    return num_found;
  }
};

TEST_F(SeriesTextCacheTest, FindsWhatWasPutIn) {
  SeriesTextCache cache(64 << 20, 1);
  EXPECT_EQ(cache.bytes(), 0U);
  Add(cache, 0, 20'000);
  const KnownSeries known = cache.Read("db", nullptr);
  EXPECT_GE(CountFound(known, 20'000), 19'700U);  // A bucket may overflow.
  EXPECT_EQ(known.Find(known.Hash(TextOf(20'000)), TextOf(20'000)), nullptr);
}

TEST_F(SeriesTextCacheTest, ComparesTexts) {
  SeriesTextCache cache(64 << 20, 1);
  Add(cache, 0, 1);
  const KnownSeries known = cache.Read("db", nullptr);
  ASSERT_NE(known.Find(known.Hash(TextOf(0)), TextOf(0)), nullptr);
  EXPECT_EQ(known.Find(known.Hash(TextOf(0)), TextOf(1)), nullptr);
  EXPECT_EQ(known.Find(known.Hash(TextOf(0)), TextOf(0) + "y"), nullptr);
}

TEST_F(SeriesTextCacheTest, StaysBelowItsBoundAndKeepsAShareOfMoreThanItHasRoomFor) {
  constexpr uint64_t kMaxBytes = 2 << 20;
  SeriesTextCache cache(kMaxBytes, 1);
  constexpr uint32_t kNumTexts = 60'000;  // Three times what has room.
  for (int round = 0; round < 3; ++round) {
    for (uint32_t begin = 0; begin < kNumTexts; begin += 1000) {
      Add(cache, begin, begin + 1000);
      ASSERT_LE(cache.bytes(), kMaxBytes);
    }
  }
  EXPECT_GE(CountFound(cache.Read("db", nullptr), kNumTexts), kNumTexts / 8);
}

TEST_F(SeriesTextCacheTest, IsStillReadAsItWasWhileItGoesOn) {
  SeriesTextCache cache(1 << 20, 1);
  Add(cache, 0, 1000);
  const KnownSeries before = cache.Read("db", nullptr);
  for (uint32_t begin = 1000; begin < 100'000; begin += 1000)
    Add(cache, begin, begin + 1000);
  CountFound(before, 1000);  // What is still found is right.
}

TEST_F(SeriesTextCacheTest, MayBeSwitchedOff) {
  SeriesTextCache cache(0, 1);
  Add(cache, 0, 10);
  EXPECT_EQ(CountFound(cache.Read("db", nullptr), 10), 0U);
  EXPECT_EQ(cache.bytes(), 0U);
}

}  // namespace
}  // namespace stria::storage
