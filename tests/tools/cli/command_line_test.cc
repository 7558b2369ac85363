#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string output, errors;
};

Outcome Stria(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "stria");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.code = RunCommandLine(static_cast<int>(arguments.size()), arguments.data());
  outcome.output = testing::internal::GetCapturedStdout();
  outcome.errors = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(CommandLineTest, UnknownVerbsAndFlagsGetASuggestion) {
  const Outcome verb = Stria({"wirte"});
  EXPECT_EQ(verb.code, kExitUsage);
  EXPECT_EQ(verb.errors, "stria: unknown verb or argument \"wirte\". Did you mean \"write\"?\n");
  const Outcome flag = Stria({"sql", "--databse", "x"});
  EXPECT_EQ(flag.code, kExitUsage);
  EXPECT_EQ(flag.errors, "stria: unknown flag \"--databse\". Did you mean \"--database\"?\n");
  EXPECT_EQ(Stria({"frobnicate"}).errors,
            "stria: unknown verb or argument \"frobnicate\". See stria --help.\n");
  EXPECT_EQ(Stria({"help", "slq"}).errors, "stria: unknown verb \"slq\". Did you mean \"sql\"?\n");
}

TEST(CommandLineTest, NoVerbIsAMistake) {
  const Outcome outcome = Stria({});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.errors, "stria: no verb given. See stria --help.\n");
}

TEST(CommandLineTest, HelpAndVersionAreNoMistakes) {
  for (const auto& arguments :
       {std::vector<const char*>{"--help"}, {"help"}, {"sql", "--help"}, {"help", "sql"}}) {
    const Outcome outcome = Stria(arguments);
    EXPECT_EQ(outcome.code, kExitDone);
    EXPECT_THAT(outcome.output, HasSubstr("Usage:"));
  }
  EXPECT_EQ(Stria({"version"}).output, "stria 0.1.0\n");
  EXPECT_EQ(Stria({"--version"}).output, "stria 0.1.0\n");
}

TEST(CommandLineTest, WritingNeedsADatabase) {
  const Outcome outcome = Stria({"write", "/dev/null"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_THAT(outcome.errors, HasSubstr("say -d NAME or set STRIA_DATABASE"));
}

TEST(CommandLineTest, UnknownFormatsListTheKnownOnes) {
  const Outcome outcome = Stria({"sql", "--format", "xml", "SELECT 1"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_THAT(outcome.errors, HasSubstr("use table, csv, tsv, json or jsonl"));
}

TEST(CommandLineTest, AServerThatIsNotThereIsCodeThree) {
  // Port 1 is nobody's.
  for (const auto& arguments :
       {std::vector<const char*>{"sql", "-H", "http://127.0.0.1:1", "SELECT 1"},
        {"compact", "-H", "http://127.0.0.1:1"}}) {
    const Outcome outcome = Stria(arguments);
    EXPECT_EQ(outcome.code, kExitNoConnection);
    EXPECT_THAT(outcome.errors, StartsWith("stria: cannot reach http://127.0.0.1:1: "));
  }
}

TEST(CommandLineTest, ServeRefusesSettingsThatCannotBe) {
  EXPECT_THAT(Stria({"serve", "--set", "storage.memry=1GiB"}).errors,
              HasSubstr("setting storage.memry is not known. Did you mean storage.memory?"));
  const Outcome value = Stria({"serve", "--memory", "x"});
  EXPECT_EQ(value.code, kExitUsage);
  EXPECT_THAT(value.errors, HasSubstr("server.memory: \"x\" is not a size"));
  EXPECT_THAT(Stria({"serve", "--set", "nonsense"}).errors, HasSubstr("want section.name=value"));
  const Outcome open = Stria({"serve", "--http", "0.0.0.0:0"});
  EXPECT_EQ(open.code, kExitUsage);
  EXPECT_THAT(open.errors, HasSubstr("--insecure"));
  EXPECT_THAT(Stria({"serve", "--log", "xml"}).errors, HasSubstr("\"xml\" is not text or json"));
}

}  // namespace
}  // namespace stria::cli
