#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Gzip(std::string_view text) {
  libdeflate_compressor* const compressor = libdeflate_alloc_compressor(6);
  std::string packed(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  packed.resize(
      libdeflate_gzip_compress(compressor, text.data(), text.size(), packed.data(), packed.size()));
  libdeflate_free_compressor(compressor);
  return packed;
}

std::string Zstd(std::string_view text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

TEST(WriteTest, RowsAreThereWhenTheAnswerIs) {
  ServerFixture server;
  const auto answer = server.Post("/write?db=db", "m,device=a temp=21.5,n=3i 1000000000\n");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(HeaderOf(answer, "X-Durability"), "fsync");
  EXPECT_EQ(server.Sql("SELECT * FROM m"),
            "time,device,temp,n\r\n1970-01-01T00:00:01.000000000Z,a,21.5,3\r\n");
}

TEST(WriteTest, RowsAreThereAfterARestart) {
  ServerFixture server;
  EXPECT_EQ(server.Post("/write?db=db", "m v=1 1\nm v=2 2\n").status, 204);
  server.Restart();
  EXPECT_EQ(server.Sql("SELECT count(*) AS count FROM m"), "count\r\n2\r\n");
}

TEST(WriteTest, AnEmptyBodyIsAWriteOfNothing) {
  ServerFixture server;
  EXPECT_EQ(server.Post("/write?db=db", "").status, 204);
  EXPECT_EQ(server.Post("/write?db=db", "# a comment\n\n").status, 204);
}

TEST(WriteTest, TimesAreInTheUnitOfTheRequest) {
  ServerFixture server;
  int64_t row = 0;
  for (const char* unit : {"n", "ns", "u", "us", "ms", "s", "m", "h", ""}) {
    const auto target = std::string("/write?db=db&precision=") + unit;
    EXPECT_EQ(server.Post(target, "m,unit=u" + std::to_string(row++) + " v=1 2").status, 204)
        << unit;
  }
  EXPECT_EQ(
      server.Get("/api/v1/sql?format=csv&epoch=ns&db=db&q=SELECT+time+FROM+m+ORDER+BY+unit").body,
      "time\r\n2\r\n2\r\n2000\r\n2000\r\n2000000\r\n2000000000\r\n120000000000\r\n"
      "7200000000000\r\n2\r\n");
}

TEST(WriteTest, UnpacksGzipAndZstd) {
  ServerFixture server;
  EXPECT_EQ(server.Ask("POST", "/write?db=db", Gzip("m v=1 1\n"), {{"Content-Encoding", "gzip"}})
                .response.status,
            204);
  // Several members and several frames, one after the other.
  EXPECT_EQ(server
                .Ask("POST", "/write?db=db", Gzip("m v=1 2\n") + Gzip("m v=1 3\n"),
                     {{"Content-Encoding", "gzip"}})
                .response.status,
            204);
  EXPECT_EQ(server
                .Ask("POST", "/write?db=db", Zstd("m v=1 4\n") + Zstd("m v=1 5\n"),
                     {{"Content-Encoding", "zstd"}})
                .response.status,
            204);
  EXPECT_EQ(server.Sql("SELECT count(*) AS count FROM m"), "count\r\n5\r\n");
}

TEST(WriteTest, RefusesABodyThatUnpacksToTooMuch) {
  ServerFixture server(SettingTexts{{"ingest.max_batch", "64KiB"}});
  const std::string large(65 << 10, '#');
  for (const auto& [encoding, body] :
       {std::pair("gzip", Gzip(large)), std::pair("zstd", Zstd(large))}) {
    const auto answer =
        server.Ask("POST", "/write?db=db", body, {{"Content-Encoding", encoding}}).response;
    EXPECT_EQ(answer.status, 413) << encoding;
    EXPECT_THAT(answer.body, HasSubstr("65536")) << encoding;
  }
}

TEST(WriteTest, RefusesDamagedAndUnknownEncodings) {
  ServerFixture server;
  const std::string packed = Gzip("m v=1 1\n");
  EXPECT_EQ(server
                .Ask("POST", "/write?db=db", packed.substr(0, packed.size() - 4),
                     {{"Content-Encoding", "gzip"}})
                .response.status,
            400);
  EXPECT_EQ(server.Ask("POST", "/write?db=db", "x", {{"Content-Encoding", "zstd"}}).response.status,
            400);
  const auto unknown =
      server.Ask("POST", "/write?db=db", "x", {{"Content-Encoding", "br"}}).response;
  EXPECT_EQ(unknown.status, 415);
  EXPECT_EQ(unknown.body,
            "{\"error\":\"Content-Encoding \\\"br\\\" is not supported; use gzip or zstd\"}\n");
}

TEST(WriteTest, SyncCanBeLeftOut) {
  ServerFixture server;
  const auto answer = server.Post("/write?db=db&sync=none", "m v=1 1");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(HeaderOf(answer, "X-Durability"), "none");
  EXPECT_EQ(server.Post("/write?db=db&sync=maybe", "m v=1 1").body,
            "{\"error\":\"invalid sync \\\"maybe\\\" (use fsync or none)\"}\n");
}

TEST(WriteTest, WarnsOfTimesInAnotherUnit) {
  ServerFixture server;
  const auto answer = server.Post("/write?db=db", "m v=1 1700000000");
  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(HeaderOf(answer, "X-Stria-Warning"), HasSubstr("precision=s"));
}

TEST(WriteTest, DatabasesAreMadeUnlessTheSettingSaysNo) {
  ServerFixture server(SettingTexts{{"ingest.create_databases", "false"}});
  const auto v1 = server.Post("/write?db=x", "m v=1");
  EXPECT_EQ(v1.status, 404);
  EXPECT_EQ(v1.body, "{\"error\":\"database not found: \\\"x\\\"\"}\n");
  const auto v2 = server.Post("/api/v2/write?bucket=x", "m v=1");
  EXPECT_EQ(v2.status, 404);
  EXPECT_EQ(v2.body, "{\"code\":\"not found\",\"message\":\"bucket \\\"x\\\" not found\"}\n");
  EXPECT_TRUE(server.engine().CreateDatabase("x").ok());
  EXPECT_EQ(server.Post("/write?db=x", "m v=1").status, 204);
}

// --- InfluxDB 1 ----------------------------------------------------------------------------------

TEST(InfluxV1WriteTest, NamesTheLineAndTheReason) {
  ServerFixture server;
  const auto answer = server.Post("/write?db=db", "bad\nworse line\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body,
            "{\"error\":\"unable to parse 'bad': missing fields (line 1)\\n"
            "unable to parse 'worse line': invalid field format (line 2)\"}\n");
  EXPECT_EQ(HeaderOf(answer, "X-Influxdb-Error"),
            "unable to parse 'bad': missing fields (line 1) "
            "unable to parse 'worse line': invalid field format (line 2)");
}

TEST(InfluxV1WriteTest, StoresTheGoodLinesOfABadBody) {
  ServerFixture server;
  const auto answer = server.Post("/write?db=db", "m v=1 1\nbad\nm v=2 2");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(
      answer.body,
      "{\"error\":\"partial write: unable to parse 'bad': missing fields (line 2) dropped=0\"}\n");
  EXPECT_EQ(HeaderOf(answer, "X-Stria-Rows-Written"), "2");
  EXPECT_EQ(server.Sql("SELECT v FROM m ORDER BY time"), "v\r\n1\r\n2\r\n");
}

TEST(InfluxV1WriteTest, NamesBothTypesOfAConflict) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 1");
  const auto answer = server.Post("/write?db=db", "m f=2 2\nm f=\"x\" 3");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body,
            "{\"error\":\"partial write: field type conflict: input field \\\"f\\\" on measurement "
            "\\\"m\\\" is type string, already exists as type float (line 2) dropped=1\"}\n");
  EXPECT_EQ(server.Sql("SELECT f FROM m ORDER BY time"), "f\r\n1\r\n2\r\n");
}

TEST(InfluxV1WriteTest, TellsConflictsAndBadLinesInTheOrderOfTheBody) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 1");
  EXPECT_THAT(server.Post("/write?db=db", "bad\nm f=\"x\" 3\nworse").body,
              testing::ContainsRegex("line 1.*line 2.*line 3.*dropped=1"));
}

TEST(InfluxV1WriteTest, CountsWhatItDoesNotList) {
  ServerFixture server;
  std::string body;
  for (int i = 0; i < 150; ++i)
    body += "bad\n";
  EXPECT_THAT(server.Post("/write?db=db", body).body, HasSubstr("and 50 more"));
}

TEST(InfluxV1WriteTest, RefusesParametersInInfluxsWords) {
  ServerFixture server;
  EXPECT_EQ(server.Post("/write?db=", "m v=1").body, "{\"error\":\"database is required\"}\n");
  EXPECT_EQ(server.Post("/write?db=db&precision=x", "m v=1").body,
            "{\"error\":\"invalid precision \\\"x\\\" (use n, u, ms, s, m or h)\"}\n");
  EXPECT_EQ(
      server.Post("/write?db=system", "m v=1").body,
      "{\"error\":\"the database \\\"system\\\" is the server's own; write to another one\"}\n");
  EXPECT_EQ(server.Post("/write?db=%ff", "m v=1").status, 400);
  const auto policy = server.Post("/write?db=db&rp=other", "m v=1");
  EXPECT_EQ(policy.status, 404);
  EXPECT_EQ(policy.body, "{\"error\":\"retention policy not found: \\\"other\\\"\"}\n");
  // What npm's influx sends: an empty policy.
  EXPECT_EQ(server.Post("/write?db=db&precision=n&rp=", "m v=1").status, 204);
  EXPECT_EQ(server.Post("/write?db=db&rp=autogen", "m v=1").status, 204);
}

TEST(InfluxV1WriteTest, LongLinesAreShownInPart) {
  ServerFixture server;
  const std::string line(1000, 'x');
  EXPECT_THAT(server.Post("/write?db=db", line).body,
              StartsWith("{\"error\":\"unable to parse '" + line.substr(0, 200) + "...'"));
}

// --- InfluxDB 2 ----------------------------------------------------------------------------------

TEST(InfluxV2WriteTest, BucketsAreDatabases) {
  ServerFixture server;
  EXPECT_EQ(server.Post("/api/v2/write?org=o&bucket=db&precision=ns", "m v=1 1").status, 204);
  EXPECT_EQ(server.Post("/api/v2/write?org=o&bucket=db/autogen", "m v=2 2").status, 204);
  EXPECT_EQ(server.Sql("SELECT count(*) AS count FROM m"), "count\r\n2\r\n");
}

TEST(InfluxV2WriteTest, RefusesInInfluxsWords) {
  ServerFixture server;
  const auto parse = server.Post("/api/v2/write?bucket=db", "bad");
  EXPECT_EQ(parse.status, 400);
  EXPECT_EQ(parse.content_type, "application/json; charset=utf-8");
  EXPECT_EQ(HeaderOf(parse, "X-Platform-Error-Code"), "invalid");
  EXPECT_EQ(
      parse.body,
      "{\"code\":\"invalid\",\"message\":\"unable to parse 'bad': missing fields (line 1)\"}\n");

  server.Post("/api/v2/write?bucket=db", "m f=1 1");
  const auto conflict = server.Post("/api/v2/write?bucket=db", "m f=\"x\" 2\nm f=3 3");
  EXPECT_EQ(conflict.status, 422);
  EXPECT_EQ(conflict.body,
            "{\"code\":\"unprocessable entity\",\"message\":\"failure writing points to database: "
            "partial write: field type conflict: input field \\\"f\\\" on measurement \\\"m\\\" is "
            "type string, already exists as type float (line 1) dropped=1\"}\n");

  EXPECT_EQ(server.Post("/api/v2/write?org=o", "m v=1").body,
            "{\"code\":\"invalid\",\"message\":\"bucket is required\"}\n");
  for (const char* unit : {"x", "m", "h"}) {
    EXPECT_EQ(
        server.Post(std::string("/api/v2/write?bucket=db&precision=") + unit, "m v=1").body,
        "{\"code\":\"invalid\",\"message\":\"invalid precision; valid precision units are ns, "
        "us, ms, and s\"}\n");
  }
}

TEST(InfluxV2WriteTest, TooLargeIsTheirCodeToo) {
  ServerFixture server(SettingTexts{{"ingest.max_batch", "64KiB"}});
  const auto answer = server
                          .Ask("POST", "/api/v2/write?bucket=db", Gzip(std::string(70'000, '#')),
                               {{"Content-Encoding", "gzip"}})
                          .response;
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, StartsWith("{\"code\":\"request too large\""));
}

// --- QuestDB -------------------------------------------------------------------------------------

TEST(QuestDbWriteTest, WritesWithoutADatabaseGoToTheDefaultOne) {
  ServerFixture server;
  EXPECT_EQ(server.Post("/write?precision=n", "trades,symbol=a price=1.5 1").status, 204);
  EXPECT_EQ(server.Sql("SELECT count(*) AS count FROM trades", "default"), "count\r\n1\r\n");
}

TEST(QuestDbWriteTest, RefusesInQuestDbsWords) {
  ServerFixture server;
  const auto answer = server.Post("/write?precision=n", "m v=1 1\nbad");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(
      answer.body,
      "{\"code\":\"invalid\",\"message\":\"failed to parse line protocol:errors encountered on "
      "line(s):\\nerror in line 2: missing fields\",\"line\":2,\"errorId\":\"request-1\"}\n");
}

// --- Limits --------------------------------------------------------------------------------------

TEST(WriteTest, ColumnsHaveALimitThatNamesTheColumn) {
  ServerFixture server(SettingTexts{{"ingest.max_columns", "3"}});
  EXPECT_EQ(server.Post("/write?db=db", "m a=1,b=2,c=3 1").status, 204);
  const auto answer = server.Post("/write?db=db", "m a=1,d=4 2");
  EXPECT_EQ(answer.status, 400);  // The line is refused, not the batch.
  EXPECT_THAT(answer.body, HasSubstr("\\\"d\\\""));
  EXPECT_EQ(server.Post("/write?db=db", "m a=5,c=6 3").status, 204);
}

TEST(WriteTest, ReportsRowsAndRejectedLines) {
  ServerFixture server;
  server.Post("/write?db=db", "m f=1 1\nbad\nm f=\"x\" 2");
  server.Post("/api/v2/write?bucket=db", "m f=1 3");
  const std::string metrics = server.Get("/metrics").body;
  EXPECT_THAT(metrics,
              HasSubstr("stria_rows_written_total{protocol=\"influx_v1\",database=\"db\"} 1\n"));
  EXPECT_THAT(metrics,
              HasSubstr("stria_rows_written_total{protocol=\"influx_v2\",database=\"db\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("stria_lines_rejected_total{reason=\"parse\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("stria_lines_rejected_total{reason=\"type_conflict\"} 1\n"));
}

}  // namespace
}  // namespace stria::server
