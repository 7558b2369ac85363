// The verbs that are clients, against a server in this process.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ClientVerbsTest : public testing::Test {
 protected:
  ClientVerbsTest() {
    directory_ = (std::filesystem::temp_directory_path() / "stria-verbs-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    Settings settings;
    EXPECT_TRUE(settings.Set("server.http", "127.0.0.1:0").ok());
    EXPECT_TRUE(settings.Set("server.data", directory_ + "/data").ok());
    EXPECT_TRUE(settings.Set("storage.wal_segment", "1MiB").ok());
    auto server = server::Server::Start(settings);
    EXPECT_TRUE(server.has_value()) << server.error().ToString();
    server_ = *std::move(server);
    url_ = "http://" + server_->http_address();
  }
  ~ClientVerbsTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  struct Outcome {
    int code = 0;
    std::string output, errors;
  };
  Outcome Stria(std::vector<std::string> arguments) const {
    std::vector<const char*> pointers = {"stria"};
    for (const auto& argument : arguments)
      pointers.push_back(argument.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = RunCommandLine(static_cast<int>(pointers.size()), pointers.data());
    outcome.output = testing::internal::GetCapturedStdout();
    outcome.errors = testing::internal::GetCapturedStderr();
    return outcome;
  }
  Outcome Write(const std::string& lines) const {
    return Stria({"write", "-H", url_, "-d", "db", Put("lines.lp", lines)});
  }
  Outcome Sql(const std::string& statement, const std::string& format = "csv") const {
    return Stria({"sql", "-H", url_, "-d", "db", "--format", format, statement});
  }
  std::string Put(const std::string& name, const std::string& text) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::string directory_;
  std::unique_ptr<server::Server> server_;
  std::string url_;
};

TEST_F(ClientVerbsTest, WritesAndReads) {
  const Outcome written = Write("m v=1i 1\nm v=2i 2\n");
  EXPECT_EQ(written.code, kExitDone);
  EXPECT_THAT(written.output, StartsWith("2 rows acknowledged in "));
  EXPECT_EQ(Sql("SELECT v FROM m ORDER BY v").output, "v\r\n1\r\n2\r\n");
  EXPECT_EQ(Sql("SELECT v FROM m ORDER BY v", "jsonl").output, "{\"v\":1}\n{\"v\":2}\n");
  EXPECT_THAT(Sql("SELECT v FROM m ORDER BY v", "table").output,
              StartsWith(" v\n---\n 1\n 2\n(2 rows, "));
}

TEST_F(ClientVerbsTest, SendsALargeFileInSeveralRequests) {
  std::string lines;
  for (int i = 0; i < 2000; ++i)
    lines += fmt::format("m v={}i {}\n", i, i + 1);
  EXPECT_EQ(
      Stria({"write", "-H", url_, "-d", "db", "--batch-bytes", "1000", "-q", Put("a.lp", lines)})
          .code,
      kExitDone);
  EXPECT_EQ(Sql("SELECT count(*) AS n, sum(v) AS s FROM m").output, "n,s\r\n2000,1999000\r\n");
}

TEST_F(ClientVerbsTest, FlagsStandBeforeOrAfterEverything) {
  Write("m v=1i 1\n");
  const std::string expected = "v\r\n1\r\n";
  EXPECT_EQ(Stria({"sql", "SELECT v FROM m", "-H", url_, "-d", "db", "--format", "csv"}).output,
            expected);
  EXPECT_EQ(Stria({"-H", url_, "-d", "db", "sql", "--format", "csv", "SELECT v FROM m"}).output,
            expected);
  EXPECT_EQ(
      Stria({"sql", "--host=" + url_, "--database=db", "--format=csv", "-c", "SELECT v FROM m"})
          .output,
      expected);
}

TEST_F(ClientVerbsTest, StatementsComeFromFlagsAndFiles) {
  Write("m v=1i 1\n");
  EXPECT_EQ(Stria({"sql", "-H", url_, "-d", "db", "--format", "csv", "-c", "SELECT 1 AS a", "-c",
                   "SELECT 2 AS b; SELECT 3 AS c"})
                .output,
            "a\r\n1\r\nb\r\n2\r\nc\r\n3\r\n");
  const std::string file = Put("s.sql", "-- two; statements\nSELECT 1 AS a;\nSELECT ';' AS b;\n");
  EXPECT_EQ(Stria({"sql", "-H", url_, "--format", "csv", "-f", file}).output,
            "a\r\n1\r\nb\r\n;\r\n");
}

TEST_F(ClientVerbsTest, AnswersGoToAFile) {
  const std::string path = directory_ + "/answer.csv";
  EXPECT_EQ(Stria({"sql", "-H", url_, "-o", path, "SELECT 1 AS a"}).output, "");
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "a\r\n1\r\n");
}

TEST_F(ClientVerbsTest, ARefusedStatementSaysWhereAndStopsTheRest) {
  Write("m temperature=1 1\n");
  const Outcome outcome =
      Stria({"sql", "-H", url_, "-d", "db", "-c", "SELECT temprature FROM m", "-c", "SELECT 1"});
  EXPECT_EQ(outcome.code, kExitRefused);
  EXPECT_EQ(outcome.output, "");
  EXPECT_EQ(outcome.errors,
            "stria: column \"temprature\" not found in db.m, line 1 column 8. Did you mean "
            "\"temperature\"?\n");
}

TEST_F(ClientVerbsTest, AnErrorAfterRowsIsARefusalInEveryFormat) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i)
    lines += fmt::format("m v={}i,text=\"some text to send\" {}\n", i, i + 1);
  Write(lines);
  for (const char* format : {"json", "jsonl", "csv", "tsv", "table"}) {
    const Outcome outcome =
        Sql("SELECT time, text, 1 / (v - 19999) AS q FROM m ORDER BY v", format);
    EXPECT_EQ(outcome.code, kExitRefused) << format;
    EXPECT_THAT(outcome.output, HasSubstr("some text")) << format;
    EXPECT_FALSE(outcome.errors.empty()) << format;
  }
}

TEST_F(ClientVerbsTest, BadLinesLeaveTheGoodOnesAndCodeFour) {
  const Outcome partly = Write("m v=1i 1\nbad\nm v=2i 2\n");
  EXPECT_EQ(partly.code, kExitPartly);
  EXPECT_THAT(partly.output, StartsWith("2 rows acknowledged in "));
  EXPECT_THAT(partly.errors, HasSubstr("unable to parse 'bad': missing fields (line 2)"));
  const Outcome nothing = Write("bad\n");
  EXPECT_EQ(nothing.code, kExitRefused);
  EXPECT_THAT(nothing.output, StartsWith("0 rows acknowledged in "));
}

TEST_F(ClientVerbsTest, AFileThatIsNotThereIsNamed) {
  const Outcome outcome = Stria({"write", "-H", url_, "-d", "db", directory_ + "/nothing.lp"});
  EXPECT_EQ(outcome.code, kExitRefused);
  EXPECT_THAT(outcome.errors, HasSubstr("nothing.lp: no such file"));
  const Outcome partly = Stria(
      {"write", "-H", url_, "-d", "db", Put("a.lp", "m v=1i 1\n"), directory_ + "/nothing.lp"});
  EXPECT_EQ(partly.code, kExitPartly);
}

TEST_F(ClientVerbsTest, AFileThatIsCutShortAtItsBeginIsRefusedAndNotPartlyWritten) {
  const Outcome outcome = Stria({"write", "-H", url_, "-d", "db", Put("cut.gz", "\x1f\x8b\x08")});
  EXPECT_EQ(outcome.code, kExitRefused);
  EXPECT_THAT(outcome.errors, HasSubstr("it seems truncated"));
}

TEST_F(ClientVerbsTest, RejectsAreListedAndWrittenAgainWhenTheReasonIsGone) {
  EXPECT_EQ(Write("m,host=a v=1i 1\nm,host=a v=\"x\" 2\nm,host=b v=\"y\" 3\n").code, kExitPartly);
  Write("n v=1i 1\nn v=t 2\n");
  const auto rejects = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "rejects");
    arguments.insert(arguments.end(), {"-H", url_, "--format", "csv"});
    return Stria(arguments);
  };
  const Outcome listed = rejects({"list", "db.m"});
  EXPECT_EQ(listed.code, kExitDone);
  EXPECT_THAT(listed.output, HasSubstr("m,host=a v=\"\"x\"\" 2"));
  EXPECT_THAT(listed.output, HasSubstr("type_conflict"));
  EXPECT_THAT(listed.output, testing::Not(HasSubstr("n v=t")));
  EXPECT_THAT(rejects({"list"}).output, HasSubstr("n v=t 2"));

  const Outcome in_vain = rejects({"replay", "m", "-d", "db"});
  EXPECT_EQ(in_vain.code, kExitRefused);
  EXPECT_EQ(in_vain.output, "0 lines written\n");
  EXPECT_THAT(in_vain.errors, HasSubstr("2 lines were refused again"));
  EXPECT_EQ(Sql("ALTER TABLE m DROP COLUMN v").code, kExitDone);
  EXPECT_EQ(rejects({"replay", "db.m", "--dry-run"}).output, "2 lines would be written again\n");
  const Outcome partly = rejects({"replay"});
  EXPECT_EQ(partly.code, kExitPartly);
  EXPECT_EQ(partly.output, "2 lines written\n");
  EXPECT_THAT(partly.errors, HasSubstr("1 line was refused again"));
  EXPECT_EQ(Sql("SELECT host, v FROM m WHERE v IS NOT NULL ORDER BY time").output,
            "host,v\r\na,x\r\nb,y\r\n");

  EXPECT_EQ(rejects({"drop"}).code, kExitUsage);
  EXPECT_EQ(rejects({"drop", "other"}).code, kExitUsage);
  EXPECT_EQ(rejects({"drop", "db.other"}).output, "0 lines dropped\n");
  EXPECT_EQ(rejects({"drop", "--yes"}).output, "1 line dropped\n");
  EXPECT_EQ(rejects({"forget"}).code, kExitUsage);
  EXPECT_EQ(Sql("SELECT count(*) AS n FROM system.rejects").output, "n\r\n0\r\n");
}

TEST_F(ClientVerbsTest, CompactMergesParts) {
  Write("m v=1i 1\n");
  EXPECT_EQ(Stria({"compact", "-H", url_}).code, kExitDone);
  EXPECT_EQ(Sql("SELECT rows FROM system.parts").output, "rows\r\n1\r\n");
}

}  // namespace
}  // namespace stria::cli
