// The series index against a std::map of what it should know, on random keys: odd names, empty
// values, any bytes, subsets of tags, values that most series share and values that none do.

#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <regex>

#include <gtest/gtest.h>

#include "storage/series/series_index.h"
#include "storage/types/like_pattern.h"
#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

using Tags = std::map<std::string, std::string>;

uint64_t Seed() {
  const char* const given = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "STRIA_TEST_SEED=" << seed << '\n';
  return seed;
}

std::string KeyOf(const Tags& tags) {
  std::vector<TagView> views(tags.begin(), tags.end());
  return *MakeSeriesKey(views);
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t end) { return random_() % end; }

  Tags NextTags() {
    Tags tags;
    for (const char* name : {"host", "host2", "h\0st", "", "a,b=c d\\", "\xff\xfe", "region"}) {
      if (Below(3) != 0) tags[name] = NextValue();
    }
    if (Below(50) == 0) tags[std::string(200, 'n')] = NextValue();
    return tags;
  }

  std::string NextValue() {
    switch (Below(6)) {
      case 0: return "";
      case 1: return std::to_string(Below(3));
      case 2: return "host_" + std::to_string(Below(2000));
      case 3: return std::string(Below(300), static_cast<char>(Below(256)));
      case 4: return std::string(1 + Below(3), '\0');
      default: return "same";
    }
  }

  TagPredicate NextPredicate(const std::vector<Tags>& series) {
    TagPredicate predicate;
    const Tags& some = series[Below(series.size())];
    predicate.tag = "host";
    if (!some.empty()) {
      auto tag = some.begin();
      std::advance(tag, Below(some.size()));
      predicate.tag = tag->first;
      predicate.values.push_back(tag->second);
    } else {
      predicate.values.push_back("nothing");
    }
    predicate.op = static_cast<TagOp>(Below(9));
    if (predicate.op == TagOp::kIn || predicate.op == TagOp::kNotIn) {
      for (uint64_t i = Below(20); i > 0; --i)
        predicate.values.push_back(NextValue());
    } else if (predicate.op == TagOp::kLike || predicate.op == TagOp::kNotLike) {
      predicate.values = {Below(2) == 0 ? "host%1%" : "%"};
    } else if (predicate.op == TagOp::kRegex || predicate.op == TagOp::kNotRegex) {
      predicate.values = {Below(2) == 0 ? "^host_[0-9]*5$" : "am"};
    } else if (predicate.op == TagOp::kRange) {
      predicate.has_low = Below(2) == 0;
      predicate.low = NextValue();
      predicate.low_exclusive = predicate.has_low && Below(2) == 0;
      predicate.has_high = Below(2) == 0;
      predicate.high = NextValue();
      predicate.high_exclusive = predicate.has_high && Below(2) == 0;
    }
    return predicate;
  }

 private:
  std::mt19937_64 random_;
};

bool HoldsSlowly(const TagPredicate& predicate, const Tags& tags) {
  const auto tag = tags.find(predicate.tag);
  const bool is_null = tag == tags.end() || tag->second.empty();
  if (predicate.op == TagOp::kIsNull) return is_null;
  if (is_null) return false;
  const std::string& value = tag->second;
  const auto is_listed = [&] {
    return std::find(predicate.values.begin(), predicate.values.end(), value) !=
           predicate.values.end();
  };
  const auto matches = [&] {
    return std::regex_search(value, std::regex(predicate.values[0], std::regex::ECMAScript));
  };
  switch (predicate.op) {
    case TagOp::kIn: return is_listed();
    case TagOp::kNotIn: return !is_listed();
    case TagOp::kLike: return MatchesLike(value, predicate.values[0]);
    case TagOp::kNotLike: return !MatchesLike(value, predicate.values[0]);
    case TagOp::kRegex: return matches();
    case TagOp::kNotRegex: return !matches();
    case TagOp::kRange:
      return (!predicate.has_low ||
              (predicate.low_exclusive ? value > predicate.low : value >= predicate.low)) &&
             (!predicate.has_high ||
              (predicate.high_exclusive ? value < predicate.high : value <= predicate.high));
    default: return true;
  }
}

// The index and what it should say, side by side.
class Pair {
 public:
  explicit Pair(uint64_t seed) : generator_(seed) {}

  void AddMany(size_t num) {
    std::vector<std::string> keys;
    std::vector<Tags> tags;
    for (size_t i = 0; i < num; ++i) {
      const bool again = !series_.empty() && generator_.Below(3) == 0;
      tags.push_back(again ? series_[generator_.Below(series_.size())] : generator_.NextTags());
      keys.push_back(KeyOf(tags.back()));
    }
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    std::vector<uint32_t> ids(num), added;
    index.FindOrAdd(views, ids, added);
    size_t num_added = 0;
    for (size_t i = 0; i < num; ++i) {
      const auto [entry, is_new] = ids_.emplace(keys[i], static_cast<uint32_t>(series_.size()));
      ASSERT_EQ(ids[i], entry->second);
      if (!is_new) continue;
      series_.push_back(tags[i]);
      ASSERT_LT(num_added, added.size());
      ASSERT_EQ(added[num_added++], i);
    }
    ASSERT_EQ(num_added, added.size());
  }

  void CheckKeys() {
    ASSERT_EQ(index.num_series(), series_.size());
    for (const auto& [key, id] : ids_) {
      ASSERT_EQ(index.KeyOf(SeriesId(id)), key);
      ASSERT_EQ(index.Find(key), SeriesId(id));
      ASSERT_EQ(index.Find(key + '\1'), std::nullopt);
    }
  }

  void CheckRanks() {
    const auto ranks = index.Ranks();
    ASSERT_EQ(ranks->size(), series_.size());
    uint32_t rank = 0;
    for (const auto& [key, id] : ids_)  // std::string compares bytes as unsigned.
      ASSERT_EQ((*ranks)[id], rank++) << FormatSeriesKey(key);
  }

  void CheckMatch() {
    std::vector<TagPredicate> predicates;
    for (uint64_t i = generator_.Below(4); i > 0; --i)
      predicates.push_back(generator_.NextPredicate(series_));
    std::vector<SeriesId> expected;
    for (uint32_t id = 0; id < series_.size(); ++id) {
      if (std::ranges::all_of(predicates,
                              [&](const auto& one) { return HoldsSlowly(one, series_[id]); })) {
        expected.emplace_back(id);
      }
    }
    ASSERT_EQ(index.Match(predicates), expected);
    if (predicates.empty()) return;
    const std::string& name = predicates[0].tag;
    const TagCodes codes = index.CodesOf(name, expected);
    for (size_t i = 0; i < expected.size(); ++i) {
      const Tags& tags = series_[expected[i].value()];
      const auto tag = tags.find(name);
      const std::string value = tag == tags.end() ? "" : tag->second;
      ASSERT_EQ(codes.codes[i] < 0 ? "" : codes.dictionary[static_cast<size_t>(codes.codes[i])],
                value);
    }
  }

  TableSeriesIndex index;

 private:
  Generator generator_;
  std::vector<Tags> series_;  // By id.
  std::map<std::string, uint32_t> ids_;
};

TEST(SeriesIndexRandomTest, KeysIdsRanksAndMatchesAreThoseOfAMap) {
  Pair pair(Seed());
  for (const size_t num : {1U, 7U, 100U, 3000U, 1U, 20U, 3000U, 50U}) {
    ASSERT_NO_FATAL_FAILURE(pair.AddMany(num));
    ASSERT_NO_FATAL_FAILURE(pair.CheckKeys());
    ASSERT_NO_FATAL_FAILURE(pair.CheckRanks());
    for (int i = 0; i < 12; ++i)
      ASSERT_NO_FATAL_FAILURE(pair.CheckMatch());
  }
}

std::string Key(uint32_t host, uint32_t rack, uint32_t region) {
  return KeyOf({{"arch", "x64"},
                {"host", "host_" + std::to_string(host)},
                {"rack", std::to_string(rack)},
                {"region", "region-" + std::to_string(region)}});
}

TagPredicate In(const std::string& tag, std::vector<std::string> values) {
  TagPredicate predicate;
  predicate.tag = tag;
  predicate.values = std::move(values);
  return predicate;
}

// Large enough for postings, divided hash tables and dictionaries that are not ranked.
TEST(SeriesIndexRandomTest, ManySeriesTakeFewBytesAndAreFoundByPostings) {
  constexpr uint32_t kNumSeries = 150'000;
  std::mt19937_64 random(Seed());
  TableSeriesIndex index;
  std::map<std::string, uint32_t> ids;
  std::vector<uint32_t> racks, hosts;
  for (uint32_t id = 0; id < kNumSeries; ++id) {
    racks.push_back(static_cast<uint32_t>(random() % 100'000));
    // Mostly counting up, as a generator of load or a rollout does, but not always.
    hosts.push_back(random() % 1000 == 0 ? static_cast<uint32_t>(random()) : id);
    const std::string key = Key(hosts[id], racks[id], id % 7);
    bool added = false;
    ASSERT_EQ(index.FindOrAdd(key, added), SeriesId(id));
    ASSERT_TRUE(added) << key;
    ids.emplace(key, id);
  }
  EXPECT_LT(index.bytes(), kNumSeries * 70);
  for (const uint32_t id : {0U, 65'535U, 65'536U, 140'000U, kNumSeries - 1}) {
    const std::string host = "host_" + std::to_string(hosts[id]), rack = std::to_string(racks[id]);
    EXPECT_EQ(index.Match(std::vector{In("host", {host, "none"})}), std::vector{SeriesId(id)});
    std::vector<SeriesId> in_rack, in_region_of_rack;
    for (uint32_t other = 0; other < kNumSeries; ++other) {
      if (racks[other] != racks[id]) continue;
      in_rack.emplace_back(other);
      if (other % 7 == 3) in_region_of_rack.emplace_back(other);
    }
    EXPECT_EQ(index.Match(std::vector{In("rack", {rack})}), in_rack);
    EXPECT_EQ(index.Match(std::vector{In("region", {"region-3"}), In("rack", {rack})}),
              in_region_of_rack);
  }
  EXPECT_EQ(index.Match(std::vector{In("region", {"region-3", "region-4"})}).size(),
            (kNumSeries + 6 - 3) / 7 + (kNumSeries + 6 - 4) / 7);
  EXPECT_EQ(index.Match(std::vector{In("arch", {"x64"})}).size(), kNumSeries);
  const auto check_ranks = [&] {
    const auto ranks = index.Ranks();
    uint32_t rank = 0;
    for (const auto& [key, id] : ids)
      ASSERT_EQ((*ranks)[id], rank++) << FormatSeriesKey(key);
  };
  ASSERT_NO_FATAL_FAILURE(check_ranks());
  for (uint32_t i = 0; i < 500; ++i) {
    const std::string key = Key(static_cast<uint32_t>(random()), i, 9);
    bool added = false;
    ids.emplace(key, index.FindOrAdd(key, added).value());
  }
  ASSERT_NO_FATAL_FAILURE(check_ranks()) << "few new ones are merged in";
  EXPECT_EQ(index.Match(std::vector{In("region", {"region-9"})}).size(), 500U);
}

}  // namespace
}  // namespace stria::storage
