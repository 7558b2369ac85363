#include "server/http/http_router.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/errors.h"
#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

using testing::HasSubstr;

TEST(HttpRouterTest, UnknownRoutesGetASuggestion) {
  ServerFixture server;
  const auto near = server.Get("/heatlh");
  EXPECT_EQ(near.status, 404);
  EXPECT_EQ(near.body,
            "{\"error\":{\"code\":\"invalid_argument\",\"message\":\"there is no route /heatlh\","
            "\"line\":null,\"column\":null,\"hint\":\"Did you mean /health?\",\"request_id\":"
            "\"request-1\"}}\n");
  EXPECT_THAT(server.Get("/nothing/like/it").body, HasSubstr("GET / lists the routes"));
}

TEST(HttpRouterTest, UnknownRoutesOfADialectAreRefusedInIt) {
  ServerFixture server;
  const auto answer = server.Get("/api/v2/buckets");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, testing::StartsWith("{\"code\":\"not found\",\"message\":"));
}

TEST(HttpRouterTest, WrongMethodsAreToldTheRightOnes) {
  ServerFixture server;
  const auto answer = server.Get("/api/v1/flush");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(HeaderOf(answer, "Allow"), "POST, OPTIONS");
  EXPECT_THAT(answer.body, HasSubstr("/api/v1/flush takes POST, not GET"));
}

TEST(HttpRouterTest, OptionsAreAnsweredForEveryRoute) {
  ServerFixture server;
  const auto answer = server.Ask("OPTIONS", "/api/v1/sql").response;
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(HeaderOf(answer, "Allow"), "GET, POST, OPTIONS");
}

TEST(HttpRouterTest, RefusesWhatCouldNotBeReceived) {
  HttpRouter router;
  const auto ask = [&](Status received) {
    const auto outcome = std::make_shared<FakeReply::Outcome>();
    HttpRequest request;
    request.path = "/write";
    request.query = {{"db", "x"}};
    request.received = std::move(received);
    router.Handle(std::move(request), std::make_shared<FakeReply>(outcome));
    return outcome->Wait().response;
  };
  EXPECT_EQ(ask(ResourceExhausted("large")).status, 413);
  EXPECT_EQ(ask(DeadlineExceeded("slow")).status, 408);
  EXPECT_EQ(ask(InvalidArgument("cut")).status, 400);
  const auto overload = ask(Unavailable("full"));
  EXPECT_EQ(overload.status, 503);
  EXPECT_EQ(HeaderOf(overload, "Retry-After"), "1");
  EXPECT_EQ(overload.body, "{\"error\":\"full\"}\n");
}

}  // namespace
}  // namespace stria::server
