#include "storage/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(MetricsTest, PrintsAFamilyWithItsHelpOnceAndASampleForEachSetOfLabels) {
  Metrics metrics;
  metrics.GetCounter("rows_total", "Rows.", {{"db", "a"}}).Add(3);
  metrics.GetCounter("rows_total", "Rows.", {{"db", "b"}}).Add();
  EXPECT_EQ(metrics.Text(),
            "# HELP rows_total Rows.\n# TYPE rows_total counter\n"
            "rows_total{db=\"a\"} 3\nrows_total{db=\"b\"} 1\n");
}

TEST(MetricsTest, TheSameNameAndLabelsAreTheSameCounter) {
  Metrics metrics;
  Counter& first = metrics.GetCounter("n", "N.");
  for (int i = 0; i < 100; ++i)
    metrics.GetCounter("m" + std::to_string(i), "M.");
  EXPECT_EQ(&metrics.GetCounter("n", "N."), &first) << "and it stays where it was";
}

TEST(MetricsTest, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.GetGauge("g", "G.", {{"name", "a\"b\\c\nd"}}).Set(-7);
  EXPECT_THAT(metrics.Text(), HasSubstr("g{name=\"a\\\"b\\\\c\\nd\"} -7\n"));
}

TEST(MetricsTest, ACallbackIsAskedWhenTheTextIsMade) {
  Metrics metrics;
  double value = 1;
  metrics.AddCallback("size", "S.", "gauge", {}, [&] { return value; });
  value = 2.5;
  EXPECT_THAT(metrics.Text(), HasSubstr("size 2.5\n"));
}

TEST(MetricsTest, HistogramBucketsAreCumulative) {
  Metrics metrics;
  Histogram& histogram = metrics.GetHistogram("seconds", "S.");
  histogram.ObserveNs(50'000);           // Below the first bound.
  histogram.ObserveNs(100'000);          // On it.
  histogram.ObserveNs(3'000'000);        // 3 ms.
  histogram.ObserveNs(500'000'000'000);  // Beyond the last.
  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.CountUpTo(0), 2U);
  EXPECT_EQ(histogram.CountUpTo(Histogram::kNumBounds - 1), 3U);
  EXPECT_THAT(metrics.Text(),
              AllOf(HasSubstr("seconds_bucket{le=\"0.0001\"} 2\n"),
                    HasSubstr("seconds_bucket{le=\"0.005\"} 3\n"),
                    HasSubstr("seconds_bucket{le=\"+Inf\"} 4\n"), HasSubstr("seconds_count 4\n")));
}

}  // namespace
}  // namespace stria
