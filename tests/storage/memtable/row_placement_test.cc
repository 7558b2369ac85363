#include "storage/memtable/row_placement.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

uint64_t Seed() {
  const char* text = std::getenv("STRIA_TEST_SEED");
  return text == nullptr ? std::random_device()() : std::strtoull(text, nullptr, 10);
}

// Rows in pieces of a few; the value of a row is the number of its arrival.
struct Arrivals {
  std::vector<std::vector<uint32_t>> series;
  std::vector<std::vector<int64_t>> times;
  std::vector<std::vector<int>> values;

  void BeginPiece() {
    series.emplace_back();
    times.emplace_back();
    values.emplace_back();
  }
  void Add(uint32_t id, int64_t time, int value) {
    if (series.empty()) BeginPiece();
    series.back().push_back(id);
    times.back().push_back(time);
    values.back().push_back(value);
  }
  std::vector<RowPiece> Pieces() const {
    std::vector<RowPiece> pieces;
    for (size_t i = 0; i < series.size(); ++i)
      pieces.push_back({.series = series[i], .times = times[i]});
    return pieces;
  }
  std::vector<int> Place(const PlacedPart& part) const {
    std::vector<int> placed(part.num_rows(), -1);
    for (const PlacedStretch& stretch : part.stretches)
      PlaceValues(part, stretch, values[stretch.piece].data() + stretch.source_begin,
                  placed.data());
    return placed;
  }
};

TEST(RowPlacementTest, PutsSeriesInTheOrderOfKeysAndTheirTimesInOrder) {
  Arrivals rows;
  rows.Add(0, 10, 0);
  rows.Add(1, 10, 1);
  rows.BeginPiece();
  rows.Add(0, 20, 2);
  rows.Add(1, 20, 3);
  const auto pieces = rows.Pieces();
  const auto parts = RowPlacement(pieces, {1, 0}).Split({}, nullptr);
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_THAT(parts[0].times, ElementsAre(10, 20, 10, 20));
  EXPECT_THAT(rows.Place(parts[0]), ElementsAre(1, 3, 0, 2));
  ASSERT_EQ(parts[0].runs.size(), 2U);
  EXPECT_EQ(parts[0].runs[0].series, SeriesId(1));
  EXPECT_EQ(parts[0].runs[1].series, SeriesId(0));
  EXPECT_EQ(parts[0].runs[1].row_begin, 2U);
}

TEST(RowPlacementTest, SortsTimesThatCameLate) {
  Arrivals rows;
  for (const int64_t time : {30, 40, 10, 20, 50, 5})
    rows.Add(0, time, static_cast<int>(time));
  const auto pieces = rows.Pieces();
  const auto parts = RowPlacement(pieces, {0}).Split({}, nullptr);
  EXPECT_THAT(parts[0].times, ElementsAre(5, 10, 20, 30, 40, 50));
  EXPECT_THAT(rows.Place(parts[0]), ElementsAre(5, 10, 20, 30, 40, 50));
}

TEST(RowPlacementTest, GivesRowsOfOneKeyOnePlaceAndTheLastOfThemStays) {
  Arrivals rows;
  rows.Add(0, 20, 1);
  rows.Add(0, 10, 2);
  rows.Add(0, 20, 3);
  const auto pieces = rows.Pieces();
  const auto parts = RowPlacement(pieces, {0}).Split({}, nullptr);
  EXPECT_THAT(parts[0].times, ElementsAre(10, 20));
  EXPECT_THAT(rows.Place(parts[0]), ElementsAre(2, 3));
}

TEST(RowPlacementTest, AValueThatIsNullLeavesTheOneBefore) {
  Arrivals rows;
  rows.Add(0, 10, 1);
  rows.Add(0, 10, 2);
  const auto pieces = rows.Pieces();
  const auto parts = RowPlacement(pieces, {0}).Split({}, nullptr);
  const std::vector<uint8_t> validity = {1, 0};
  std::vector<int> placed(1, 0);
  std::vector<uint8_t> placed_validity(1, 0);
  PlaceValues(parts[0], parts[0].stretches[0], rows.values[0].data(), validity.data(),
              placed.data(), placed_validity.data());
  EXPECT_THAT(placed, ElementsAre(1));
  EXPECT_THAT(placed_validity, ElementsAre(1));
}

TEST(RowPlacementTest, LeavesOutWhatIsDeleted) {
  Arrivals rows;
  for (const int64_t time : {10, 20, 30, 40})
    rows.Add(0, time, static_cast<int>(time));
  rows.Add(1, 20, 1);
  const auto pieces = rows.Pieces();
  const auto deleted = [](SeriesId series) {
    return series == SeriesId(0) ? std::vector<TimeRange>{{0, 11}, {20, 40}}
                                 : std::vector<TimeRange>{{0, TimeRange().end}};
  };
  const auto parts = RowPlacement(pieces, {0, 1}).Split({}, deleted);
  EXPECT_THAT(parts[0].times, ElementsAre(40));
  EXPECT_THAT(rows.Place(parts[0]), ElementsAre(40));
  EXPECT_EQ(parts[0].runs.size(), 1U);
}

TEST(RowPlacementTest, APartOfNothingIsEmpty) {
  Arrivals rows;
  rows.Add(0, 10, 1);
  const auto pieces = rows.Pieces();
  const auto parts = RowPlacement(pieces, {0}).Split(std::vector<int64_t>{11}, nullptr);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_THAT(parts[1].times, IsEmpty());
  EXPECT_THAT(parts[1].stretches, IsEmpty());
}

// Rows of some series in any order, with keys that come again, over some borders.
TEST(RowPlacementTest, AgreesWithAMap) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(testing::Message() << "STRIA_TEST_SEED=" << seed);
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t bound) { return random() % bound; };
  for (int round = 0; round < 200; ++round) {
    // Few rows of many series, or many of few.
    const auto num_series = static_cast<uint32_t>(1 + below(round % 2 == 0 ? 1000 : 8));
    std::vector<uint32_t> ranks(num_series);
    std::iota(ranks.begin(), ranks.end(), 0U);
    std::ranges::shuffle(ranks, random);
    const std::vector<int64_t> borders =
        round % 3 == 0 ? std::vector<int64_t>{} : std::vector<int64_t>{30, 60};
    const uint64_t disorder = below(40);
    std::map<std::pair<uint32_t, int64_t>, int> expected;  // By rank and time.
    std::vector<uint32_t> series_of(num_series);
    for (uint32_t id = 0; id < num_series; ++id)
      series_of[ranks[id]] = id;
    Arrivals rows;
    const int num_rows = static_cast<int>(1 + below(300));
    for (int i = 0; i < num_rows; ++i) {
      if (below(20) == 0) rows.BeginPiece();
      const auto id = static_cast<uint32_t>(below(num_series));
      const auto time = i / 4 + static_cast<int64_t>(below(disorder + 1));
      rows.Add(id, time, i);
      expected[{ranks[id], time}] = i;
    }
    const auto pieces = rows.Pieces();
    const auto parts = RowPlacement(pieces, ranks).Split(borders, nullptr);
    ASSERT_EQ(parts.size(), borders.size() + 1);
    size_t num_found = 0;
    for (size_t p = 0; p < parts.size(); ++p) {
      const auto placed = rows.Place(parts[p]);
      uint32_t end = 0;
      std::pair<uint32_t, int64_t> before = {0, -1};
      for (const SortedRun& run : parts[p].runs) {
        ASSERT_EQ(run.row_begin, end);
        ASSERT_LT(run.row_begin, run.row_end);
        end = run.row_end;
        for (uint32_t row = run.row_begin; row < run.row_end; ++row) {
          const int64_t time = parts[p].times[row];
          const std::pair key(ranks[run.series.value()], time);
          ASSERT_TRUE(num_found == 0 || row == 0 || before < key);
          before = key;
          ASSERT_TRUE(p == 0 || time >= borders[p - 1]);
          ASSERT_TRUE(p == borders.size() || time < borders[p]);
          ASSERT_EQ(placed[row], expected.at(key));
          ++num_found;
        }
      }
      ASSERT_EQ(end, parts[p].num_rows());
    }
    ASSERT_EQ(num_found, expected.size());
  }
}

}  // namespace
}  // namespace stria::storage
