// The generator: the same every time, and like the slices of the suite's files that are committed.

#include "bench/workload/workload.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/workload/row_buffer.h"
#include "tests/bench/workload_likeness.h"

namespace stria::bench {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kHour = 3600 * kSecond;

std::string TextOf(const WorkloadOptions& options, uint64_t num_rows = UINT64_MAX) {
  const auto rows = OpenWorkload(options);
  EXPECT_TRUE(rows);
  RowBuffer buffer;
  if (rows) buffer.Append(**rows, num_rows);
  return std::string(buffer.text());
}

std::vector<std::string> LinesOf(const WorkloadOptions& options) {
  const std::string text = TextOf(options);
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> SortedLinesOf(const WorkloadOptions& options) {
  auto lines = LinesOf(options);
  std::ranges::sort(lines);
  return lines;
}

class WorkloadTest : public testing::TestWithParam<WorkloadKind> {
 protected:
  WorkloadOptions Small() const {
    return {.kind = GetParam(), .scale = 7, .duration_ns = 300 * kSecond};
  }
};

TEST_P(WorkloadTest, IsTheSameForTheSameSeed) {
  EXPECT_EQ(TextOf(Small()), TextOf(Small()));
}

TEST_P(WorkloadTest, IsAnotherForAnotherSeed) {
  WorkloadOptions other = Small();
  other.seed = 124;
  EXPECT_NE(TextOf(Small()), TextOf(other));
}

TEST_P(WorkloadTest, HasNothingAfterItsEnd) {
  const auto rows = OpenWorkload(Small());
  ASSERT_TRUE(rows);
  RowBuffer buffer;
  EXPECT_GT(buffer.Append(**rows, UINT64_MAX), 0U);
  buffer.Clear();
  EXPECT_EQ(buffer.Append(**rows, 1), 0U);
  EXPECT_EQ(buffer.Append(**rows, 1), 0U);
}

TEST_P(WorkloadTest, HasDuplicatesOfRowsThatAreThere) {
  WorkloadOptions twice = Small();
  twice.duplicates = 0.2;
  auto lines = SortedLinesOf(twice);
  const auto plain = SortedLinesOf(Small());
  const auto num_more = static_cast<double>(lines.size() - plain.size());
  EXPECT_NEAR(num_more / static_cast<double>(plain.size()), 0.2, 0.09);
  lines.erase(std::ranges::unique(lines).begin(), lines.end());
  EXPECT_EQ(lines, plain);
}

TEST_P(WorkloadTest, MovesRowsWithoutLosingAny) {
  WorkloadOptions late = Small();
  late.out_of_order = 0.3;
  EXPECT_NE(TextOf(late), TextOf(Small()));
  EXPECT_EQ(SortedLinesOf(late), SortedLinesOf(Small()));
}

INSTANTIATE_TEST_SUITE_P(All, WorkloadTest,
                         testing::Values(WorkloadKind::kCpuOnly, WorkloadKind::kDevops,
                                         WorkloadKind::kIot),
                         [](const auto& of) {
                           std::string name(WorkloadName(of.param));
                           std::erase(name, '-');
                           return name;
                         });

TEST(HostWorkloadTest, KeepsItsRowsWhenTheirOrderIsShuffled) {
  for (const auto kind : {WorkloadKind::kCpuOnly, WorkloadKind::kDevops}) {
    const WorkloadOptions plain{.kind = kind, .scale = 9, .duration_ns = 100 * kSecond};
    WorkloadOptions shuffled = plain;
    shuffled.shuffle = true;
    EXPECT_NE(TextOf(shuffled), TextOf(plain));
    EXPECT_EQ(SortedLinesOf(shuffled), SortedLinesOf(plain));
  }
}

TEST(HostWorkloadTest, HasTheShareOutOfOrderThatWasAskedFor) {
  const auto statistics = StatisticsOfWorkload(
      {.kind = WorkloadKind::kCpuOnly, .scale = 50, .duration_ns = kHour, .out_of_order = 0.1});
  EXPECT_EQ(statistics.num_rows, 50U * 360);
  EXPECT_NEAR(statistics.late(), 0.1, 0.01);
}

TEST(HostWorkloadTest, WritesFloatsWithTheDecimalsThatWereAskedFor) {
  WorkloadOptions options{
      .kind = WorkloadKind::kCpuOnly, .scale = 20, .duration_ns = 600 * kSecond};
  options.numbers = NumberForm::kTwoDecimals;
  const auto two = StatisticsOfWorkload(options);
  options.numbers = NumberForm::kFull;
  const auto full = StatisticsOfWorkload(options);
  for (const auto& [name, field] : two.measurements.at("cpu").by_field) {
    EXPECT_FALSE(field.is_integer) << name;
    EXPECT_EQ(field.max_decimals, 2U) << name;
    const auto& all_digits = full.measurements.at("cpu").by_field.at(name);
    EXPECT_GT(all_digits.max_decimals, 10U) << name;
    // Cut toward zero: at most a hundredth less.
    EXPECT_LE(field.mean(), all_digits.mean()) << name;
    EXPECT_GT(field.mean(), all_digits.mean() - 0.01) << name;
  }
}

TEST(HostWorkloadTest, DevopsHasNineMeasurementsWithAHundredAndOneFields) {
  const auto statistics = StatisticsOfWorkload(
      {.kind = WorkloadKind::kDevops, .scale = 10, .duration_ns = 1000 * kSecond});
  EXPECT_EQ(statistics.num_rows, 9U * 10 * 100);
  EXPECT_EQ(statistics.series.size(), 90U);
  ASSERT_EQ(statistics.measurements.size(), 9U);
  size_t num_fields = 0;
  for (const auto& [name, measurement] : statistics.measurements)
    num_fields += measurement.fields.size();
  EXPECT_EQ(num_fields, 101U);
  // 427 bytes a row in the suite's file of a hundred hosts and a day, whose counters grew longer.
  EXPECT_NEAR(static_cast<double>(statistics.num_bytes) / 9000, 425, 15);

  const auto& nginx = statistics.measurements.at("nginx").by_field;
  EXPECT_NEAR(nginx.at("accepts").step_mean(), 5, 0.1);
  EXPECT_EQ(nginx.at("active").max, 100);
  const auto& disk = statistics.measurements.at("disk");
  EXPECT_THAT(disk.tags, testing::Contains("fstype"));
  EXPECT_NEAR(disk.by_field.at("free").step_mean(), 50, 0.2);
  EXPECT_NEAR(disk.by_field.at("used").step_mean(), -50, 0.2);
  EXPECT_EQ(disk.by_field.at("used_percent").max, 50);
  const auto& memory = statistics.measurements.at("mem").by_field;
  EXPECT_FALSE(memory.at("used_percent").is_integer);
  EXPECT_LE(memory.at("used_percent").max, 100);
  EXPECT_EQ(statistics.measurements.at("redis").by_field.at("uptime_in_seconds").max, 990);
}

TEST(WorkloadLikenessTest, CpuOnlyLooksLikeTheSliceOfTheSuite) {
  const auto made =
      StatisticsOfWorkload({.kind = WorkloadKind::kCpuOnly, .scale = 4, .duration_ns = 72 * kHour});
  // Forty walks that need 10,000 ticks to forget where they were: their mean says little here.
  ExpectLikeCpu(made, StatisticsOfFile(SlicePath("cpu-4h-3d.lp.zst"), "hostname"),
                {.mean = 12, .step_share = 0.02, .share = 0.02, .missing_share = 0});
}

TEST(WorkloadLikenessTest, IotLooksLikeTheSliceOfTheSuite) {
  const auto made =
      StatisticsOfWorkload({.kind = WorkloadKind::kIot, .scale = 30, .duration_ns = 16 * kHour});
  ExpectLikeIot(made, StatisticsOfFile(SlicePath("iot-4t-1d.lp.zst"), "name"),
                {.mean = 0, .step_share = 0.04, .share = 0.02, .missing_share = 0.006});
}

TEST(WorkloadLikenessTest, IotLosesATenthOfItsRowsAndSomeComeLate) {
  const auto made =
      StatisticsOfWorkload({.kind = WorkloadKind::kIot, .scale = 100, .duration_ns = 4 * kHour});
  EXPECT_NEAR(static_cast<double>(made.num_rows) / (2 * 100 * 1440), 0.9, 0.005);
  EXPECT_NEAR(made.late(), 0.0157, 0.003);
}

TEST(WorkloadOptionsTest, RefusesWhatCannotBe) {
  const auto refuses = [](const WorkloadOptions& options) {
    return CheckWorkload(options).code() == StatusCode::kInvalidArgument;
  };
  EXPECT_FALSE(refuses({}));
  EXPECT_TRUE(refuses({.scale = 0}));
  EXPECT_TRUE(refuses({.interval_ns = 0}));
  EXPECT_TRUE(refuses({.duration_ns = 5, .interval_ns = 10}));
  EXPECT_TRUE(refuses({.start_ns = INT64_MAX}));
  EXPECT_TRUE(refuses({.out_of_order = 1}));
  EXPECT_TRUE(refuses({.duplicates = -0.1}));
  EXPECT_FALSE(ParseWorkloadKind("cpu"));
}

}  // namespace
}  // namespace stria::bench
