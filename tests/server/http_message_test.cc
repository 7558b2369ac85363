#include "server/http/http_message.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::server {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(QueryStringTest, DecodesNamesAndValues) {
  EXPECT_THAT(ParseQueryString("db=a%20b&q=SELECT+1&flag&empty=&%64b=x"),
              ElementsAre(Pair("db", "a b"), Pair("q", "SELECT 1"), Pair("flag", ""),
                          Pair("empty", ""), Pair("db", "x")));
}

TEST(QueryStringTest, MalformedEscapesStandForThemselves) {
  EXPECT_THAT(ParseQueryString("a=%&b=%2&c=%zz&&=&d=1=2"),
              ElementsAre(Pair("a", "%"), Pair("b", "%2"), Pair("c", "%zz"), Pair("", ""),
                          Pair("d", "1=2")));
}

TEST(QueryStringTest, PlusIsASpaceOnlyInQueries) {
  EXPECT_EQ(PercentDecode("a+b%2Bc"), "a+b+c");
}

TEST(HttpRequestTest, HeaderNamesHaveNoCase) {
  HttpRequest request;
  request.headers = {{"Content-Type", "text/plain"}, {"content-type", "second"}};
  EXPECT_EQ(request.Header("CONTENT-TYPE"), "text/plain");
  EXPECT_EQ(request.Header("Content-Typ"), "");
}

TEST(HttpRequestTest, TheFirstOfSeveralParametersCounts) {
  HttpRequest request;
  request.query = {{"db", "a"}, {"db", "b"}, {"empty", ""}};
  EXPECT_EQ(request.Query("db"), "a");
  EXPECT_TRUE(request.HasQuery("empty"));
  EXPECT_FALSE(request.HasQuery("other"));
}

}  // namespace
}  // namespace stria::server
