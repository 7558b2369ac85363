#include "server/http/api_error.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/error_codes.h"
#include "storage/base/errors.h"
#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

HttpRequest RequestTo(std::string path, QueryParameters query = {},
                      std::vector<HttpHeader> headers = {}) {
  HttpRequest request;
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = std::move(headers);
  request.request_id = "r-1";
  return request;
}

ApiError Error(std::string code, std::string message) {
  ApiError error;
  error.code = std::move(code);
  error.message = std::move(message);
  return error;
}

TEST(ApiErrorTest, TheDialectFollowsFromTheRoute) {
  EXPECT_EQ(DialectOf(RequestTo("/write", {{"db", "x"}})), Dialect::kInfluxV1);
  EXPECT_EQ(DialectOf(RequestTo("/write", {{"db", ""}})), Dialect::kInfluxV1);
  EXPECT_EQ(DialectOf(RequestTo("/write", {{"bucket", "x"}})), Dialect::kInfluxV1);
  EXPECT_EQ(DialectOf(RequestTo("/write", {{"precision", "n"}})), Dialect::kQuestDb);
  EXPECT_EQ(DialectOf(RequestTo("/api/v2/write")), Dialect::kInfluxV2);
  EXPECT_EQ(DialectOf(RequestTo("/query")), Dialect::kInfluxV1);
  EXPECT_EQ(DialectOf(RequestTo("/api/v1/sql")), Dialect::kHouse);
}

TEST(ApiErrorTest, TheHouseFormHasEveryMember) {
  ApiError error = Error("parse", "say \"x\"");
  error.line = 2;
  error.column = 7;
  error.hint = "try y";
  const auto response = ErrorResponse(RequestTo("/api/v1/sql"), error);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "{\"error\":{\"code\":\"parse\",\"message\":\"say \\\"x\\\"\",\"line\":2,\"column\":7,"
            "\"hint\":\"try y\",\"request_id\":\"r-1\"}}\n");
}

TEST(ApiErrorTest, EveryCodeHasItsStatus) {
  for (const auto& code : AllErrorCodes()) {
    const auto response =
        ErrorResponse(RequestTo("/api/v1/sql"), Error(std::string(code.code), "m"));
    EXPECT_EQ(response.status, code.http_status) << code.code;
  }
}

TEST(ApiErrorTest, EveryFailureHasAPinnedCode) {
  for (const Status& status :
       {InvalidArgument("x"), NotFound("x"), AlreadyExists("x"), Corruption("x"), IoError("x"),
        Unavailable("x"), ResourceExhausted("x"), Cancelled("x"), DeadlineExceeded("x"),
        PermissionDenied("x"), Unimplemented("x"), DiskFull("x"), OutOfRange("x")}) {
    const ApiError error = ErrorOf(status);
    EXPECT_EQ(FindErrorCode(error.code).code, error.code) << status.ToString();
    EXPECT_EQ(error.message, "x");
  }
}

TEST(ApiErrorTest, OverloadSaysWhenToComeBackInTheUnitOfTheClient) {
  const auto error = Error("overloaded", "busy");
  EXPECT_EQ(HeaderOf(ErrorResponse(RequestTo("/write", {{"db", "x"}}), error), "Retry-After"), "1");
  const auto js = RequestTo("/api/v2/write", {}, {{"User-Agent", "influxdb-client-js/1.35.0"}});
  EXPECT_EQ(HeaderOf(ErrorResponse(js, error), "Retry-After"), "1000");
}

TEST(ApiErrorTest, HeadersHoldOneShortLine) {
  const auto response = ErrorResponse(RequestTo("/write", {{"db", "x"}}),
                                      Error("parse", "a\r\nb" + std::string(5000, 'x')));
  const std::string header = HeaderOf(response, "X-Influxdb-Error");
  EXPECT_EQ(header.size(), 1024U);
  EXPECT_EQ(header.substr(0, 5), "a  bx");
}

}  // namespace
}  // namespace stria::server
