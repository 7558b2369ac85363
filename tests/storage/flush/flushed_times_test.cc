#include "storage/flush/flushed_times.h"

#include <limits>

#include <gtest/gtest.h>

namespace stria::storage {
namespace {

TEST(FlushedTimesTest, KnowsHowFarEachSeriesReachesSinceTheStart) {
  FlushedTimes times;
  EXPECT_FALSE(times.started());
  times.Start(10, /*has_parts=*/false, 0);
  EXPECT_TRUE(times.started());
  EXPECT_FALSE(times.Reaches(SeriesId(3), 100));
  times.Note(SeriesId(3), 100);
  times.Note(SeriesId(3), 50);
  EXPECT_TRUE(times.Reaches(SeriesId(3), 100));
  EXPECT_FALSE(times.Reaches(SeriesId(3), 101));
  EXPECT_FALSE(times.Reaches(SeriesId(2), 0));
}

TEST(FlushedTimesTest, OfSeriesFromBeforeTheStartOnlyTheEndOfTheLastPartIsKnown) {
  FlushedTimes times;
  times.Start(10, /*has_parts=*/true, 1000);
  EXPECT_TRUE(times.Reaches(SeriesId(9), 1000));
  EXPECT_FALSE(times.Reaches(SeriesId(9), 1001));
  EXPECT_FALSE(times.Reaches(SeriesId(10), 5)) << "made since";
  times.Note(SeriesId(9), 2000);
  EXPECT_TRUE(times.Reaches(SeriesId(9), 1500));
}

TEST(FlushedTimesTest, TheLeastTimeThereIsCountsToo) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  FlushedTimes times;
  times.Start(1, /*has_parts=*/false, 0);
  EXPECT_FALSE(times.Reaches(SeriesId(0), kLeast));
  times.Note(SeriesId(0), kLeast);
  EXPECT_TRUE(times.Reaches(SeriesId(0), kLeast));
}

}  // namespace
}  // namespace stria::storage
