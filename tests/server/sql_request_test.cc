#include "server/api/sql_request.h"

#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::server {
namespace {

constexpr size_t kMaxBytes = 1000;

HttpRequest Request(QueryParameters query, std::vector<HttpHeader> headers = {}) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/sql";
  request.query = std::move(query);
  request.headers = std::move(headers);
  return request;
}

HttpRequest JsonRequest(std::string_view body) {  // `body` is a literal.
  HttpRequest request = Request({}, {{"Content-Type", "application/json"}});
  request.body = body;
  return request;
}

SqlRequest Read(const HttpRequest& request, const query::QueryLimits& limits = {}) {
  auto read = ReadSqlRequest(request, limits, kMaxBytes);
  if (const auto* const error = std::get_if<ApiError>(&read)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<SqlRequest>(read);
}

ApiError Refuse(const HttpRequest& request) {
  auto read = ReadSqlRequest(request, {}, kMaxBytes);
  const auto* const error = std::get_if<ApiError>(&read);
  EXPECT_NE(error, nullptr);
  return error == nullptr ? ApiError() : *error;
}

TEST(SqlRequestTest, FormatFollowsTheParameterThenTheAcceptHeader) {
  EXPECT_EQ(Read(Request({{"q", "SELECT 1"}})).format, query::OutputFormat::kJson);
  EXPECT_EQ(Read(Request({{"q", "SELECT 1"}}, {{"Accept", "text/csv"}})).format,
            query::OutputFormat::kCsv);
  EXPECT_EQ(Read(Request({{"q", "SELECT 1"}}, {{"Accept", "*/*"}})).format,
            query::OutputFormat::kJson);
  EXPECT_EQ(Read(Request({{"q", "SELECT 1"}, {"format", "tsv"}}, {{"Accept", "text/csv"}})).format,
            query::OutputFormat::kTsv);
}

TEST(SqlRequestTest, ParametersOfTheUrlWinOverTheBody) {
  HttpRequest request = JsonRequest(R"({"q":"SELECT 1","db":"a","epoch":"ms"})");
  request.query = {{"db", "b"}};
  const SqlRequest read = Read(request);
  EXPECT_EQ(read.sql, "SELECT 1");
  EXPECT_EQ(read.database, "b");
  EXPECT_EQ(read.times, query::TimeForm::kMilliseconds);
}

TEST(SqlRequestTest, LimitsAreLoweredAndNeverRaised) {
  const query::QueryLimits most{
      .timeout_ns = 1'000'000'000, .memory_bytes = 1 << 20, .max_rows = 0};
  const SqlRequest lower = Read(
      Request({{"q", "SELECT 1"}},
              {{"X-Stria-Timeout", "5ms"}, {"x-stria-memory", "64KiB"}, {"X-Stria-Max-Rows", "7"}}),
      most);
  EXPECT_EQ(lower.limits.timeout_ns, 5'000'000);
  EXPECT_EQ(lower.limits.memory_bytes, 64U << 10);
  EXPECT_EQ(lower.limits.max_rows, 7U);
  const SqlRequest higher = Read(
      Request({{"q", "SELECT 1"}}, {{"X-Stria-Timeout", "1h"}, {"X-Stria-Memory", "1GiB"}}), most);
  EXPECT_EQ(higher.limits.timeout_ns, most.timeout_ns);
  EXPECT_EQ(higher.limits.memory_bytes, most.memory_bytes);
}

TEST(SqlRequestTest, SaysWhatIsWrong) {
  EXPECT_EQ(Refuse(Request({})).message, "no statement given");
  EXPECT_EQ(Refuse(Request({{"q", " ; "}})).message, "no statement given");
  EXPECT_EQ(Refuse(Request({{"q", "SELECT 1"}, {"format", "xml"}})).hint,
            "Use json, jsonl, csv, tsv or pretty");
  EXPECT_EQ(Refuse(Request({{"q", "SELECT 1"}, {"epoch", "h"}})).message, "unknown epoch \"h\"");
  EXPECT_THAT(Refuse(Request({{"q", "SELECT 1"}}, {{"X-Stria-Timeout", "5"}})).message,
              testing::StartsWith("X-Stria-Timeout: "));
  EXPECT_EQ(Refuse(Request({{"q", "SELECT 1"}}, {{"X-Stria-Max-Rows", "0"}})).message,
            "X-Stria-Max-Rows: must be more than 0");
  EXPECT_THAT(Refuse(JsonRequest("{")).message, testing::StartsWith("the body is not JSON: "));
  EXPECT_THAT(Refuse(JsonRequest("[1]")).message, testing::HasSubstr("no object"));
  EXPECT_EQ(Refuse(JsonRequest(R"({"sql":"SELECT 1"})")).message,
            "unknown member \"sql\" in the body");
  EXPECT_EQ(Refuse(JsonRequest(R"({"q":"SELECT 1","fromat":"csv"})")).hint,
            "Did you mean \"format\"?");
  EXPECT_EQ(Refuse(JsonRequest(R"({"q":1})")).message, "\"q\" must be a string");
  EXPECT_EQ(Refuse(JsonRequest(R"({"q":"SELECT $a","params":{"a":1}})")).code, "invalid_argument");
}

TEST(SqlRequestTest, StatementsHaveALimit) {
  const ApiError error = Refuse(Request({{"q", std::string(kMaxBytes + 1, 'x')}}));
  EXPECT_EQ(error.code, "too_large");
  EXPECT_EQ(error.message, "the statement has 1001 bytes; 1000 is the most");
}

TEST(SqlRequestTest, DeepJsonIsRefused) {
  const std::string deep = R"({"params":)" + std::string(400, '[') + std::string(400, ']') + '}';
  HttpRequest request = Request({}, {{"Content-Type", "application/json"}});
  request.body = deep;
  EXPECT_THAT(Refuse(request).message, testing::StartsWith("the body is not JSON"));
}

}  // namespace
}  // namespace stria::server
