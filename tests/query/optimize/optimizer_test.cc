// Each rule by the plan before and after it, as text.

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "query/optimize/column_pruning.h"
#include "query/optimize/conditions.h"
#include "query/optimize/last_point.h"
#include "query/optimize/limit_pushdown.h"
#include "query/optimize/predicate_pushdown.h"
#include "query/optimize/tag_pushdown.h"
#include "query/optimize/time_range_pushdown.h"
#include "query/optimize/zone_map_hints.h"
#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

constexpr std::string_view kAllColumns =
    "[time, device, line, site, temperature, pressure, count, total, ok, note]";

class OptimizerTest : public ::testing::Test {
 protected:
  // The plan of `sql` after one rule, with the list of all columns as [*].
  std::string After(void (*rule)(PlanPtr& plan), const std::string& sql) {
    PlanPtr plan = plant_.Plan(sql);
    if (plan == nullptr) return "";
    rule(plan);
    return Shortened(ExplainPlan(*plan));
  }

  std::string Optimized(const std::string& sql) { return Shortened(plant_.Optimized(sql)); }

  // What the rule makes of a condition on readings: the lines of filter and scan.
  std::string OfCondition(void (*rule)(PlanPtr& plan), const std::string& condition) {
    return After(rule, "SELECT * FROM readings WHERE " + condition);
  }

  static std::string Shortened(std::string text) {
    const size_t begin = text.find(kAllColumns);
    if (begin != std::string::npos) text.replace(begin, kAllColumns.size(), "[*]");
    return text;
  }

  Plant plant_;
};

using PredicatePushdownTest = OptimizerTest;
using TimeRangePushdownTest = OptimizerTest;
using TagPushdownTest = OptimizerTest;
using ZoneMapHintsTest = OptimizerTest;
using ColumnPruningTest = OptimizerTest;
using LimitPushdownTest = OptimizerTest;
using LastPointTest = OptimizerTest;

TEST_F(PredicatePushdownTest, PassesProjectionsAndSorts) {
  EXPECT_EQ(
      After(PushPredicates,
            "SELECT h FROM (SELECT upper(device) AS h, site AS s FROM readings ORDER BY time) "
            "WHERE h = 'A' AND s = 'n'"),
      "Project h\n"
      "  Project upper(device), site\n"
      "    Sort by time\n"
      "      Filter h = 'A' AND s = 'n'\n"
      "        Scan plant.readings [*]\n");
}

TEST_F(PredicatePushdownTest, PassesAGroupByWhenItIsAboutKeys) {
  EXPECT_EQ(After(PushPredicates,
                  "SELECT device, count(*) FROM readings GROUP BY device HAVING device <> 'a' AND "
                  "count(*) > 1 AND device > 'b'"),
            "Filter count(*) > 1\n"
            "  Aggregate count(*) by device\n"
            "    Filter device <> 'a' AND device > 'b'\n"
            "      Scan plant.readings [*]\n");
  EXPECT_EQ(After(PushPredicates,
                  "SELECT * FROM (SELECT time_bucket('1h', time) AS hour, max(count) AS m FROM "
                  "readings GROUP BY hour) WHERE hour >= '2024-01-01' OR m > 1"),
            "Filter hour >= '2024-01-01' OR m > 1\n"
            "  Aggregate max(count) by time_bucket('1h', time)\n"
            "    Scan plant.readings [*]\n");
  // One group of everything is there whatever its rows are.
  EXPECT_EQ(After(PushPredicates, "SELECT count(*) FROM readings HAVING 1 > 2"),
            "Filter 1 > 2\n"
            "  Aggregate count(*)\n"
            "    Scan plant.readings [*]\n");
}

TEST_F(PredicatePushdownTest, PassesDistinctOnWhenItIsAboutKeys) {
  EXPECT_EQ(After(PushPredicates,
                  "SELECT * FROM (SELECT DISTINCT ON (device) device, count FROM readings ORDER BY "
                  "device, time DESC) WHERE count > 1 AND device = 'a'"),
            "Project device, count\n"
            "  Filter count > 1\n"
            "    First row of each device by device, time DESC\n"
            "      Filter device = 'a'\n"
            "        Scan plant.readings [*]\n");
}

TEST_F(PredicatePushdownTest, StopsAtALimit) {
  EXPECT_EQ(After(PushPredicates, "SELECT * FROM (SELECT * FROM readings LIMIT 5) WHERE count > 1"),
            "Filter count > 1\n"
            "  Limit 5\n"
            "    Scan plant.readings [*]\n");
}

TEST_F(PredicatePushdownTest, MovesNotInwardsAndDropsWhatIsTrue) {
  EXPECT_EQ(
      OfCondition(PushPredicates, "NOT (count > 1 OR temperature = 2) AND NOT NOT ok AND 1 = 1"),
      "Filter count <= 1 AND temperature <> 2 AND ok\n"
      "  Scan plant.readings [*]\n");
  EXPECT_EQ(OfCondition(PushPredicates, "(ok OR count = 1) AND (ok AND count = 2)"),
            "Filter (ok OR count = 1) AND ok AND count = 2\n"
            "  Scan plant.readings [*]\n");
}

TEST_F(PredicatePushdownTest, KeepsTheNamesOfTheAnswer) {
  PlanPtr plan = plant_.Plan(
      "SELECT time AS t, id AS i, watts AS w FROM other.meters WHERE id = 'm' AND 1 = 1");
  Optimize(plan);
  ASSERT_EQ(plan->kind, PlanKind::kScan);
  EXPECT_EQ(plan->output[0].name, "t");
  EXPECT_EQ(plan->output[1].name, "i");
  EXPECT_EQ(plan->output[2].name, "w");
}

TEST_F(TimeRangePushdownTest, TakesComparisonsWithConstants) {
  const std::string scan = "Scan plant.readings [*]";
  const std::pair<const char*, const char*> kCases[] = {
      {"time >= '2024-01-01'", " time >= 2024-01-01T00:00:00.000000000Z"},
      {"time > '2024-01-01'", " time >= 2024-01-01T00:00:00.000000001Z"},
      {"time < '2024-01-01'", " time < 2024-01-01T00:00:00.000000000Z"},
      {"time <= '2024-01-01'", " time < 2024-01-01T00:00:00.000000001Z"},
      {"time = '2024-01-01'",
       " time >= 2024-01-01T00:00:00.000000000Z and time < 2024-01-01T00:00:00.000000001Z"},
      {"'2024-01-01' <= time", " time >= 2024-01-01T00:00:00.000000000Z"},
      {"'2024-01-01' > time", " time < 2024-01-01T00:00:00.000000000Z"},
      {"time BETWEEN '2024-01-01' AND '2024-01-02'",
       " time >= 2024-01-01T00:00:00.000000000Z and time < 2024-01-02T00:00:00.000000001Z"},
      {"time >= '2024-01-01 02:00:00+02' AND time < '2024-01-02' AND time < '2024-01-03'",
       " time >= 2024-01-01T00:00:00.000000000Z and time < 2024-01-02T00:00:00.000000000Z"},
      {"NOT (time < '2024-01-01')", " time >= 2024-01-01T00:00:00.000000000Z"},
      {"time >= 1704067200000000000", " time >= 2024-01-01T00:00:00.000000000Z"},
      {"time > now() - interval '1 hour'", " time >= 2025-12-31T23:00:00.000000001Z"},
      {"time IS NOT NULL", ""},
      {"time IS NULL", " time in no instant"},
      {"time > NULL", " time in no instant"},
      {"false", " time in no instant"},
      {"time >= '2024-01-02' AND time < '2024-01-01'", " time in no instant"},
  };
  for (const auto& [condition, range] : kCases)
    EXPECT_EQ(OfCondition(PushTimeRanges, condition), scan + range + "\n") << condition;
}

TEST_F(TimeRangePushdownTest, LeavesToTheFilterWhatIsNoRange) {
  const char* const kCases[] = {
      "time <> '2024-01-01'",
      "time < '2024-01-01' OR count > 1",
      "time_bucket('1h', time) <> '2024-01-01'",
      "time_bucket('1h', time) > time",
      "time > now() - interval '1 hour' * count",
      "time = 9223372036854775807",
  };
  for (const char* condition : kCases) {
    EXPECT_EQ(OfCondition(PushTimeRanges, condition),
              "Filter " + std::string(condition) + "\n  Scan plant.readings [*]\n")
        << condition;
  }
}

TEST_F(TimeRangePushdownTest, ABucketIsARangeOfTimes) {
  const std::pair<const char*, const char*> kCases[] = {
      {"time_bucket('1h', time) >= '2024-01-01 10:00:00'",
       " time >= 2024-01-01T10:00:00.000000000Z"},
      {"time_bucket('1h', time) >= '2024-01-01 10:30:00'",
       " time >= 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) > '2024-01-01 10:00:00'",
       " time >= 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) > '2024-01-01 10:30:00'",
       " time >= 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) < '2024-01-01 10:00:00'", " time < 2024-01-01T10:00:00.000000000Z"},
      {"time_bucket('1h', time) < '2024-01-01 10:30:00'", " time < 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) <= '2024-01-01 10:00:00'",
       " time < 2024-01-01T11:00:00.000000000Z"},
      {"'2024-01-01 10:30:00' >= date_trunc('hour', time)",
       " time < 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) = '2024-01-01 10:00:00'",
       " time >= 2024-01-01T10:00:00.000000000Z and time < 2024-01-01T11:00:00.000000000Z"},
      {"time_bucket('1h', time) = '2024-01-01 10:30:00'", " time in no instant"},
      {"time_bucket('1h', time, '1970-01-01 00:15:00') >= '2024-01-01 10:00:00'",
       " time >= 2024-01-01T10:15:00.000000000Z"},
  };
  for (const auto& [condition, range] : kCases) {
    EXPECT_EQ(OfCondition(PushTimeRanges, condition),
              std::string("Scan plant.readings [*]") + range + "\n")
        << condition;
  }
  // A bucket of a subquery comes down to it.
  EXPECT_EQ(
      Optimized("SELECT * FROM (SELECT time_bucket('1h', time) AS hour, max(count) FROM readings "
                "GROUP BY hour) WHERE hour >= '2024-01-01'"),
      "Aggregate max(count) by time_bucket('1h', time)\n"
      "  Scan plant.readings [time, count] time >= 2024-01-01T00:00:00.000000000Z\n");
}

TEST_F(TimeRangePushdownTest, AListNarrowsTheRangeAndStays) {
  EXPECT_EQ(OfCondition(PushTimeRanges, "time IN ('2024-01-03', '2024-01-01')"),
            "Filter time IN ('2024-01-03', '2024-01-01')\n"
            "  Scan plant.readings [*] time >= 2024-01-01T00:00:00.000000000Z and time < "
            "2024-01-03T00:00:00.000000001Z\n");
}

TEST_F(TagPushdownTest, TakesComparisonsWithLiterals) {
  const std::pair<const char*, const char*> kCases[] = {
      {"device = 'a'", "device in ('a')"},
      {"'a' = device", "device in ('a')"},
      {"device <> 'a'", "device not in ('a')"},
      {"NOT device = 'a'", "device not in ('a')"},
      {"device IN ('a', 'b')", "device in ('a', 'b')"},
      {"device IN ('a', NULL)", "device in ('a')"},
      {"device NOT IN ('a', 'b')", "device not in ('a', 'b')"},
      {"device = 'a' OR device IN ('b', 'c') OR 'd' = device", "device in ('a', 'b', 'c', 'd')"},
      {"device LIKE 'a%'", "device like 'a%'"},
      {"device NOT LIKE 'a%'", "device not like 'a%'"},
      {"device IS NULL", "device is null"},
      {"device IS NOT NULL", "device is not null"},
      {"device > 'a'", "device > 'a'"},
      {"'a' > device", "device < 'a'"},
      {"device BETWEEN 'a' AND 'c'", "device >= 'a'; device <= 'c'"},
      {"device = 'a' AND site = 'n'", "device in ('a'); site in ('n')"},
  };
  for (const auto& [condition, tags] : kCases) {
    EXPECT_EQ(OfCondition(PushTags, condition),
              "Scan plant.readings [*]; " + std::string(tags) + "\n")
        << condition;
  }
}

TEST_F(TagPushdownTest, LeavesTheRestToTheFilter) {
  const char* const kCases[] = {
      "device = site",      "upper(device) = 'A'",
      "note = 'x'",         "device NOT IN ('a', NULL)",
      "count IN (1, 2)",    "device = 'a' OR site = 'n'",
      "device = 'a' OR ok", "device IN ('a', site)",
  };
  for (const char* condition : kCases) {
    EXPECT_EQ(OfCondition(PushTags, condition).find("\n  Scan plant.readings [*]\n"),
              OfCondition(PushTags, condition).find('\n'))
        << condition;
  }
}

TEST_F(ZoneMapHintsTest, HintsAndKeepsTheFilter) {
  const std::pair<const char*, const char*> kCases[] = {
      {"temperature > 90", "temperature > 90"},
      {"90 <= temperature", "temperature >= 90"},
      {"count = 3", "count = 3"},
      {"count < 2.5", "count < 2.5"},
      {"total <= 7", "total <= 7"},
  };
  for (const auto& [condition, hint] : kCases) {
    EXPECT_EQ(OfCondition(AddZoneMapHints, condition),
              "Filter " + std::string(condition) +
                  "\n  Scan plant.readings [*]; skip vectors unless " + hint + "\n")
        << condition;
  }
}

TEST_F(ZoneMapHintsTest, DoesNotHintWhereABoundCouldBeRounded) {
  const char* const kCases[] = {"count > 9007199254740993", "total < 18446744073709551615",
                                "temperature <> 1", "temperature + 1 > 2", "temperature > 1 OR ok"};
  for (const char* condition : kCases) {
    EXPECT_EQ(OfCondition(AddZoneMapHints, condition),
              "Filter " + std::string(condition) + "\n  Scan plant.readings [*]\n");
  }
}

TEST_F(ColumnPruningTest, ReadsWhatIsUsed) {
  EXPECT_EQ(After(PruneColumns,
                  "SELECT site, max(temperature) FROM readings WHERE count > 1 GROUP BY "
                  "site"),
            "Aggregate max(temperature) by site\n"
            "  Filter count > 1\n"
            "    Scan plant.readings [site, temperature, count]\n");
  EXPECT_EQ(After(PruneColumns, "SELECT count(*) FROM readings"),
            "Aggregate count(*)\n"
            "  Scan plant.readings []\n");
  EXPECT_EQ(After(PruneColumns, "SELECT last(count) FROM readings"),
            "Aggregate last(count)\n"
            "  Scan plant.readings [time, count]\n");
}

TEST_F(ColumnPruningTest, DropsAggregatesAndExpressionsThatNobodyUses) {
  EXPECT_EQ(After(PruneColumns,
                  "SELECT d FROM (SELECT device AS d, max(count) AS m, min(temperature) AS n FROM "
                  "readings GROUP BY device) WHERE m > 1"),
            "Project d\n"
            "  Filter m > 1\n"
            "    Aggregate max(count) by device\n"
            "      Scan plant.readings [device, count]\n");
  EXPECT_EQ(
      After(PruneColumns, "SELECT x FROM (SELECT count + 1 AS x, 1 / total AS y FROM readings)"),
      "Project count + 1\n"
      "  Scan plant.readings [count]\n");
}

TEST_F(ColumnPruningTest, TheScanHandsOutTheOrderOfTheSelectList) {
  EXPECT_EQ(After(PruneColumns, "SELECT count, device, time FROM readings LIMIT 3"),
            "Limit 3\n"
            "  Scan plant.readings [count, device, time]\n");
  // A column that is shown twice needs a projection.
  EXPECT_EQ(After(PruneColumns, "SELECT count, count FROM readings"),
            "Project count, count\n"
            "  Scan plant.readings [count]\n");
}

TEST_F(ColumnPruningTest, KeepsFieldsAndColumnsInStep) {
  PlanPtr plan = plant_.Plan("SELECT ok, device, temperature FROM readings WHERE total > 1");
  PruneColumns(plan);
  const PlanNode* scan = plan.get();
  while (scan->kind != PlanKind::kScan)
    scan = scan->input.get();
  std::vector<ColumnId> fields;
  for (const auto& column : scan->columns) {
    if (column.role == ColumnRole::kField) fields.push_back(column.id);
  }
  EXPECT_EQ(scan->request.fields, fields);
  EXPECT_EQ(fields.size(), 3U);
}

TEST_F(LimitPushdownTest, TellsTheSort) {
  EXPECT_EQ(After(PushLimits, "SELECT device FROM readings ORDER BY count LIMIT 10 OFFSET 5"),
            "Limit 10 offset 5\n"
            "  Project device\n"
            "    Sort by count, first 15 only\n"
            "      Scan plant.readings [*]\n");
  EXPECT_EQ(After(PushLimits,
                  "SELECT * FROM readings ORDER BY count LIMIT 2 OFFSET "
                  "18446744073709551615"),
            "Limit 2 offset 18446744073709551615\n"
            "  Sort by count, first 18446744073709551615 only\n"
            "    Scan plant.readings [*]\n");
}

TEST_F(LimitPushdownTest, LeavesASortAloneThatNeedsAllRows) {
  EXPECT_EQ(After(PushLimits, "SELECT * FROM readings ORDER BY count OFFSET 5"),
            "Limit offset 5\n"
            "  Sort by count\n"
            "    Scan plant.readings [*]\n");
  EXPECT_EQ(
      After(PushLimits, "SELECT * FROM (SELECT * FROM readings ORDER BY count) WHERE ok LIMIT 3"),
      "Limit 3\n"
      "  Filter ok\n"
      "    Sort by count\n"
      "      Scan plant.readings [*]\n");
}

TEST_F(LastPointTest, FindsPlansThatNeedTheNewestRowOnly) {
  const char* const kCases[] = {
      "SELECT DISTINCT ON (device) * FROM readings ORDER BY device, time DESC",
      "SELECT DISTINCT ON (site, device) count FROM readings WHERE line = '1' AND time < "
      "'2024-01-01' ORDER BY device DESC, site, time DESC, count",
      "SELECT * FROM readings WHERE device = 'a' ORDER BY time DESC LIMIT 1",
      "SELECT device, max(time) FROM readings GROUP BY device",
      "SELECT max(time), last(site), max(device) FROM readings",
      "SELECT DISTINCT site, device FROM readings WHERE time > '2024-01-01'",
      "SELECT device FROM readings GROUP BY device",
  };
  for (const char* sql : kCases)
    EXPECT_NE(Optimized(sql).find("last row of each series"), std::string::npos) << sql;
}

TEST_F(LastPointTest, DoesNotWhereOtherRowsCount) {
  const char* const kCases[] = {
      // A filter may drop the newest row.
      "SELECT DISTINCT ON (device) * FROM readings WHERE count > 1 ORDER BY device, time DESC",
      "SELECT * FROM readings WHERE count > 1 ORDER BY time DESC LIMIT 1",
      // last() passes over NULLs.
      "SELECT device, last(count) FROM readings GROUP BY device",
      "SELECT device, max(time), count(*) FROM readings GROUP BY device",
      "SELECT device, min(time) FROM readings GROUP BY device",
      "SELECT time_bucket('1h', time) AS hour, max(time) FROM readings GROUP BY hour",
      "SELECT DISTINCT ON (count) * FROM readings ORDER BY count, time DESC",
      "SELECT DISTINCT ON (device) * FROM readings ORDER BY device, time",
      "SELECT DISTINCT ON (device) * FROM readings",
      "SELECT DISTINCT ON (device) * FROM readings ORDER BY device, count DESC, time DESC",
      "SELECT * FROM readings ORDER BY time DESC LIMIT 2",
      "SELECT * FROM readings ORDER BY time DESC LIMIT 1 OFFSET 1",
      "SELECT * FROM readings ORDER BY time LIMIT 1",
      "SELECT DISTINCT device, count FROM readings",
  };
  for (const char* sql : kCases)
    EXPECT_EQ(Optimized(sql).find("last row of each series"), std::string::npos) << sql;
}

TEST_F(OptimizerTest, RunsEveryRuleOnce) {
  std::string names;
  for (const Rule& rule : AllRules())
    names += std::string(rule.name) + " ";
  EXPECT_EQ(names,
            "predicate_pushdown time_range_pushdown tag_pushdown zone_map_hints column_pruning "
            "limit_pushdown last_point ");
}

TEST_F(OptimizerTest, IsDoneAfterOneRound) {
  const char* const kStatements[] = {
      "SELECT DISTINCT ON (device) device, count FROM readings WHERE time > '2024-01-01' ORDER BY "
      "device, time DESC LIMIT 5",
      "SELECT site, avg(m) FROM (SELECT site, device, max(count) AS m FROM readings WHERE count > "
      "1 "
      "GROUP BY site, device) WHERE site = 'n' GROUP BY site ORDER BY 2 LIMIT 3",
  };
  for (const char* sql : kStatements) {
    PlanPtr plan = plant_.Plan(sql);
    Optimize(plan);
    const std::string once = ExplainPlan(*plan);
    plan->notes.clear();
    for (const Rule& rule : AllRules()) {
      if (rule.name != "zone_map_hints") rule.apply(plan);  // Hints are added each time.
    }
    EXPECT_EQ(ExplainPlan(*plan), once);
  }
}

}  // namespace
}  // namespace stria::query
