// Ranges of time in words.

#include "query/session/empty_answer.h"

#include <gtest/gtest.h>

#include "query/expr/time_text.h"

namespace stria::query {
namespace {

std::string Range(const char* begin, const char* end) {
  TimeRange range;
  if (*begin != '\0') range.begin = *ParseTimestamp(begin);
  if (*end != '\0') range.end = *ParseTimestamp(end);
  return FormatTimeRange(range);
}

TEST(FormatTimeRangeTest, NamesYearsMonthsAndDays) {
  EXPECT_EQ(Range("2025-01-01", "2026-01-01"), "2025");
  EXPECT_EQ(Range("2025-03-01", "2025-04-01"), "2025-03");
  EXPECT_EQ(Range("2024-12-01", "2025-01-01"), "2024-12");
  EXPECT_EQ(Range("2024-02-29", "2024-03-01"), "2024-02-29");
  EXPECT_EQ(Range("2024-02-28", "2024-03-01"), "from 2024-02-28 to 2024-03-01");
}

TEST(FormatTimeRangeTest, ShortensTimes) {
  EXPECT_EQ(Range("2024-01-01 10:00:00", "2024-01-01 10:00:00.5"),
            "from 2024-01-01T10:00:00Z to 2024-01-01T10:00:00.5Z");
  EXPECT_EQ(Range("2024-01-01 10:30:10", ""), "from 2024-01-01T10:30:10Z on");
  EXPECT_EQ(Range("", "2024-01-01 00:00:00.000000001"), "before 2024-01-01T00:00:00.000000001Z");
}

TEST(FormatTimeRangeTest, BearsTheEndsOfTime) {
  EXPECT_EQ(Range("2262-01-01", ""), "from 2262-01-01 on");
  EXPECT_EQ(Range("2262-01-01", "2262-04-11"), "from 2262-01-01 to 2262-04-11");
  EXPECT_EQ(Range("", "1677-10-01"), "before 1677-10-01");
}

}  // namespace
}  // namespace stria::query
