#include "tests/bench/workload_likeness.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "bench/workload/row_buffer.h"

namespace stria::bench {
namespace {

void ExpectSameForm(const MeasurementStatistics& made, const MeasurementStatistics& reference) {
  EXPECT_EQ(made.tags, reference.tags);
  EXPECT_EQ(made.fields, reference.fields);
  for (const auto& [name, field] : reference.by_field) {
    const auto& mine = made.by_field.at(name);
    EXPECT_EQ(mine.is_integer, field.is_integer) << name;
    EXPECT_EQ(mine.max_decimals, field.max_decimals) << name;
  }
}

void ExpectSameSteps(const std::string& name, const FieldStatistics& made,
                     const FieldStatistics& reference, const Tolerance& tolerance) {
  EXPECT_NEAR(made.step_deviation() / reference.step_deviation(), 1, tolerance.step_share) << name;
  EXPECT_NEAR(made.zero_steps(), reference.zero_steps(), tolerance.share) << name;
}

}  // namespace

RowStatistics StatisticsOfWorkload(const WorkloadOptions& options) {
  RowStatistics statistics(options.interval_ns);
  const auto rows = OpenWorkload(options);
  EXPECT_TRUE(rows);
  if (!rows) return statistics;
  RowBuffer buffer;
  const auto first_tag = options.kind == WorkloadKind::kIot ? "name" : "hostname";
  while (buffer.Append(**rows, 10'000) > 0) {
    statistics.AddText(buffer.text(), first_tag);
    buffer.Clear();
  }
  return statistics;
}

void ExpectLikeCpu(const RowStatistics& made, const RowStatistics& reference,
                   const Tolerance& tolerance) {
  EXPECT_EQ(made.num_rows, reference.num_rows);
  EXPECT_EQ(made.series.size(), reference.series.size());
  EXPECT_EQ(made.min_time, reference.min_time);
  EXPECT_EQ(made.max_time, reference.max_time);
  EXPECT_EQ(made.num_rows_after_a_later_one, 0U);
  EXPECT_NEAR(static_cast<double>(made.num_bytes) / static_cast<double>(reference.num_bytes), 1,
              0.02);
  ASSERT_EQ(made.measurements.size(), 1U);
  const auto& mine = made.measurements.at("cpu");
  const auto& theirs = reference.measurements.at("cpu");
  ExpectSameForm(mine, theirs);
  EXPECT_EQ(mine.tag_values.at("hostname"), theirs.tag_values.at("hostname"));

  double mean = 0, their_mean = 0, above = 0, their_above = 0;
  for (const auto& [name, field] : theirs.by_field) {
    const auto& walk = mine.by_field.at(name);
    ExpectSameSteps(name, walk, field, tolerance);
    EXPECT_NEAR(walk.step_mean(), 0, 0.02) << name;
    EXPECT_EQ(walk.min, field.min) << name;
    EXPECT_EQ(walk.max, field.max) << name;
    mean += walk.mean() / 10;
    their_mean += field.mean() / 10;
    above += static_cast<double>(walk.num_above_90) / static_cast<double>(10 * walk.count);
    their_above += static_cast<double>(field.num_above_90) / static_cast<double>(10 * field.count);
  }
  EXPECT_NEAR(mean, their_mean, tolerance.mean);
  EXPECT_NEAR(above, their_above, tolerance.mean / 100);
}

void ExpectLikeIot(const RowStatistics& made, const RowStatistics& reference,
                   const Tolerance& tolerance) {
  ASSERT_EQ(made.measurements.size(), 2U);
  for (const auto& [measurement, theirs] : reference.measurements) {
    SCOPED_TRACE(measurement);
    const auto& mine = made.measurements.at(measurement);
    ExpectSameForm(mine, theirs);
    // A set of few trucks has some of the values.
    for (const auto tag : {"fleet", "driver", "model", "device_version"}) {
      EXPECT_TRUE(std::ranges::includes(mine.tag_values.at(tag), theirs.tag_values.at(tag))) << tag;
    }
    const auto share = [](uint64_t part, uint64_t of) {
      return static_cast<double>(part) / static_cast<double>(of);
    };
    EXPECT_NEAR(share(mine.num_rows_without_field, mine.num_rows),
                share(theirs.num_rows_without_field, theirs.num_rows), 2 * tolerance.missing_share);
    EXPECT_NEAR(share(mine.num_rows_without_tag, mine.num_rows),
                share(theirs.num_rows_without_tag, theirs.num_rows), tolerance.missing_share);
    for (const auto& [name, field] : theirs.by_field)
      EXPECT_NEAR(mine.Missing(name), theirs.Missing(name), tolerance.missing_share) << name;
  }
  const auto& readings = made.measurements.at("readings").by_field;
  const auto& diagnostics = made.measurements.at("diagnostics").by_field;
  for (const std::string name : {"elevation", "velocity", "heading", "grade", "fuel_consumption"}) {
    ExpectSameSteps(name, readings.at(name),
                    reference.measurements.at("readings").by_field.at(name), tolerance);
  }
  const auto& their_diagnostics = reference.measurements.at("diagnostics").by_field;
  for (const std::string name : {"status", "current_load"}) {
    ExpectSameSteps(name, diagnostics.at(name), their_diagnostics.at(name), tolerance);
    EXPECT_NEAR(diagnostics.at(name).mean() / their_diagnostics.at(name).mean(), 1, 0.06) << name;
  }
}

}  // namespace stria::bench
