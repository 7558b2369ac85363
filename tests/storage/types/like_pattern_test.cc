#include "storage/types/like_pattern.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace stria {
namespace {

// Slow and obvious, for patterns without escapes over one-byte characters.
bool Matches(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return Matches(text, pattern.substr(1)) || (!text.empty() && Matches(text.substr(1), pattern));
  }
  if (text.empty() || (pattern[0] != '_' && pattern[0] != text[0])) return false;
  return Matches(text.substr(1), pattern.substr(1));
}

TEST(LikePatternTest, PercentIsAnyBytesAndUnderscoreOneCharacter) {
  EXPECT_TRUE(MatchesLike("host_17", "host%"));
  EXPECT_TRUE(MatchesLike("", "%"));
  EXPECT_FALSE(MatchesLike("", "_"));
  EXPECT_TRUE(MatchesLike("abc", "a_c"));
  EXPECT_FALSE(MatchesLike("abbc", "a_c"));
  EXPECT_FALSE(MatchesLike("abc", "ab"));
  EXPECT_FALSE(MatchesLike("ABC", "abc"));
}

TEST(LikePatternTest, ACharacterOfSeveralBytesIsOne) {
  EXPECT_TRUE(MatchesLike("Größe", "Gr__e"));
  EXPECT_FALSE(MatchesLike("Größe", "Gr____e"));
  EXPECT_TRUE(MatchesLike("ü", "_"));
}

TEST(LikePatternTest, ABackslashTakesTheNextCharacterAsItIs) {
  EXPECT_TRUE(MatchesLike("100%", "100\\%"));
  EXPECT_FALSE(MatchesLike("1000", "100\\%"));
  EXPECT_TRUE(MatchesLike("a_b", "a\\_b"));
  EXPECT_FALSE(MatchesLike("axb", "a\\_b"));
}

TEST(LikePatternTest, AgreesWithARecursionOnRandomPatterns) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text, pattern;
    for (uint64_t i = random() % 8; i > 0; --i)
      text += static_cast<char>('a' + random() % 2);
    for (uint64_t i = random() % 7; i > 0; --i)
      pattern += "ab_%"[random() % 4];
    ASSERT_EQ(MatchesLike(text, pattern), Matches(text, pattern)) << text << " " << pattern;
  }
}

TEST(LikePatternTest, ManyPercentsDoNotTakeExponentialTime) {
  const std::string text(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i)
    pattern += "%a";
  EXPECT_FALSE(MatchesLike(text, pattern + "%b"));
  EXPECT_TRUE(MatchesLike(text, pattern + "%"));
}

}  // namespace
}  // namespace stria
