// The lines that were refused: what is kept, over restarts, full disks and damage.

#include "server/rejects/reject_log.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fault_file_system.h"

namespace stria::server {
namespace {

using storage::FaultFileSystem;
using testing::ElementsAre;
using testing::IsEmpty;

RejectedLine Line(std::string text, std::string table = "m") {
  return {.id = 0,
          .time_ns = 17,
          .precision = ingest::Precision::kSeconds,
          .database = "db",
          .table = std::move(table),
          .line = std::move(text),
          .code = "type_conflict",
          .reason = "because",
          .source = "influx_v1"};
}

std::vector<std::string> Texts(const RejectLog& log, std::string_view table = {}) {
  std::vector<std::string> texts;
  for (const auto& line : log.List({}, table))
    texts.push_back(line.line);
  return texts;
}

TEST(RejectLogTest, LinesComeBackAfterARestartWithAllThatIsKnownOfThem) {
  FaultFileSystem files;
  {
    RejectLog log(files, "rejects", {});
    ASSERT_TRUE(log.Open().ok());
    EXPECT_TRUE(log.Add({Line("a"), Line("b", "other")}));
    ASSERT_TRUE(log.Persist().ok());
    EXPECT_TRUE(log.Add({Line("c")}));
    ASSERT_TRUE(log.Persist().ok());
    log.Add({Line("not written yet")});
  }
  RejectLog log(files, "rejects", {});
  ASSERT_TRUE(log.Open().ok());
  EXPECT_THAT(Texts(log), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Texts(log, "other"), ElementsAre("b"));
  EXPECT_THAT(log.List("nowhere", {}), IsEmpty());
  const RejectedLine line = log.List({}, {}).front();
  EXPECT_EQ(line.time_ns, 17);
  EXPECT_EQ(line.precision, ingest::Precision::kSeconds);
  EXPECT_EQ(line.database, "db");
  EXPECT_EQ(line.code, "type_conflict");
  EXPECT_EQ(line.reason, "because");
  EXPECT_EQ(line.source, "influx_v1");
  // Ids go on, so that nobody removes another's line.
  log.Add({Line("d")});
  EXPECT_GT(log.List({}, {}).back().id, log.List({}, {})[2].id);
}

TEST(RejectLogTest, TheOldestGoWhereThereAreTooMany) {
  FaultFileSystem files;
  {
    RejectLog log(files, "rejects", {.max_lines = 3});
    ASSERT_TRUE(log.Open().ok());
    for (int i = 0; i < 7; ++i) {
      log.Add({Line(std::to_string(i))});
      ASSERT_TRUE(log.Persist().ok());
    }
    EXPECT_THAT(Texts(log), ElementsAre("4", "5", "6"));
  }
  RejectLog log(files, "rejects", {.max_lines = 3});
  ASSERT_TRUE(log.Open().ok());
  EXPECT_THAT(Texts(log), ElementsAre("4", "5", "6"));
  RejectLog fewer(files, "rejects", {.max_lines = 1});
  ASSERT_TRUE(fewer.Open().ok());
  EXPECT_THAT(Texts(fewer), ElementsAre("6"));
}

TEST(RejectLogTest, BytesAreBoundedAlsoInMemoryAndOnTheDisk) {
  constexpr uint64_t kMaxBytes = 64 << 10;
  FaultFileSystem files;
  RejectLog log(files, "rejects", {.max_bytes = kMaxBytes});
  ASSERT_TRUE(log.Open().ok());
  log.Add({Line("small")});
  EXPECT_TRUE(log.Add({Line(std::string(kMaxBytes / 2, 'x'))}));
  EXPECT_EQ(log.num_lines(), 2U);
  // More than everything may have: it is not kept, and nothing else is lost to its successors.
  log.Add({Line(std::string(2 * kMaxBytes, 'x'))});
  EXPECT_EQ(log.num_lines(), 0U);
  for (int i = 0; i < 2000; ++i) {
    log.Add({Line(std::string(1000, 'y'))});
    ASSERT_TRUE(log.Persist().ok());
  }
  EXPECT_LT(log.num_lines(), kMaxBytes / 1000);
  EXPECT_GT(log.num_lines(), 40U);
  uint64_t bytes = 0;
  for (const auto& [name, content] : files.AllFiles())
    bytes += content.size();
  EXPECT_LT(bytes, 8 * kMaxBytes);  // Two snapshots and the edits behind them.
}

TEST(RejectLogTest, WhatIsRemovedStaysRemoved) {
  FaultFileSystem files;
  {
    RejectLog log(files, "rejects", {});
    ASSERT_TRUE(log.Open().ok());
    log.Add({Line("a"), Line("b"), Line("c")});
    ASSERT_TRUE(log.Persist().ok());
    log.Remove({log.List({}, {})[1].id, 999});
    ASSERT_TRUE(log.Persist().ok());
  }
  RejectLog log(files, "rejects", {});
  ASSERT_TRUE(log.Open().ok());
  EXPECT_THAT(Texts(log), ElementsAre("a", "c"));
}

TEST(RejectLogTest, AFullDiskIsTriedAgain) {
  FaultFileSystem files;
  {
    RejectLog log(files, "rejects", {});
    ASSERT_TRUE(log.Open().ok());
    files.SetCapacity(0);
    log.Add({Line("a")});
    EXPECT_EQ(log.Persist().code(), StatusCode::kDiskFull);
    log.Add({Line("b")});
    files.SetCapacity(1 << 20);
    EXPECT_TRUE(log.Persist().ok());
  }
  RejectLog log(files, "rejects", {});
  ASSERT_TRUE(log.Open().ok());
  EXPECT_THAT(Texts(log), ElementsAre("a", "b"));
}

TEST(RejectLogTest, AfterAnErrorOfTheDiskLinesAreKeptInMemory) {
  FaultFileSystem files;
  RejectLog log(files, "rejects", {});
  ASSERT_TRUE(log.Open().ok());
  log.Add({Line("a")});
  files.FailAt(1);
  EXPECT_FALSE(log.Persist().ok());
  files.FailNever();
  log.Add({Line("b")});
  EXPECT_TRUE(log.Persist().ok());
  EXPECT_THAT(Texts(log), ElementsAre("a", "b"));
}

TEST(RejectLogTest, ADamagedLogIsLeftAloneAndLinesAreKeptInMemory) {
  FaultFileSystem files;
  {
    RejectLog log(files, "rejects", {});
    ASSERT_TRUE(log.Open().ok());
    log.Add({Line("a")});
    ASSERT_TRUE(log.Persist().ok());
  }
  auto& bytes = files.BytesOf("rejects/00000000000000000001");
  bytes.back() ^= std::byte{1};
  const auto damaged = files.AllFiles();
  RejectLog log(files, "rejects", {});
  EXPECT_EQ(log.Open().code(), StatusCode::kCorruption);
  log.Add({Line("b")});
  EXPECT_TRUE(log.Persist().ok());
  EXPECT_THAT(Texts(log), ElementsAre("b"));
  EXPECT_EQ(files.AllFiles(), damaged);
}

TEST(RejectLogTest, AfterAPowerCutThereIsWhatWasWrittenAndNothingElse) {
  // Each call of the disk dies once.
  for (uint64_t call = 1;; ++call) {
    FaultFileSystem files;
    RejectLog log(files, "rejects", {});
    ASSERT_TRUE(log.Open().ok());
    log.Add({Line("a")});
    ASSERT_TRUE(log.Persist().ok());
    files.FailAt(files.num_calls() + call, StatusCode::kIoError, /*dies=*/true);
    log.Add({Line("b")});
    const bool is_written = log.Persist().ok();
    const bool has_failed = files.failed();
    files.Restart();
    RejectLog again(files, "rejects", {});
    ASSERT_TRUE(again.Open().ok()) << call;
    const auto texts = Texts(again);
    ASSERT_FALSE(texts.empty());
    EXPECT_EQ(texts[0], "a");
    EXPECT_TRUE(!is_written || texts.size() == 2) << call;
    if (!has_failed) break;
  }
}

TEST(LineAtTest, ALineEndsWhereLineProtocolSaysSo) {
  const std::string body =
      "m v=1 1\r\nm,host=a\"b s=\"two\nlines \\\" and more\",w=1 2\nm\\\n,x=y v=3";
  EXPECT_EQ(LineAt(body, 0), "m v=1 1");
  EXPECT_EQ(LineAt(body, 9), "m,host=a\"b s=\"two\nlines \\\" and more\",w=1 2");
  const size_t last = body.rfind("m\\");
  EXPECT_EQ(LineAt(body, last), "m\\\n,x=y v=3");
  EXPECT_EQ(LineAt(body, body.size()), "");
  EXPECT_EQ(LineAt("m v=1\\", 0), "m v=1\\");
}

}  // namespace
}  // namespace stria::server
