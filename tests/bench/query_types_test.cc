#include "bench/stria_bench/query_types.h"

#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::bench {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;

DataShape Shape(int64_t hours, size_t num_names) {
  DataShape data{.begin_ns = 1'451'606'400'000'000'000, .end_ns = 0, .names = {}};
  data.end_ns = data.begin_ns + hours * kHour;
  for (size_t i = 0; i < num_names; ++i)
    data.names.push_back("host_" + std::to_string(i));
  return data;
}

const QueryType& TypeOf(WorkloadKind kind, std::string_view name) {
  return *std::ranges::find(QueryTypes(kind), name, &QueryType::name);
}

TEST(QueryTypesTest, AreThoseOfTheSuite) {
  EXPECT_EQ(QueryTypes(WorkloadKind::kCpuOnly).size(), 16U);
  const auto& iot = QueryTypes(WorkloadKind::kIot);
  EXPECT_EQ(iot.size(), 13U);
  for (const auto& type : iot)
    EXPECT_NE(type.make_sql, nullptr) << type.name;
}

TEST(QueryTypesTest, HaveAHundredTextsWhereTheyHaveAWindow) {
  const DataShape data = Shape(72, 100);
  for (const auto kind : {WorkloadKind::kCpuOnly, WorkloadKind::kIot}) {
    for (const auto& type : QueryTypes(kind)) {
      if (type.window_ns == 0) continue;
      const auto texts = DrawTexts(type, data, 123, 100);
      EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), 100U) << type.name;
      EXPECT_EQ(texts, DrawTexts(type, data, 123, 100)) << type.name;
      EXPECT_NE(texts, DrawTexts(type, data, 124, 100)) << type.name;
    }
  }
}

TEST(QueryTypesTest, HaveWindowsInsideTheDataAndDistinctHosts) {
  const DataShape data = Shape(13, 40);
  Rng random(5);
  for (const auto& type : QueryTypes(WorkloadKind::kCpuOnly)) {
    if (Misfit(type, data)) continue;
    for (int i = 0; i < 50; ++i) {
      const Question question = DrawQuestion(type, data, random);
      EXPECT_GE(question.begin_ns, data.begin_ns);
      EXPECT_LE(question.end_ns, data.end_ns);
      const bool has_window = type.window_ns > 0;
      EXPECT_EQ(question.end_ns - question.begin_ns,
                has_window ? type.window_ns : data.end_ns - data.begin_ns);
      const std::set<std::string> names(question.names.begin(), question.names.end());
      EXPECT_EQ(names.size(), type.num_names);
    }
  }
}

TEST(QueryTypesTest, SayWhatDoesNotFitTheData) {
  const auto& half_a_day = TypeOf(WorkloadKind::kCpuOnly, "double-groupby-1");
  EXPECT_THAT(Misfit(half_a_day, Shape(12, 100)).value_or(""), testing::HasSubstr("12 h"));
  EXPECT_FALSE(Misfit(half_a_day, Shape(13, 100)));
  const auto& many = TypeOf(WorkloadKind::kCpuOnly, "cpu-max-all-32-24");
  EXPECT_THAT(Misfit(many, Shape(48, 31)).value_or(""), testing::HasSubstr("32 hosts"));
  EXPECT_FALSE(Misfit(many, Shape(48, 32)));
}

TEST(QueryTypesTest, AskForTheFirstMetricsOfTheChosenHosts) {
  const Question question{.begin_ns = 1'451'606'400'000'000'000,
                          .end_ns = 1'451'610'000'000'000'000,
                          .names = {"host_3", "host_1"},
                          .fleet = "South"};
  EXPECT_EQ(TypeOf(WorkloadKind::kCpuOnly, "single-groupby-1-8-1").make_sql(question),
            "SELECT time_bucket('1 minute', time) AS bucket, max(usage_user) AS max_usage_user "
            "FROM cpu WHERE hostname IN ('host_3', 'host_1') AND "
            "time >= '2016-01-01T00:00:00.000000000Z' AND time < '2016-01-01T01:00:00.000000000Z' "
            "GROUP BY bucket ORDER BY bucket");
}

}  // namespace
}  // namespace stria::bench
