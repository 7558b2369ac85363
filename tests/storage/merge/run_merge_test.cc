#include "storage/merge/run_merge.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::storage {
namespace {

using testing::ElementsAre;

constexpr ColumnId kNumber(1);
constexpr ColumnId kText(2);

// One row of a run: either field may be NULL.
struct TestRow {
  int64_t time = 0;
  std::optional<uint64_t> number;
  std::optional<std::string> text;
};

using Runs = std::vector<std::vector<TestRow>>;

// Runs in memory, one after the other.
class TestSource final : public RunSource {
 public:
  explicit TestSource(const std::vector<std::vector<TestRow>>& runs) {
    for (const auto& rows : runs) {
      SourceRun run{.series = SeriesId(7),
                    .row_begin = static_cast<uint32_t>(times_.size()),
                    .first_time = rows.front().time,
                    .last_time = rows.back().time};
      for (const auto& row : rows) {
        times_.push_back(row.time);
        bits_.push_back(row.number.value_or(999));
        number_validity_.push_back(row.number.has_value() ? 1 : 0);
        kept_.push_back(row.text.value_or("never seen"));
        strings_.emplace_back(kept_.back());
        text_validity_.push_back(row.text.has_value() ? 1 : 0);
      }
      run.row_end = static_cast<uint32_t>(times_.size());
      run.step = StepOf(rows);
      runs_.push_back(run);
    }
  }

  uint32_t num_rows() const override { return static_cast<uint32_t>(times_.size()); }
  std::span<const SourceRun> runs() const override { return runs_; }
  Result<std::span<const int64_t>> Times(size_t run) override {
    return std::span<const int64_t>(times_).subspan(runs_[run].row_begin,
                                                    runs_[run].row_end - runs_[run].row_begin);
  }
  Result<VectorView> ReadVector(ColumnId column, DataType type, uint32_t vector) override {
    const size_t begin = size_t{vector} * kVectorRows;
    VectorView view;
    view.type = type;
    view.num_rows = static_cast<uint32_t>(std::min<size_t>(kVectorRows, times_.size() - begin));
    if (column == kNumber) {
      view.lanes = Lanes::k64;
      view.data = bits_.data() + begin;
      view.validity = number_validity_.data() + begin;
    } else if (column == kText) {
      view.lanes = Lanes::kString;
      view.data = strings_.data() + begin;
      view.validity = text_validity_.data() + begin;
    } else {
      view.all_null = true;
    }
    return view;
  }

 private:
  static int64_t StepOf(const std::vector<TestRow>& rows) {
    if (rows.size() < 2) return 0;
    int64_t step = 0;
    if (__builtin_sub_overflow(rows[1].time, rows[0].time, &step)) return 0;
    for (size_t i = 1; i < rows.size(); ++i) {
      int64_t difference = 0;
      if (__builtin_sub_overflow(rows[i].time, rows[i - 1].time, &difference)) return 0;
      if (difference != step) return 0;
    }
    return step;
  }

  std::vector<SourceRun> runs_;
  std::vector<int64_t> times_;
  std::vector<uint64_t> bits_;
  std::deque<std::string> kept_;
  std::vector<std::string_view> strings_;
  std::vector<uint8_t> number_validity_, text_validity_;
};

using Row = std::pair<std::optional<uint64_t>, std::optional<std::string>>;
using Rows = std::map<int64_t, Row>;

std::vector<RunSlice> AllRuns(std::deque<TestSource>& sources) {
  std::vector<RunSlice> slices;
  for (auto& source : sources) {
    for (uint32_t run = 0; run < source.runs().size(); ++run)
      slices.push_back({&source, run, source.runs()[run].row_begin, source.runs()[run].row_end});
  }
  return slices;
}

// What the plan gives, through AppendMerged().
Rows Merge(std::span<const RunSlice> slices) {
  SortedRows sorted;
  sorted.columns.push_back({kNumber, DataType::kUint64, {}, {}, {}});
  sorted.columns.push_back({kText, DataType::kString, {}, {}, {}});
  const auto plan = PlanMerge(slices);
  EXPECT_TRUE(plan.has_value());
  for (const auto& piece : *plan)
    EXPECT_TRUE(AppendMerged(piece, SeriesId(7), sorted).ok());
  EXPECT_LE(sorted.runs.size(), 1U) << "one series is one run";
  Rows rows;
  for (size_t i = 0; i < sorted.num_rows(); ++i) {
    if (i > 0) {
      EXPECT_LT(sorted.times[i - 1], sorted.times[i]);
    }
    Row row;
    if (sorted.columns[0].IsValid(i)) row.first = sorted.columns[0].bits[i];
    if (sorted.columns[1].IsValid(i)) row.second = std::string(sorted.columns[1].strings[i]);
    rows[sorted.times[i]] = row;
  }
  return rows;
}

TEST(RunMergeTest, RunsThatDoNotOverlapArePassedAsTheyAre) {
  std::deque<TestSource> sources;
  sources.emplace_back(Runs{{{10, 1, {}}, {20, 2, {}}}});
  sources.emplace_back(Runs{{{1, 3, {}}, {9, 4, {}}}});
  const auto plan = PlanMerge(AllRuns(sources));
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 2U);
  EXPECT_EQ((*plan)[0].slices.size(), 1U);
  EXPECT_EQ((*plan)[0].slices[0].source, &sources[1]);
  EXPECT_EQ((*plan)[1].slices.size(), 1U);
}

TEST(RunMergeTest, OnlyTheOverlappingSliceIsMerged) {
  std::deque<TestSource> sources;
  std::vector<TestRow> base, overlay;
  for (int64_t time = 0; time < 1000; ++time)
    base.push_back({time, static_cast<uint64_t>(time), {}});
  overlay = {{500, 7, {}}, {505, 8, {}}};
  sources.emplace_back(Runs{base});
  sources.emplace_back(Runs{overlay});
  const auto plan = PlanMerge(AllRuns(sources));
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 3U);
  EXPECT_EQ((*plan)[0].slices.size(), 1U);
  ASSERT_EQ((*plan)[1].slices.size(), 2U);
  EXPECT_EQ((*plan)[1].slices[0].row_begin, 500U);
  EXPECT_EQ((*plan)[1].slices[0].row_end, 506U);
  EXPECT_EQ((*plan)[2].slices.size(), 1U);
}

TEST(RunMergeTest, TheNewestRunThatHasTheFieldWins) {
  std::deque<TestSource> sources;
  sources.emplace_back(Runs{{{10, 1, "old"}, {20, 2, "kept"}}});
  sources.emplace_back(Runs{{{10, {}, "middle"}}});
  sources.emplace_back(Runs{{{10, 3, {}}, {20, {}, {}}}});
  EXPECT_EQ(Merge(AllRuns(sources)), (Rows{{10, {3, "middle"}}, {20, {2, "kept"}}}));
}

TEST(RunMergeTest, TimesAtBothEndsOfTheRangeOfTimeAreMerged) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  std::deque<TestSource> sources;
  sources.emplace_back(Runs{{{kLeast, 1, {}}, {0, 2, {}}, {kGreatest, 3, {}}}});
  sources.emplace_back(Runs{{{kLeast, 4, {}}}});
  sources.emplace_back(Runs{{{kGreatest, 5, {}}}});
  EXPECT_EQ(Merge(AllRuns(sources)), (Rows{{kLeast, {4, {}}}, {0, {2, {}}}, {kGreatest, {5, {}}}}));
}

TEST(RunMergeTest, ClipsToHalfOpenRangesOfTime) {
  std::deque<TestSource> sources;
  std::vector<TestRow> steady, unsteady;
  for (int64_t i = 0; i < 10; ++i) {
    steady.push_back({i * 10, 1, {}});
    unsteady.push_back({i * i, 1, {}});
  }
  sources.emplace_back(Runs{steady});
  sources.emplace_back(Runs{unsteady});
  for (auto& slice : AllRuns(sources)) {
    const auto times = *slice.source->Times(slice.run);
    for (int64_t begin = -5; begin < 100; begin += 3) {
      for (int64_t end = begin; end < 110; end += 4) {
        const auto clipped = ClipToTime(slice, begin, end);
        ASSERT_TRUE(clipped);
        const auto want =
            std::ranges::count_if(times, [&](int64_t time) { return time >= begin && time < end; });
        ASSERT_EQ(clipped->row_end - clipped->row_begin, want) << begin << " to " << end;
        if (want > 0) {
          ASSERT_GE(times[clipped->row_begin], begin);
        }
      }
    }
    const auto open = ClipToTime(slice, 0, std::numeric_limits<int64_t>::max());
    EXPECT_EQ(open->row_end - open->row_begin, 10U);
  }
}

TEST(RunMergeTest, AgreesWithAMapOnRandomRuns) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 400; ++round) {
    std::deque<TestSource> sources;
    Rows expected;
    for (uint64_t source = 1 + random() % 5; source > 0; --source) {
      // A run with a step or without one, short or longer than a vector.
      const size_t num_rows = 1 + random() % (round % 20 == 0 ? 3000 : 30);
      int64_t time = static_cast<int64_t>(random() % 60);
      const bool has_step = random() % 2 == 0;
      const auto step = static_cast<int64_t>(1 + random() % 5);
      std::vector<TestRow> rows;
      for (size_t i = 0; i < num_rows; ++i) {
        TestRow row{.time = time};
        if (random() % 3 != 0) row.number = random();
        if (random() % 3 != 0) row.text = std::to_string(random() % 1000);
        Row& merged = expected[time];
        if (row.number.has_value()) merged.first = row.number;
        if (row.text.has_value()) merged.second = row.text;
        rows.push_back(std::move(row));
        time += has_step ? step : static_cast<int64_t>(1 + random() % 9);
      }
      sources.emplace_back(Runs{rows});
    }
    ASSERT_EQ(Merge(AllRuns(sources)), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace stria::storage
