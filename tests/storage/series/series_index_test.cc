#include "storage/series/series_index.h"

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Tags = std::map<std::string, std::string>;

std::string Key(const Tags& tags) {
  std::vector<TagView> views(tags.begin(), tags.end());
  return *MakeSeriesKey(views);
}

SeriesId Add(TableSeriesIndex& index, const Tags& tags) {
  bool added = false;
  return index.FindOrAdd(Key(tags), added);
}

std::vector<uint32_t> Match(const TableSeriesIndex& index, std::vector<TagPredicate> predicates) {
  std::vector<uint32_t> ids;
  for (const SeriesId id : index.Match(predicates))
    ids.push_back(id.value());
  return ids;
}

TagPredicate Is(const std::string& tag, TagOp op, std::vector<std::string> values = {}) {
  TagPredicate predicate;
  predicate.tag = tag;
  predicate.op = op;
  predicate.values = std::move(values);
  return predicate;
}

// 0: a, eu; 1: b, eu; 2: a, us; 3: c alone; 4: no tags.
struct FiveSeries {
  TableSeriesIndex index;
  FiveSeries() {
    Add(index, {{"host", "a"}, {"site", "eu"}});
    Add(index, {{"host", "b"}, {"site", "eu"}});
    Add(index, {{"host", "a"}, {"site", "us"}});
    Add(index, {{"host", "c"}});
    Add(index, {});
  }
};

TEST(SeriesIndexTest, IdsAreDenseAndAKeyHasOne) {
  TableSeriesIndex index;
  bool added = false;
  EXPECT_EQ(index.FindOrAdd(Key({{"h", "a"}}), added), SeriesId(0));
  EXPECT_TRUE(added);
  EXPECT_EQ(index.FindOrAdd(Key({{"h", "b"}}), added), SeriesId(1));
  EXPECT_EQ(index.FindOrAdd(Key({{"h", "a"}}), added), SeriesId(0));
  EXPECT_FALSE(added);
  EXPECT_EQ(index.num_series(), 2U);
  EXPECT_EQ(index.KeyOf(SeriesId(1)), Key({{"h", "b"}}));
}

TEST(SeriesIndexTest, RestoreTakesTheIdThatItIsGivenAndNoOther) {
  TableSeriesIndex index;
  ASSERT_TRUE(index.Restore(SeriesId(0), Key({{"h", "a"}})).ok());
  EXPECT_TRUE(index.Restore(SeriesId(0), Key({{"h", "a"}})).ok()) << "again is no error";
  EXPECT_EQ(index.Restore(SeriesId(1), Key({{"h", "a"}})).code(), StatusCode::kCorruption);
  EXPECT_EQ(index.Restore(SeriesId(0), Key({{"h", "b"}})).code(), StatusCode::kCorruption);
  EXPECT_EQ(index.Restore(SeriesId(2), Key({{"h", "b"}})).code(), StatusCode::kCorruption);
  EXPECT_EQ(index.Restore(SeriesId(1), "\x05no key").code(), StatusCode::kCorruption);
  EXPECT_TRUE(index.Restore(SeriesId(1), Key({{"h", "b"}})).ok());
}

TEST(SeriesIndexTest, AppendedKeysAreFoundWhenAllAreThereAndNoneMayComeTwice) {
  for (const bool is_twice : {false, true}) {
    TableSeriesIndex index;
    uint32_t shape = 0;
    index.ChangeColumns([&](KeyColumns& keys) {
      const uint32_t tag = keys.TagAt("host");
      for (int i = 0; i < 100'000; ++i)
        keys.tag(tag).values.FindOrAdd(std::to_string(i));
      shape = keys.ShapeAt({tag});
    });
    for (uint32_t code = 0; code < 100'000; ++code) {
      const TableSeriesIndex::CodedKey key{.shape = shape, .codes = std::span(&code, 1)};
      index.Append(std::span(&key, 1));
    }
    if (is_twice) {
      const uint32_t code = 77'777;
      const TableSeriesIndex::CodedKey key{.shape = shape, .codes = std::span(&code, 1)};
      index.Append(std::span(&key, 1));
    }
    const Status status = index.FinishAppend();
    EXPECT_EQ(status.code(), is_twice ? StatusCode::kCorruption : StatusCode::kOk);
    if (is_twice) continue;
    for (const uint32_t id : {0U, 65'536U, 77'777U, 99'999U})
      EXPECT_EQ(index.Find(Key({{"host", std::to_string(id)}})), SeriesId(id));
    EXPECT_EQ(index.Find(Key({{"host", "none"}})), std::nullopt);
  }
}

TEST(SeriesIndexTest, MatchesByEachKindOfPredicate) {
  const FiveSeries five;
  EXPECT_THAT(Match(five.index, {}), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Match(five.index, {Is("host", TagOp::kIn, {"a", "c"})}), ElementsAre(0, 2, 3));
  EXPECT_THAT(Match(five.index, {Is("host", TagOp::kNotIn, {"a"})}), ElementsAre(1, 3));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kLike, {"e%"})}), ElementsAre(0, 1));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kNotLike, {"e%"})}), ElementsAre(2));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kRegex, {"u"})}), ElementsAre(0, 1, 2));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kRegex, {"^u"})}), ElementsAre(2));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kNotRegex, {"^u"})}), ElementsAre(0, 1));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kNotRegex, {"("})}), IsEmpty());
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kIsNull)}), ElementsAre(3, 4));
  EXPECT_THAT(Match(five.index, {Is("site", TagOp::kIsNotNull)}), ElementsAre(0, 1, 2));
  EXPECT_THAT(Match(five.index, {Is("nothing", TagOp::kIsNull)}), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Match(five.index, {Is("nothing", TagOp::kNotIn, {"x"})}), IsEmpty());
  EXPECT_THAT(Match(five.index, {Is("host", TagOp::kIn, {"a"}), Is("site", TagOp::kIn, {"us"})}),
              ElementsAre(2));
}

TEST(SeriesIndexTest, ARangeHasBoundsThatAreOpenOrExclusive) {
  const FiveSeries five;
  TagPredicate range = Is("host", TagOp::kRange);
  EXPECT_THAT(Match(five.index, {range}), ElementsAre(0, 1, 2, 3)) << "NULL is in no range";
  range.has_low = true;
  range.low = "b";
  EXPECT_THAT(Match(five.index, {range}), ElementsAre(1, 3));
  range.low_exclusive = true;
  EXPECT_THAT(Match(five.index, {range}), ElementsAre(3));
  range.has_low = false;
  range.has_high = true;
  range.high = "b";
  EXPECT_THAT(Match(five.index, {range}), ElementsAre(0, 1, 2));
  range.high_exclusive = true;
  EXPECT_THAT(Match(five.index, {range}), ElementsAre(0, 2));
}

TEST(SeriesIndexTest, CodesAreLocalToTheQuestion) {
  const FiveSeries five;
  const std::vector<SeriesId> ids = {SeriesId(4), SeriesId(2), SeriesId(1), SeriesId(0)};
  const TagCodes host = five.index.CodesOf("host", ids);
  EXPECT_THAT(host.dictionary, ElementsAre("a", "b"));
  EXPECT_THAT(host.codes, ElementsAre(-1, 0, 1, 0));
  const TagCodes nothing = five.index.CodesOf("nothing", ids);
  EXPECT_THAT(nothing.dictionary, IsEmpty());
  EXPECT_THAT(nothing.codes, ElementsAre(-1, -1, -1, -1));
}

TEST(SeriesIndexTest, RanksAreTheOrderOfKeysThoughTheyComeInBetween) {
  std::mt19937_64 random(1);
  TableSeriesIndex index;
  std::vector<std::string> keys;
  for (int round = 0; round < 20; ++round) {
    for (uint64_t i = random() % 50; i > 0; --i) {
      const std::string key = Key({{"h", std::to_string(random())}, {"s", "x"}});
      bool added = false;
      index.FindOrAdd(key, added);
      if (added) keys.push_back(key);
    }
    const auto ranks = index.Ranks();
    ASSERT_EQ(ranks->size(), keys.size());
    auto sorted = keys;
    std::ranges::sort(sorted);
    for (size_t id = 0; id < keys.size(); ++id)
      ASSERT_EQ(sorted[(*ranks)[id]], keys[id]) << "round " << round;
  }
}

TEST(SeriesIndexTest, ReadersAndTheOneWriterDoNotDisturbEachOther) {
  TableSeriesIndex index;
  constexpr uint32_t kNumSeries = 3000;
  std::jthread writer([&] {
    for (uint32_t i = 0; i < kNumSeries; ++i)
      Add(index, {{"h", std::to_string(i)}, {"parity", i % 2 == 0 ? "even" : "odd"}});
  });
  uint32_t seen = 0;
  while (seen < kNumSeries) {
    const uint32_t before = index.num_series();
    const auto even = index.Match(std::vector{Is("parity", TagOp::kIn, {"even"})});
    ASSERT_GE(even.size(), before / 2);
    const auto ranks = index.Ranks();
    ASSERT_GE(ranks->size(), before);
    for (uint32_t id = seen; id < before; ++id) {
      const std::string key = index.KeyOf(SeriesId(id));
      const auto tags = ParseSeriesKey(key);
      ASSERT_EQ((*tags)[0].second, std::to_string(id));
    }
    seen = before;
  }
}

}  // namespace
}  // namespace stria::storage
