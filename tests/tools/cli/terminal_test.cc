#include "tools/cli/terminal.h"

#include <gtest/gtest.h>

namespace stria::cli {
namespace {

TEST(TerminalTest, SeparatesThousands) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(1204300), "1,204,300");
  EXPECT_EQ(WithThousands(-1000), "-1,000");
  EXPECT_EQ(WithThousands(-100), "-100");
}

TEST(TerminalTest, AbbreviatesToTwoOrThreeDigits) {
  EXPECT_EQ(Abbreviate(0), "0");
  EXPECT_EQ(Abbreviate(999), "999");
  EXPECT_EQ(Abbreviate(1400000), "1.4 M");
  EXPECT_EQ(Abbreviate(904000), "904 k");
  EXPECT_EQ(Abbreviate(2.5e13), "25 T");
}

}  // namespace
}  // namespace stria::cli
