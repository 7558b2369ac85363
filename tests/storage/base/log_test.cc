#include "storage/base/log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kTime = 1'767'225'600'123'456'789;

TEST(LogTest, ALineOfTextHasTimeLevelMessageAndFields) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kTime, LogLevel::kWarning, "flush failed",
                          {{"shard", "3"}, {"reason", "disk full"}}),
            "2026-01-01T00:00:00.123Z warning flush failed shard=3 reason=\"disk full\"");
}

TEST(LogTest, ALineOfJsonHasTheSame) {
  EXPECT_EQ(
      FormatLogLine(LogFormat::kJson, kTime, LogLevel::kError, "say \"no\"", {{"a", "b\\c"}}),
      R"({"time":"2026-01-01T00:00:00.123Z","level":"error","message":"say \"no\"","a":"b\\c"})");
}

TEST(LogTest, NoInputForgesASecondLine) {
  for (const auto format : {LogFormat::kText, LogFormat::kJson}) {
    const auto line = FormatLogLine(format, kTime, LogLevel::kInfo, "a\nb",
                                    {{"name", "x\n2026-01-01 error forged=1\r\x1b[31m"}});
    for (const char c : line)
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
}

TEST(LogTest, ASinkTakesTheLines) {
  std::vector<std::string> lines;
  SetLogSink([&](std::string_view line) { lines.emplace_back(line); });
  Log(LogLevel::kInfo, "hello", {{"to", "you"}});
  SetLogSink(nullptr);
  EXPECT_THAT(lines, ElementsAre(HasSubstr("info hello to=you")));
}

}  // namespace
}  // namespace stria
