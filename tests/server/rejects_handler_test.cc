// Lines that were refused for what their table is: kept, shown, written again, dropped.

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

using testing::HasSubstr;

std::string Replay(ServerFixture& server, const std::string& query = "") {
  return server.Post("/api/v1/rejects/replay" + query).body;
}

std::string Kept(ServerFixture& server) {
  return server.Sql("SELECT \"table\", line, code FROM system.rejects");
}

TEST(RejectsTest, ATypeConflictIsWrittenAgainWhenTheColumnIsGone) {
  ServerFixture server;
  server.Post("/write?db=db", "m,host=a f=1 1");
  server.Post("/write?db=db", "m,host=a f=2 2\nm,host=b f=\"two\nlines\" 3\nm bad 4");
  EXPECT_EQ(server.Sql("SELECT database, \"table\", code, source FROM system.rejects"),
            "database,table,code,source\r\ndb,m,type_conflict,influx_v1\r\n")
      << "what is no line is not kept";
  EXPECT_THAT(server.Sql("SELECT reason FROM system.rejects"),
              HasSubstr("\"\"f\"\" of table db.m is float64, the line has string"));
  EXPECT_EQ(Replay(server), "{\"replayed\":0,\"rejected\":1}");
  server.Sql("ALTER TABLE m DROP COLUMN f");
  EXPECT_EQ(Replay(server), "{\"replayed\":1,\"rejected\":0}");
  EXPECT_EQ(server.Sql("SELECT host, f FROM m WHERE f IS NOT NULL"),
            "host,f\r\nb,\"two\nlines\"\r\n");
  EXPECT_EQ(server.Sql("SELECT count(*) AS n FROM system.rejects"), "n\r\n0\r\n");
  EXPECT_EQ(Replay(server), "{\"replayed\":0,\"rejected\":0}");
}

TEST(RejectsTest, ALineMeansTheSameWhenItIsWrittenAgain) {
  ServerFixture server;
  server.Post("/write?db=db&precision=s", "m f=1 1704067200");
  server.Post("/write?db=db&precision=s", "m f=t 1704067201\nm f=f");  // One without a time.
  const std::string came =
      server.Sql("SELECT date_trunc('second', max(time)) AS time FROM system.rejects");
  server.Sql("ALTER TABLE m DROP COLUMN f");
  EXPECT_EQ(Replay(server), "{\"replayed\":2,\"rejected\":0}");
  EXPECT_EQ(server.Sql("SELECT time FROM m WHERE f"), "time\r\n2024-01-01T00:00:01.000000000Z\r\n");
  EXPECT_EQ(server.Sql("SELECT time FROM m WHERE NOT f"), came);
}

TEST(RejectsTest, LinesOverALimitAreWrittenAgainWhenThereIsRoom) {
  ServerFixture server;
  server.Sql("CREATE DATABASE db");
  server.Sql("CREATE TABLE m WITH (max_series = 2, max_columns = 2)");
  server.Post("/write?db=db", "m,host=a v=1 1\nm,host=b v=1 1");
  const auto answer =
      server.Post("/write?db=db", "m,host=c v=2 2\nm,host=a v=2,w=2 2\nm,host=b v=2 2");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(HeaderOf(answer, "X-Stria-Rows-Written"), "1");
  EXPECT_THAT(answer.body, HasSubstr("Tag \\\"host\\\" has the most values, 2, such as \\\"b\\\""));
  EXPECT_EQ(Kept(server),
            "table,line,code\r\nm,\"m,host=a v=2,w=2 2\",column_limit\r\nm,\"m,host=c v=2 "
            "2\",series_limit\r\n");
  server.Sql("ALTER TABLE m SET (max_series = 3)");
  EXPECT_EQ(Replay(server), "{\"replayed\":1,\"rejected\":1}");
  server.Sql("ALTER TABLE m RESET (max_columns)");
  EXPECT_EQ(Replay(server), "{\"replayed\":1,\"rejected\":0}");
  EXPECT_EQ(server.Sql("SELECT host, v, w FROM m WHERE v = 2 ORDER BY host"),
            "host,v,w\r\na,2,2\r\nb,2,\r\nc,2,\r\n");
}

TEST(RejectsTest, TheStatusForALimitIsThatOfTheDialect) {
  ServerFixture server(SettingTexts{{"ingest.max_series", "1"}});
  server.Post("/write?db=db", "m,host=a v=1 1");
  EXPECT_EQ(server.Post("/write?db=db", "m,host=b v=1 1").status, 400);
  const auto v2 = server.Post("/api/v2/write?bucket=db", "m,host=b v=1 1");
  EXPECT_EQ(v2.status, 422);
  EXPECT_THAT(v2.body, HasSubstr("as many series as it may have, 1"));
  server.Post("/write", "m,host=a v=1 1");
  EXPECT_EQ(server.Post("/write", "m,host=b v=1 1").status, 422);
}

TEST(RejectsTest, OnlyTheLinesOfTheTableAreMeant) {
  ServerFixture server;
  for (const char* database : {"one", "two"}) {
    for (const char* table : {"m", "n"}) {
      const std::string target = std::string("/write?db=") + database;
      server.Post(target, std::string(table) + " f=1 1");
      server.Post(target, std::string(table) + " f=t 2");
    }
  }
  EXPECT_EQ(Replay(server, "?database=one"), "{\"replayed\":0,\"rejected\":2}");
  EXPECT_EQ(Replay(server, "?database=two&table=n"), "{\"replayed\":0,\"rejected\":1}");
  EXPECT_EQ(server.Post("/api/v1/rejects/drop?database=one&table=n").body, "{\"dropped\":1}");
  EXPECT_EQ(server.Post("/api/v1/rejects/drop?database=two").body, "{\"dropped\":2}");
  EXPECT_EQ(server.Sql("SELECT database, \"table\" FROM system.rejects"),
            "database,table\r\none,m\r\n");
  EXPECT_EQ(server.Post("/api/v1/rejects/drop").body, "{\"dropped\":1}");
}

TEST(RejectsTest, LinesAreThereAfterARestart) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 1");
  server.Post("/write?db=db", "m f=t 2");
  server.Restart();
  EXPECT_EQ(Kept(server), "table,line,code\r\nm,m f=t 2,type_conflict\r\n");
  server.Sql("ALTER TABLE m DROP COLUMN f");
  EXPECT_EQ(Replay(server), "{\"replayed\":1,\"rejected\":0}");
  server.Restart();
  EXPECT_EQ(Kept(server), "table,line,code\r\n");
}

TEST(RejectsTest, ABatchOfMoreThanAWriteTakesIsWrittenAgainWhole) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 0");
  std::string lines;
  for (int i = 1; i <= 3500; ++i)
    lines += "m f=t " + std::to_string(i) + "\n";
  server.Post("/write?db=db", lines);
  EXPECT_EQ(Replay(server), "{\"replayed\":0,\"rejected\":3500}");
  server.Sql("ALTER TABLE m DROP COLUMN f");
  EXPECT_EQ(Replay(server), "{\"replayed\":3500,\"rejected\":0}");
  EXPECT_EQ(server.Sql("SELECT count(f) AS n FROM m"), "n\r\n3500\r\n");
}

}  // namespace
}  // namespace stria::server
