#include "server/api/status_handlers.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/http/response_head.h"
#include "tests/server/server_fixture.h"
#include "tests/support/fault_file_system.h"

namespace stria::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(HealthTest, PassesInTheShapeThatClientsKnow) {
  ServerFixture server;
  const auto answer = server.Get("/health");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_THAT(answer.body, StartsWith("{\"name\":\"stria\",\"message\":\"ready for queries and "
                                      "writes\",\"status\":\"pass\",\"checks\":["));
  EXPECT_THAT(answer.body, HasSubstr("\"version\":\"" + std::string(kVersion) + "\""));
}

TEST(HealthTest, FailsWhenTheLogHasFailed) {
  storage::FaultFileSystem files;
  ServerFixture server({}, &files);
  ASSERT_EQ(server.Post("/write?db=db", "m v=1 1").status, 204);
  files.FailAt(1);
  EXPECT_EQ(server.Post("/write?db=db", "m v=2 2").status, 503);
  files.FailNever();
  const auto health = server.Get("/health");
  EXPECT_EQ(health.status, 503);
  EXPECT_THAT(health.body, HasSubstr("\"status\":\"fail\""));
  EXPECT_EQ(server.Get("/ready").status, 503);
  EXPECT_EQ(server.Sql("SELECT v FROM m"), "v\r\n1\r\n") << "reads go on";
}

TEST(ReadyTest, SaysSinceWhen) {
  ServerFixture server;
  const auto answer = server.Get("/ready");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, StartsWith("{\"status\":\"ready\",\"started\":\"20"));
}

TEST(ReadyTest, IsNotWhenTheServerStops) {
  ServerFixture server;
  server.state().stopping.store(true);
  const auto answer = server.Get("/ready");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, StartsWith("{\"error\":{\"code\":\"not_ready\""));
  EXPECT_EQ(HeaderOf(answer, "Retry-After"), "1");
}

TEST(PingTest, IsEmptyUnlessItIsToSayMore) {
  ServerFixture server;
  for (const char* quiet : {"/ping", "/ping?verbose=0", "/ping?verbose=false", "/ping?verbose="}) {
    EXPECT_EQ(server.Get(quiet).status, 204) << quiet;
    EXPECT_EQ(server.Get(quiet).body, "") << quiet;
  }
  const auto verbose = server.Get("/ping?verbose=true");
  EXPECT_EQ(verbose.status, 200);
  EXPECT_EQ(verbose.body, "{\"version\":\"" + std::string(kInfluxVersion) + "\"}\n");
  EXPECT_EQ(server.Ask("HEAD", "/ping").response.status, 204);
}

TEST(SettingsTest, TellsQuestDbsClientsTheirVersion) {
  ServerFixture server;
  EXPECT_EQ(
      server.Get("/settings").body,
      "{\"config\":{\"line.proto.support.versions\":[1],\"cairo.max.file.name.length\":127}}\n");
}

TEST(IndexTest, ListsEveryRoute) {
  ServerFixture server;
  const auto answer = server.Get("/");
  for (const auto& route : server.router().routes())
    EXPECT_THAT(answer.body, HasSubstr(route.path + " "));
}

TEST(FlushTest, PutsRowsIntoPartsAndCompactMergesThem) {
  ServerFixture server;
  for (int i = 0; i < 3; ++i) {
    server.Post("/write?db=db", "m v=" + std::to_string(i) + " " + std::to_string(i + 1));
    EXPECT_EQ(server.Post("/api/v1/flush").status, 204);
  }
  EXPECT_EQ(server.Sql("SELECT tier, count(*) AS count FROM system.parts GROUP BY tier"),
            "tier,count\r\nhot,3\r\n");
  EXPECT_EQ(server.Post("/api/v1/compact").status, 204);
  EXPECT_EQ(server.Sql(
                "SELECT tier, count(*) AS count, sum(rows) AS sum FROM system.parts GROUP BY tier"),
            "tier,count,sum\r\nwarm,1,3\r\n");
  EXPECT_EQ(server.Sql("SELECT v FROM m ORDER BY time"), "v\r\n0\r\n1\r\n2\r\n");
}

TEST(FlushTest, ManyAtOnceAreAllAnswered) {
  ServerFixture server;
  server.Post("/write?db=db", "m v=1 1");
  std::vector<std::shared_ptr<FakeReply::Outcome>> outcomes;
  for (int i = 0; i < 50; ++i)
    outcomes.push_back(server.Send("POST", "/api/v1/flush"));
  for (const auto& outcome : outcomes)
    EXPECT_EQ(outcome->Wait().response.status, 204);
}

TEST(MetricsTest, HasEveryNameOfTheTable) {
  ServerFixture server;
  server.Post("/write?db=db", "m v=1 1");
  server.Sql("SELECT 1");
  const auto answer = server.Get("/metrics");
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const auto& metric : AllMetrics()) {
    EXPECT_THAT(answer.body, HasSubstr("# TYPE " + std::string(metric.name) + " " +
                                       std::string(metric.type) + "\n"));
  }
}

TEST(MetricsTest, CountsStatementsByTheirEnd) {
  ServerFixture server;
  server.Sql("SELECT 1");
  server.Sql("SELECT 1");
  server.Sql("SELECT");
  const std::string text = server.Get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("stria_queries_total{result=\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("stria_queries_total{result=\"parse\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("stria_query_seconds_count 3\n"));
}

}  // namespace
}  // namespace stria::server
