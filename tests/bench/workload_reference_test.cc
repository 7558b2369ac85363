// The generator beside whole files that the suite wrote, where there are any.

#include <gtest/gtest.h>

#include "tests/bench/workload_likeness.h"

namespace stria::bench {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;

TEST(WorkloadReferenceTest, CpuOnlyOfAHundredHostsLooksLikeTheSuite) {
  const std::string path = FullPath("cpu-100h-3d.lp.zst");
  if (path.empty()) GTEST_SKIP() << "no reference files: STRIA_TEST_DATA";
  const auto made = StatisticsOfWorkload(
      {.kind = WorkloadKind::kCpuOnly, .scale = 100, .duration_ns = 72 * kHour, .seed = 123});
  const auto reference = StatisticsOfFile(path, "hostname");
  EXPECT_EQ(made.num_rows, 2'592'000U);
  EXPECT_EQ(made.series.size(), 100U);
  ExpectLikeCpu(made, reference,
                {.mean = 3, .step_share = 0.01, .share = 0.01, .missing_share = 0});
  const auto& mine = made.measurements.at("cpu").tag_values;
  const auto& theirs = reference.measurements.at("cpu").tag_values;
  for (const auto tag :
       {"region", "os", "arch", "team", "service", "service_version", "service_environment"}) {
    EXPECT_EQ(mine.at(tag), theirs.at(tag)) << tag;
  }
}

TEST(WorkloadReferenceTest, IotOfAHundredTrucksLooksLikeTheSuite) {
  const std::string path = FullPath("iot-100t-1d.lp.zst");
  if (path.empty()) GTEST_SKIP() << "no reference files: STRIA_TEST_DATA";
  const auto made = StatisticsOfWorkload(
      {.kind = WorkloadKind::kIot, .scale = 100, .duration_ns = 24 * kHour, .seed = 123});
  const auto reference = StatisticsOfFile(path, "name");
  ExpectLikeIot(made, reference,
                {.mean = 0, .step_share = 0.01, .share = 0.005, .missing_share = 0.002});
  EXPECT_NEAR(static_cast<double>(made.num_rows) / static_cast<double>(reference.num_rows), 1,
              0.003);
  EXPECT_NEAR(static_cast<double>(made.num_bytes) / static_cast<double>(reference.num_bytes), 1,
              0.01);
  EXPECT_NEAR(static_cast<double>(made.series.size()), static_cast<double>(reference.series.size()),
              40);
  EXPECT_NEAR(made.late(), reference.late(), 0.003);
  EXPECT_EQ(made.min_time, reference.min_time);
  // The suite writes IoT for three ticks after the end.
  EXPECT_EQ(made.max_time + 3 * 10'000'000'000, reference.max_time);
  for (const auto& [measurement, theirs] : reference.measurements) {
    for (const auto tag : {"name", "fleet", "driver", "model", "device_version"}) {
      EXPECT_EQ(made.measurements.at(measurement).tag_values.at(tag), theirs.tag_values.at(tag));
    }
  }
}

}  // namespace
}  // namespace stria::bench
