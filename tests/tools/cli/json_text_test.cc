#include "tools/cli/json_text.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tools/cli/http_client.h"

namespace stria::cli {
namespace {

TEST(JsonTextTest, QuotesWhatJsonNeedsQuoted) {
  EXPECT_EQ(JsonQuote("say \"hi\"\n"), "\"say \\\"hi\\\"\\n\"");
}

TEST(JsonTextTest, FindsMembersAtAnyDepth) {
  constexpr const char* kText = R"({"a":[1,{"b":"x","n":7}],"c":{"b":"y"}})";
  EXPECT_EQ(FindJsonString(kText, "b"), "x");
  EXPECT_EQ(FindJsonInteger(kText, "n"), 7);
  EXPECT_EQ(FindJsonString(kText, "n"), std::nullopt) << "it is no string";
  EXPECT_EQ(FindJsonString("no JSON", "b"), std::nullopt);
}

TEST(JsonTextTest, ReadsTheFirstCell) {
  EXPECT_EQ(FirstJsonInteger(R"({"columns":[],"rows":[[42,1],[2]]})"), 42);
  EXPECT_EQ(FirstJsonInteger(R"({"rows":[]})"), std::nullopt);
  EXPECT_EQ(FirstJsonInteger(R"({"rows":[["x"]]})"), std::nullopt);
  EXPECT_EQ(FirstJsonInteger(R"({"error":{}})"), std::nullopt);
}

std::string Message(std::string body, int status = 400) {
  return ErrorMessage({.status = status, .body = std::move(body), .rows_written = -1});
}

TEST(ErrorMessageTest, ReadsEachDialect) {
  EXPECT_EQ(
      Message(R"({"error":{"code":"c","message":"no column","line":1,"column":8,"hint":"Try x"}})"),
      "no column, line 1 column 8. Try x");
  EXPECT_EQ(Message(R"({"error":{"code":"c","message":"m","line":null,"column":null,"hint":""}})"),
            "m");
  EXPECT_EQ(Message(R"({"error":"v1"})"), "v1");
  EXPECT_EQ(Message(R"({"code":"invalid","message":"v2"})"), "v2");
  EXPECT_EQ(Message("plain text"), "plain text");
  EXPECT_EQ(Message("", 502), "HTTP status 502");
}

}  // namespace
}  // namespace stria::cli
