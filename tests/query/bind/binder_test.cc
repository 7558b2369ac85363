// What statements become, before any rule: one node for each clause.

#include <gtest/gtest.h>

#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

std::string ColumnsOf(const PlanNode& plan) {
  std::string text;
  for (const auto& [name, type] : plan.output)
    text += (text.empty() ? "" : ", ") + name + " " + std::string(DataTypeName(type));
  return text;
}

TEST(BinderTest, StarIsTheTimeThenTheTagsThenTheFields) {
  Plant plant;
  // A tag that came after the fields stands with the tags.
  ASSERT_TRUE(plant.fixture().Write("late a=1 1\nlate,tag=x b=2 2", "plant").status.ok());
  EXPECT_EQ(ColumnsOf(*plant.Plan("SELECT * FROM late")),
            "time timestamp, tag string, a float64, b float64");
  EXPECT_EQ(ColumnsOf(*plant.Plan("SELECT *, a AS again FROM late")),
            "time timestamp, tag string, a float64, b float64, again float64");
}

TEST(BinderTest, ResultColumnsAreNamedByAliasColumnOrText) {
  Plant plant;
  EXPECT_EQ(
      ColumnsOf(*plant.Plan("SELECT device AS d, readings.site, max(count),\n  count + 1 FROM "
                            "readings GROUP BY device, site, count")),
      "d string, site string, max(count) int64, count + 1 int64");
  EXPECT_EQ(ColumnsOf(*plant.Plan("SELECT NULL, 1.5 AS x, 'a', now() - interval '1 hour' AS t")),
            "NULL string, x float64, 'a' string, t timestamp");
}

TEST(BinderTest, ClausesBecomeNodesInTheOrderOfSql) {
  Plant plant;
  EXPECT_EQ(
      plant.Explain("SELECT site, max(temperature) AS m FROM readings WHERE ok GROUP BY device, "
                    "site HAVING count(*) > 1 ORDER BY device DESC LIMIT 3 OFFSET 2"),
      "Limit 3 offset 2\n"
      "  Project site, max(temperature)\n"
      "    Sort by device DESC\n"
      "      Filter count(*) > 1\n"
      "        Aggregate max(temperature), count(*) by device, site\n"
      "          Filter ok\n"
      "            Scan plant.readings [time, device, line, site, temperature, pressure, "
      "count, total, ok, note]\n");
}

TEST(BinderTest, AnAggregateThatIsUsedTwiceIsComputedOnce) {
  Plant plant;
  const PlanPtr plan = plant.Plan(
      "SELECT max(count), max( count ) + 1 FROM readings HAVING MAX(count) > 1 ORDER BY "
      "max(count)");
  const PlanNode* node = plan.get();
  while (node->kind != PlanKind::kAggregate)
    node = node->input.get();
  EXPECT_EQ(node->aggregates.size(), 1U);
}

TEST(BinderTest, KeysAreColumnsAliasesPositionsAndExpressions) {
  Plant plant;
  const char* const kSame[] = {
      "SELECT time_bucket('1h', time) AS hour, count(*) FROM readings GROUP BY hour",
      "SELECT time_bucket('1h', time) AS hour, count(*) FROM readings GROUP BY 1",
      "SELECT time_bucket('1h', time) AS hour, count(*) FROM readings GROUP BY "
      "time_bucket(interval '1 hour', time)",
      "SELECT time_bucket('1h', time) AS hour, count(*) FROM readings GROUP BY hour, 1, hour",
      "SELECT time_bucket('60 minutes', readings.time) AS hour, count(*) FROM plant.readings GROUP "
      "BY time_bucket('1h', plant.readings.TIME)",
  };
  for (const char* sql : kSame) {
    const PlanPtr plan = plant.Plan(sql);
    ASSERT_NE(plan, nullptr);
    EXPECT_EQ(plan->kind, PlanKind::kAggregate) << sql;
    EXPECT_EQ(plan->exprs.size(), 1U) << sql;
    EXPECT_EQ(ColumnsOf(*plan), "hour timestamp, count(*) int64") << sql;
  }
}

TEST(BinderTest, AColumnComesBeforeAnAliasInGroupByAndAfterItInOrderBy) {
  Plant plant;
  EXPECT_EQ(plant.Optimized("SELECT upper(device) AS site, count(*) FROM readings GROUP BY device, "
                            "site ORDER BY site"),
            "Project upper(device), count(*)\n"
            "  Sort by upper(device)\n"
            "    Aggregate count(*) by device, site\n"
            "      Scan plant.readings [device, site]\n");
}

TEST(BinderTest, SortsByWhatIsNotShown) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT device FROM readings ORDER BY abs(temperature) DESC NULLS LAST, "
                      "time"),
      "Project device\n"
      "  Sort by abs(temperature) DESC NULLS LAST, time\n"
      "    Scan plant.readings [time, device, temperature]\n");
}

TEST(BinderTest, DistinctIsAnAggregateOfTheWholeList) {
  Plant plant;
  EXPECT_EQ(plant.Optimized("SELECT DISTINCT site AS s, count + 1 FROM readings ORDER BY 2, site"),
            "Sort by count + 1, s\n"
            "  Aggregate by s, count + 1\n"
            "    Project site, count + 1\n"
            "      Scan plant.readings [site, count]\n");
}

TEST(BinderTest, DistinctOnTakesItsOrderFromOrderBy) {
  Plant plant;
  EXPECT_EQ(
      plant.Explain("SELECT DISTINCT ON (site, device) device FROM readings ORDER BY device "
                    "DESC, site, temperature"),
      "Project device\n"
      "  First row of each site, device by device DESC, site, temperature\n"
      "    Scan plant.readings [time, device, line, site, temperature, pressure, count, total, "
      "ok, note]\n");
  // Keys that ORDER BY does not name come after those that it does.
  EXPECT_EQ(plant.Optimized("SELECT DISTINCT ON (site, device) site FROM readings ORDER BY device"),
            "Project site\n"
            "  First row of each site, device by device, site\n"
            "    Scan plant.readings [device, site]\n");
}

TEST(BinderTest, NamesOfWithAreSeenInside) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("WITH a AS (SELECT device AS d, temperature FROM readings), b AS (SELECT d "
                      "FROM a), readings AS (SELECT d FROM b) SELECT * FROM (SELECT readings.d "
                      "FROM readings) AS q"),
      "Scan plant.readings [device]\n");
}

TEST(BinderTest, SystemTablesAreReadLikeOthers) {
  Plant plant;
  EXPECT_EQ(plant.Optimized("SELECT rank AS r, color AS c FROM system.colors WHERE rank > 1"),
            "Project rank, color\n"
            "  Filter rank > 1\n"
            "    Scan system.colors\n");
  EXPECT_EQ(ColumnsOf(*plant.Plan("SELECT color AS c, rank AS r FROM system.colors")),
            "c string, r int64");
}

TEST(BinderTest, ConstantsAreFolded) {
  Plant plant;
  EXPECT_EQ(
      plant.Optimized("SELECT 1 + 2 * 3 AS seven FROM readings WHERE time >= now() - interval "
                      "'1 day' AND 1 < 2"),
      "Project 1 + 2 * 3\n"
      "  Scan plant.readings [] time >= 2025-12-31T00:00:00.000000000Z\n");
}

TEST(BinderTest, AnEmptyLimitIsNoLimit) {
  Plant plant;
  EXPECT_EQ(plant.Optimized("SELECT device FROM readings LIMIT NULL OFFSET 0"),
            "Scan plant.readings [device]\n");
}

TEST(BinderTest, ShowsAndDescribes) {
  Plant plant;
  const auto rows = [&](const char* sql) {
    auto bound = plant.Bind(sql);
    std::string text;
    for (const auto& row : std::get<BoundRows>(std::get<BoundStatement>(bound)).rows) {
      for (size_t i = 0; i < row.size(); ++i)
        text += (i == 0 ? "" : " ") + (row[i].is_null() ? std::string("-") : row[i].string());
      text += '\n';
    }
    return text;
  };
  EXPECT_EQ(rows("SHOW DATABASES"), "other\nplant\n");
  EXPECT_EQ(rows("SHOW TABLES"), "cpu\nreadings\n");
  EXPECT_EQ(rows("show tables in other;"), "meters\n");
  EXPECT_EQ(rows("SHOW TABLES FROM system"), "colors\n");
  EXPECT_EQ(rows("DESCRIBE other.meters"),
            "time timestamp time\n"
            "id string tag\n"
            "watts float64 field\n");
  EXPECT_EQ(rows("DESC system.colors"), "color string -\nrank int64 -\n");
}

TEST(BinderTest, TheFilterOfAReaderStartsTheScan) {
  Plant plant;
  plant.SetAccess(
      [](Access, std::string_view database, std::string_view table) -> Result<RowFilter> {
        if (database == "other" || table == "cpu")
          return Status(StatusCode::kPermissionDenied, "no");
        storage::TagPredicate tag;
        tag.tag = "site";
        tag.values = {"n"};
        return RowFilter{tag};
      });
  EXPECT_EQ(plant.Optimized("SELECT max(temperature) FROM readings WHERE device = 'a'"),
            "Aggregate max(temperature)\n"
            "  Scan plant.readings [temperature]; site in ('n'); device in ('a')\n");
  EXPECT_EQ(plant.Error("SELECT * FROM system.colors").code, "forbidden");
  // What may not be read is not listed.
  const auto num_rows = [&](const char* sql) {
    auto bound = plant.Bind(sql);
    return std::get<BoundRows>(std::get<BoundStatement>(bound)).rows.size();
  };
  EXPECT_EQ(num_rows("SHOW DATABASES"), 1U);
  EXPECT_EQ(num_rows("SHOW TABLES"), 1U);
}

}  // namespace
}  // namespace stria::query
