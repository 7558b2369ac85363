#include "storage/types/series_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string Key(std::vector<TagView> tags) {
  return *MakeSeriesKey(tags);
}

TEST(SeriesKeyTest, IsTheSameWhateverTheOrderOfTheTags) {
  EXPECT_EQ(Key({{"b", "2"}, {"a", "1"}}), Key({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(Key({{"a", "1"}, {"b", "2"}}), std::string("\x01"
                                                       "a\x01"
                                                       "1\x01"
                                                       "b\x01"
                                                       "2"));
}

TEST(SeriesKeyTest, TagsWithAnEmptyValueAreLeftOut) {
  EXPECT_EQ(Key({{"a", "1"}, {"b", ""}}), Key({{"a", "1"}}));
  EXPECT_EQ(Key({{"b", ""}}), "");
  EXPECT_EQ(Key({}), "");
}

TEST(SeriesKeyTest, ATagThatOccursTwiceIsRefused) {
  std::vector<TagView> tags = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(MakeSeriesKey(tags).error().code(), StatusCode::kInvalidArgument);
}

TEST(SeriesKeyTest, BordersOfNamesAndValuesCount) {
  EXPECT_NE(Key({{"ab", "c"}}), Key({{"a", "bc"}}));
  EXPECT_NE(Key({{"a", "b"}, {"c", "d"}}), Key({{"a",
                                                 "b\x01"
                                                 "c\x01"
                                                 "d"}}));
}

TEST(SeriesKeyTest, ParsesIntoWhatItWasMadeOf) {
  const std::string long_value(300, 'x');
  const std::string key = Key({{"z", long_value}, {"a", "1"}});
  EXPECT_THAT(*ParseSeriesKey(key), ElementsAre(Pair("a", "1"), Pair("z", long_value)));
  EXPECT_THAT(*ParseSeriesKey(""), IsEmpty());
  EXPECT_EQ(FormatSeriesKey(Key({{"b", "2"}, {"a", "1"}})), "a=1,b=2");
}

TEST(SeriesKeyTest, BytesThatAreNoKeyAreRefused) {
  const std::string key = Key({{"a", "1"}, {"b", "22"}});
  for (size_t size = 1; size < key.size(); ++size) {
    if (size == 4) continue;  // Just the first tag, which is a key.
    EXPECT_FALSE(ParseSeriesKey(std::string_view(key).substr(0, size))) << size;
  }
}

TEST(SeriesKeyTest, HashesToTheSameSlotForEver) {
  const std::string key = Key({{"host", "a"}});
  const uint64_t hash = HashSeriesKey(TableId(1), key);
  EXPECT_EQ(hash, HashSeriesKey(TableId(1), key));
  EXPECT_NE(hash, HashSeriesKey(TableId(2), key));
  EXPECT_LT(SlotOf(hash), kNumSlots);
  EXPECT_EQ(SlotOf(UINT64_MAX), kNumSlots - 1);
  EXPECT_EQ(SlotOf(0), 0U);
}

TEST(SeriesKeyTest, SlotsAreEvenlyTaken) {
  std::vector<int> quarters(4);
  for (int i = 0; i < 4000; ++i) {
    const std::string value = std::to_string(i);
    ++quarters[SlotOf(HashSeriesKey(TableId(1), Key({{"host", value}}))) / (kNumSlots / 4)];
  }
  for (const int count : quarters)
    EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace stria
