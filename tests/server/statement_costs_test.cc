#include "server/api/statement_costs.h"

#include <memory>

#include <gtest/gtest.h>

namespace stria::server {
namespace {

TEST(StatementCostsTest, LiteralsDoNotMatter) {
  EXPECT_EQ(WithoutLiterals("SELECT a FROM t WHERE x > 10 AND h = 'host_1'"),
            WithoutLiterals("SELECT a FROM t WHERE x > 2.5 AND h = 'other'"));
}

TEST(StatementCostsTest, NamesWithDigitsDo) {
  EXPECT_NE(WithoutLiterals("SELECT a1 FROM t"), WithoutLiterals("SELECT a2 FROM t"));
  EXPECT_NE(WithoutLiterals("SELECT \"1\" FROM t"), WithoutLiterals("SELECT \"2\" FROM t"));
}

TEST(StatementCostsTest, UnfinishedTextEnds) {
  EXPECT_EQ(WithoutLiterals("SELECT 'abc"), "SELECT ''");
  EXPECT_EQ(WithoutLiterals("SELECT '"), "SELECT ''");
  EXPECT_EQ(WithoutLiterals(""), "");
}

TEST(StatementCostsTest, OneSlowRunCountsAtOnceAndFastOnesByAndBy) {
  const auto costs = std::make_unique<StatementCosts>();
  EXPECT_EQ(costs->Expect("db", "a"), StatementCosts::kUnknown);
  costs->Note("db", "a", 100);
  EXPECT_EQ(costs->Expect("db", "a"), 100);
  costs->Note("db", "a", 1000);
  EXPECT_EQ(costs->Expect("db", "a"), 1000);
  costs->Note("db", "a", 200);
  EXPECT_EQ(costs->Expect("db", "a"), 800);
  EXPECT_EQ(costs->Expect("other", "a"), StatementCosts::kUnknown);
}

}  // namespace
}  // namespace stria::server
