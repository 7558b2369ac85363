// Whole statements through the front door: answers, limits, explanations, permissions.

#include <atomic>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/query/session/query_harness.h"

namespace stria::query {
namespace {

// Two devices, a row a minute for 100 minutes from 2024-01-01.
void WriteReadings(QueryHarness& harness) {
  std::string lines;
  for (int minute = 0; minute < 100; ++minute) {
    const auto time = std::to_string(1'704'067'200LL + minute * 60LL) + "000000000\n";
    lines += "readings,device=a,site=n temperature=" + std::to_string(minute) + ",count=1i " + time;
    lines += "readings,device=b,site=s temperature=" + std::to_string(-minute) + " " + time;
  }
  harness.Write(lines);
}

TEST(SessionTest, AnswersASelect) {
  QueryHarness harness;
  WriteReadings(harness);
  const CollectingSink answer = harness.Run(
      "SELECT time_bucket('1h', time) AS hour, device, max(temperature) AS m, count(count) FROM "
      "readings WHERE time < '2024-01-01T01:30:00Z' GROUP BY hour, device HAVING max(temperature) "
      "> "
      "-70 ORDER BY device DESC, hour LIMIT 3");
  ASSERT_FALSE(answer.failed) << answer.error.message;
  ASSERT_EQ(answer.columns.size(), 4U);
  EXPECT_EQ(answer.columns[0].name, "hour");
  EXPECT_EQ(answer.columns[0].type, DataType::kTimestamp);
  EXPECT_EQ(answer.columns[2].name, "m");
  EXPECT_EQ(answer.columns[3].name, "count(count)");
  EXPECT_EQ(answer.rows, (std::vector<std::string>{
                             "2024-01-01T00:00:00.000000000Z b 0 0",
                             "2024-01-01T01:00:00.000000000Z b -60 0",
                             "2024-01-01T00:00:00.000000000Z a 59 60",
                         }));
  EXPECT_EQ(answer.stats.rows_returned, 3U);
  EXPECT_EQ(answer.stats.rows_scanned, 180U);
  EXPECT_EQ(answer.note, "");
}

TEST(SessionTest, NowIsTheClockOfTheService) {
  QueryHarness harness;
  EXPECT_EQ(harness.Rows("SELECT now()"), "2026-01-01T00:00:00.000000000Z\n");
  harness.clock().Advance(1'000'000'000);
  EXPECT_EQ(harness.Rows("SELECT now(), now() - interval '1 minute'"),
            "2026-01-01T00:00:01.000000000Z 2025-12-31T23:59:01.000000000Z\n");
}

TEST(SessionTest, LastPointsAreRightAcrossPartsAndMemory) {
  QueryHarness harness;
  WriteReadings(harness);
  ASSERT_TRUE(harness.engine().Flush().ok());
  harness.Write(
      "readings,device=a,site=n temperature=1000 1704067200000000000\n"
      "readings,device=b,site=s count=7i 1704153600000000000\n");
  EXPECT_EQ(
      harness.Rows("SELECT DISTINCT ON (device) device, temperature, count FROM readings ORDER BY "
                   "device, time DESC"),
      "a 99 1\n"
      "b NULL 7\n");
  EXPECT_EQ(
      harness.Rows("SELECT device, last(temperature), max(time) FROM readings GROUP BY device "
                   "ORDER BY device"),
      "a 99 2024-01-01T01:39:00.000000000Z\n"
      "b -99 2024-01-02T00:00:00.000000000Z\n");
  EXPECT_EQ(harness.Rows("SELECT device FROM readings WHERE site = 's' ORDER BY time DESC LIMIT 1"),
            "b\n");
  EXPECT_EQ(harness.Rows("SELECT DISTINCT site FROM readings ORDER BY site"), "n\ns\n");
}

TEST(SessionTest, ErrorsCarryCodePositionAndHint) {
  QueryHarness harness;
  WriteReadings(harness);
  const CollectingSink answer = harness.Run("SELECT device,\n temprature FROM readings");
  ASSERT_TRUE(answer.failed);
  EXPECT_EQ(answer.error.code, "unknown_column");
  EXPECT_EQ(answer.error.message, "column \"temprature\" not found in plant.readings");
  EXPECT_EQ(answer.error.line, 2U);
  EXPECT_EQ(answer.error.column, 2U);
  EXPECT_EQ(answer.error.hint, "Did you mean \"temperature\"?");
  EXPECT_EQ(harness.Run("SELEC 1").error.code, "parse");
  EXPECT_EQ(harness.Run("SELECT 1 / 0").error.code, "invalid_argument");
}

TEST(SessionTest, StopsAtTheLimitOfRows) {
  QueryHarness harness;
  WriteReadings(harness);
  QueryRequest request = harness.Request("SELECT * FROM readings");
  request.limits.max_rows = 150;
  EXPECT_EQ(harness.Run(request).error.code, "resource_exhausted");
  request.limits.max_rows = 200;
  EXPECT_EQ(harness.Run(request).rows.size(), 200U);
}

TEST(SessionTest, StopsAtTheLimitOfMemory) {
  QueryHarness harness;
  WriteReadings(harness);
  QueryRequest request = harness.Request("SELECT * FROM readings ORDER BY temperature");
  request.limits.memory_bytes = 100;
  EXPECT_EQ(harness.Run(request).error.code, "memory_limit");
}

TEST(SessionTest, StopsWhenItIsTime) {
  QueryHarness harness;
  WriteReadings(harness);
  QueryRequest request = harness.Request("SELECT * FROM readings");
  request.limits.timeout_ns = -1;  // Over before it began: the clock stands still.
  EXPECT_EQ(harness.Run(request).error.code, "timeout");
}

TEST(SessionTest, StopsWhenCancelled) {
  QueryHarness harness;
  WriteReadings(harness);
  QueryRequest request = harness.Request("SELECT * FROM readings");
  request.cancelled = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(harness.Run(request).error.code, "cancelled");
  *request.cancelled = false;
  EXPECT_FALSE(harness.Run(request).failed);
}

TEST(SessionTest, EndsQuietlyWhenTheClientIsGone) {
  class GoneSink final : public CollectingSink {
   public:
    bool OnBatch(const Batch&) override {
      ++num_batches;
      return false;
    }
    int num_batches = 0;
  };
  QueryHarness harness;
  std::string lines;
  for (int i = 0; i < 5000; ++i)
    lines += "m v=" + std::to_string(i) + " " + std::to_string(i) + "\n";
  harness.Write(lines);
  GoneSink sink;
  harness.service().Execute(harness.Request("SELECT * FROM m"), sink);
  EXPECT_TRUE(sink.has_ended());
  EXPECT_FALSE(sink.failed);
  EXPECT_EQ(sink.num_batches, 1);
}

TEST(SessionTest, ExplainShowsPlanAndOperators) {
  QueryHarness harness;
  WriteReadings(harness);
  const std::string plan = harness.Rows(
      "EXPLAIN SELECT device, max(temperature) FROM readings WHERE device = 'a' AND time >= "
      "'2024-01-01' GROUP BY device");
  EXPECT_TRUE(
      plan.starts_with("Aggregate max(temperature) by device\n"
                       "  Scan plant.readings [device, temperature] time >= "
                       "2024-01-01T00:00:00.000000000Z; device in "
                       "('a')\n"
                       "\n"
                       "Operators:\n"))
      << plan;
  EXPECT_EQ(plan.find("executed in"), std::string::npos);
  EXPECT_EQ(harness.Run("EXPLAIN SELECT 1").columns[0].name, "plan");
}

TEST(SessionTest, ExplainAnalyzeRunsTheStatement) {
  QueryHarness harness;
  WriteReadings(harness);
  const std::string plan =
      harness.Rows("EXPLAIN ANALYZE SELECT device FROM readings WHERE device = 'a' LIMIT 7");
  EXPECT_NE(plan.find("rows: 7 returned, 100 scanned\n"), std::string::npos) << plan;
  EXPECT_NE(plan.find("\nplanned in "), std::string::npos) << plan;
  EXPECT_EQ(harness.Run("EXPLAIN ANALYZE SELECT 1 / temperature FROM readings").error.code,
            "invalid_argument");
  EXPECT_FALSE(harness.Run("EXPLAIN SELECT 1 / temperature FROM readings").failed);
}

TEST(SessionTest, ShowsDescribesAndCreates) {
  QueryHarness harness;
  WriteReadings(harness);
  EXPECT_EQ(harness.Rows("SHOW TABLES"), "readings\n");
  EXPECT_EQ(harness.Rows("DESCRIBE readings"),
            "time timestamp time\n"
            "device string tag\n"
            "site string tag\n"
            "temperature float64 field\n"
            "count int64 field\n");
  const CollectingSink created = harness.Run("CREATE DATABASE fleet");
  EXPECT_FALSE(created.failed);
  EXPECT_EQ(created.columns.size(), 0U);
  EXPECT_EQ(created.note, "database \"fleet\" created");
  EXPECT_EQ(harness.Run("CREATE DATABASE IF NOT EXISTS fleet").note,
            "database \"fleet\" was there");
  EXPECT_EQ(harness.Rows("SHOW DATABASES"), "fleet\nplant\n");
}

TEST(SessionTest, AnEmptyAnswerSaysWhy) {
  QueryHarness harness;
  WriteReadings(harness);
  const std::pair<const char*, const char*> kCases[] = {
      {"SELECT * FROM readings WHERE time >= '2025-01-01' AND time < '2026-01-01'",
       "0 rows: plant.readings has data on 2024-01-01; your range is 2025"},
      {"SELECT * FROM readings WHERE time >= '2024-01-01 02:00:00'",
       "0 rows: plant.readings has data from 2024-01-01 to 2024-01-01T01:39:00Z; your range is "
       "from "
       "2024-01-01T02:00:00Z on"},
      {"SELECT device, max(temperature) FROM readings WHERE time < '2023-02-01' GROUP BY device",
       "0 rows: plant.readings has data on 2024-01-01; your range is before 2023-02-01"},
      {"SELECT * FROM readings WHERE device = 'x' AND site IN ('n', 's')",
       "0 rows: no row of plant.readings has device in ('x') and site in ('n', 's')"},
      {"SELECT * FROM readings WHERE time >= '2024-01-01' AND device LIKE 'x%'",
       "0 rows: no row of plant.readings in your range has device like 'x%'"},
      {"SELECT * FROM readings WHERE temperature > 98 AND count > 1",
       "0 rows: none of the 200 rows of plant.readings that were looked at satisfies temperature > "
       "98 "
       "AND count > 1"},
      {"SELECT * FROM readings WHERE time > '2024-01-02' AND time < '2024-01-01'",
       "0 rows: the condition of WHERE can never be true"},
      {"SELECT * FROM readings LIMIT 0", ""},
  };
  for (const auto& [sql, note] : kCases) {
    const CollectingSink answer = harness.Run(sql);
    EXPECT_EQ(answer.rows.size(), 0U) << sql;
    EXPECT_EQ(answer.note, note) << sql;
  }
}

TEST(SessionTest, AReaderSeesTheRowsOfItsFilter) {
  QueryHarness harness;
  WriteReadings(harness);
  QueryRequest request = harness.Request("SELECT device, count(*) FROM readings GROUP BY device");
  request.access = [](Access access, std::string_view database,
                      std::string_view table) -> Result<RowFilter> {
    EXPECT_EQ(access, Access::kRead);
    EXPECT_EQ(database, "plant");
    if (table != "readings") return Status(StatusCode::kPermissionDenied, "not that one");
    storage::TagPredicate tag;
    tag.tag = "site";
    tag.values = {"s"};
    return RowFilter{tag};
  };
  EXPECT_EQ(harness.Run(request).rows, std::vector<std::string>{"b 100"});
  // A union of conditions cannot widen it, and an empty answer tells nothing of hidden rows.
  request.sql = "SELECT device FROM readings WHERE site = 'n' OR true OR device = 'a' LIMIT 1";
  EXPECT_EQ(harness.Run(request).rows, std::vector<std::string>{"b"});
  request.sql = "SELECT device FROM readings WHERE time < '2000-01-01'";
  EXPECT_EQ(harness.Run(request).note, "");
  request.sql = "SELECT 1 FROM secrets";
  EXPECT_EQ(harness.Run(request).error.code, "forbidden");
}

}  // namespace
}  // namespace stria::query
