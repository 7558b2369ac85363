#include "tools/cli/statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StatementSplitterTest, CutsAtSemicolonsAndTrims) {
  EXPECT_THAT(SplitStatements(" SELECT 1 ;\n\tSELECT 2;; ; SELECT 3"),
              ElementsAre("SELECT 1", "SELECT 2", "SELECT 3"));
  EXPECT_THAT(SplitStatements(""), IsEmpty());
  EXPECT_THAT(SplitStatements(" ;\n;"), IsEmpty());
}

TEST(StatementSplitterTest, StringsNamesAndCommentsKeepTheirSemicolons) {
  EXPECT_THAT(
      SplitStatements("SELECT 'a;b'; SELECT \"c;d\"; SELECT 1 -- e;f\n; SELECT /* g;h */ 2"),
      ElementsAre("SELECT 'a;b'", "SELECT \"c;d\"", "SELECT 1 -- e;f", "SELECT /* g;h */ 2"));
  EXPECT_THAT(SplitStatements("SELECT 'it''s; here'; SELECT 2"),
              ElementsAre("SELECT 'it''s; here'", "SELECT 2"));
}

TEST(StatementSplitterTest, WhatIsUnfinishedReachesToTheEnd) {
  EXPECT_THAT(SplitStatements("SELECT 'a; SELECT 2"), ElementsAre("SELECT 'a; SELECT 2"));
  EXPECT_THAT(SplitStatements("SELECT /* a; SELECT 2"), ElementsAre("SELECT /* a; SELECT 2"));
}

}  // namespace
}  // namespace stria::cli
