#include "query/exec/run_slices.h"

#include <iostream>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/engine_rows.h"

namespace stria::query {
namespace {

using storage::ScanRun;
using Slice = std::tuple<uint32_t, uint32_t, int64_t>;

ScanRun RunOf(const std::vector<int64_t>& times, int64_t step, uint32_t row_begin) {
  return {.series = 0,
          .row_begin = row_begin,
          .row_end = row_begin + static_cast<uint32_t>(times.size()),
          .first_time = times.front(),
          .last_time = times.back(),
          .step = step};
}

std::vector<Slice> Cut(const ScanRun& run, const std::vector<int64_t>& times,
                       const TimeBucket& bucket) {
  std::vector<BucketSlice> slices;
  CutRun(run, NeedsTimes(run, bucket) ? std::span(times) : std::span<const int64_t>(), bucket,
         slices);
  std::vector<Slice> tuples;
  for (const auto& slice : slices)
    tuples.emplace_back(slice.row_begin, slice.row_end, slice.bucket);
  return tuples;
}

// Row by row.
std::vector<Slice> CutSlowly(const ScanRun& run, const std::vector<int64_t>& times,
                             const TimeBucket& bucket) {
  std::vector<Slice> slices;
  for (uint32_t i = 0; i < times.size(); ++i) {
    const int64_t index = bucket.IndexOf(times[i]);
    const uint32_t row = run.row_begin + i;
    if (!slices.empty() && std::get<2>(slices.back()) == index) {
      std::get<1>(slices.back()) = row + 1;
    } else {
      slices.emplace_back(row, row + 1, index);
    }
  }
  return slices;
}

TEST(RunSlicesTest, CutsRegularTimesAtEachEdge) {
  const std::vector<int64_t> times = {10, 20, 30, 40, 50, 60, 70};
  EXPECT_EQ(Cut(RunOf(times, 10, 100), times, {.width_ns = 30, .origin_ns = 0}),
            (std::vector<Slice>{{100, 102, 0}, {102, 105, 1}, {105, 107, 2}}));
}

TEST(RunSlicesTest, CutsBefore1970ByFloor) {
  const std::vector<int64_t> times = {-30, -20, -10, 0, 10};
  EXPECT_EQ(Cut(RunOf(times, 10, 0), times, {.width_ns = 20, .origin_ns = 0}),
            (std::vector<Slice>{{0, 1, -2}, {1, 3, -1}, {3, 5, 0}}));
}

TEST(RunSlicesTest, SkipsBucketsWithoutRows) {
  const std::vector<int64_t> regular = {0, 100, 200};
  EXPECT_EQ(Cut(RunOf(regular, 100, 0), regular, {.width_ns = 7, .origin_ns = 0}),
            (std::vector<Slice>{{0, 1, 0}, {1, 2, 14}, {2, 3, 28}}));
  const std::vector<int64_t> irregular = {0, 1, 200};
  EXPECT_EQ(Cut(RunOf(irregular, 0, 0), irregular, {.width_ns = 10, .origin_ns = 0}),
            (std::vector<Slice>{{0, 2, 0}, {2, 3, 20}}));
}

TEST(RunSlicesTest, NeedsNoTimesOfARunInOneBucket) {
  const std::vector<int64_t> times = {1, 2, 8};
  const TimeBucket bucket{.width_ns = 10, .origin_ns = 0};
  EXPECT_FALSE(NeedsTimes(RunOf(times, 0, 5), bucket));
  EXPECT_EQ(Cut(RunOf(times, 0, 5), times, bucket), (std::vector<Slice>{{5, 8, 0}}));
  EXPECT_TRUE(NeedsTimes(RunOf(times, 0, 5), {.width_ns = 5, .origin_ns = 0}));
}

TEST(RunSlicesTest, ReachesTheEndsOfTime) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  const std::vector<int64_t> times = {kLeast, kLeast + 1, -1, 0, kGreatest - 1, kGreatest};
  const std::vector<int64_t> far_apart = {kLeast + 2, 0, kGreatest - 1};
  for (const int64_t width : {int64_t{1}, int64_t{2}, int64_t{1000}, kGreatest / 2, kGreatest}) {
    for (const int64_t origin : {int64_t{0}, width / 2}) {
      const TimeBucket bucket{.width_ns = width, .origin_ns = origin};
      const ScanRun irregular = RunOf(times, 0, 0);
      EXPECT_EQ(Cut(irregular, times, bucket), CutSlowly(irregular, times, bucket)) << width;
      const ScanRun regular = RunOf(far_apart, kGreatest - 1, 0);
      EXPECT_EQ(Cut(regular, far_apart, bucket), CutSlowly(regular, far_apart, bucket)) << width;
    }
  }
}

TEST(RunSlicesTest, CutsRandomRunsLikeOneRowAfterTheOther) {
  std::mt19937_64 random(storage::TestSeed());
  for (int round = 0; round < 2000; ++round) {
    const bool is_regular = random() % 2 == 0;
    const auto step = static_cast<int64_t>(1 + random() % 40);
    int64_t time = static_cast<int64_t>(random() % 2000) - 1000;
    std::vector<int64_t> times;
    for (uint64_t i = 0, count = 1 + random() % 200; i < count; ++i) {
      times.push_back(time);
      time += is_regular ? step : 1 + static_cast<int64_t>(random() % 60);
    }
    const auto width = static_cast<int64_t>(1 + random() % 300);
    const TimeBucket bucket = MakeTimeBucket(random() % 4 == 0 ? width * step : width,
                                             static_cast<int64_t>(random() % 500));
    const ScanRun run = RunOf(times, is_regular ? step : 0, static_cast<uint32_t>(random() % 3000));
    ASSERT_EQ(Cut(run, times, bucket), CutSlowly(run, times, bucket))
        << "round " << round << ", width " << bucket.width_ns << ", step " << step;
  }
}

}  // namespace
}  // namespace stria::query
