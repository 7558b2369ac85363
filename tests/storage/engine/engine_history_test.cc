// Random histories of writes, deletes and drops against a map: later writes win field by field, and
// a DELETE takes what was written before it, over memtables, overlapping parts, compacted parts and
// restarts.

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/storage/engine/simulated_engine.h"

namespace stria::storage {
namespace {

constexpr int64_t kSecond = SimulatedEngine::kSecond;
constexpr int64_t kMaxTime = 300;  // Of few instants, so that nearly everything overlaps.

struct TagsOfSeries {
  std::string host, site;  // Empty: none.
};

// A condition of a DELETE or a query, twice: for the engine and for the map.
struct Condition {
  TimeRange time;
  std::vector<TagPredicate> tags;
  std::function<bool(const TagsOfSeries&)> matches = [](const TagsOfSeries&) { return true; };
};

TagsOfSeries ParseSeries(const std::string& series) {
  TagsOfSeries tags;
  const size_t comma = series.find(',');
  tags.host = series.substr(2, comma == std::string::npos ? comma : comma - 2);
  if (comma != std::string::npos) tags.site = series.substr(comma + 3);
  return tags;
}

class History {
 public:
  History(uint64_t seed, uint32_t num_shards) : random_(seed) {
    world_.options.num_shards = num_shards;
    world_.options.memtable_bytes = 24 << 10;
    world_.options.partition_ns = 100;
    world_.options.wal_segment_bytes = 32 << 10;
    world_.options.compact_after_ns = 4 * kSecond;
    world_.options.flush_after_ns = 20 * kSecond;
    world_.Open();
  }

  void Run(int num_steps) {
    for (int step = 0; step < num_steps && !testing::Test::HasFatalFailure(); ++step) {
      Step();
      if (step % 4 == 0) Compare();
    }
    if (testing::Test::HasFatalFailure()) return;
    Compare();
    ASSERT_TRUE(world_.engine->Compact().ok());
    Compare();
    world_.Restart();
    Compare();
  }

 private:
  int64_t Number(int64_t end) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(end));
  }

  void Step() {
    switch (Number(20)) {
      case 0: ASSERT_TRUE(world_.engine->Flush().ok()); break;
      case 1: world_.Restart(); break;
      case 2:
        if (Number(3) == 0) {
          ASSERT_TRUE(world_.engine->Compact().ok());
        }
        break;
      case 3:
      case 4: world_.executor.RunFor(Number(6) * kSecond); break;
      case 5:
      case 6:
      case 7:
      case 8: Delete(); break;
      case 9:
        if (Number(4) == 0) Drop();
        break;
      default: Write(); break;
    }
    // Some of what is under way, so that the next step meets it half done.
    for (int64_t i = Number(4); i > 0; --i)
      world_.executor.RunOne();
  }

  void Write() {
    std::string lines;
    for (int64_t i = 1 + Number(Number(10) == 0 ? 400 : 30); i > 0; --i) {
      const int64_t host = Number(9);
      const std::string site = host % 3 == 0 ? "" : ",s=" + std::to_string(host % 3);
      const std::string series = "h=" + std::to_string(host) + site;
      const int64_t time = Number(kMaxTime);
      Fields& row = rows_[{series, time}];
      std::string fields;
      const auto which = static_cast<uint64_t>(1 + Number(7));
      for (const auto& [bit, name] : {std::pair(1U, "a"), std::pair(2U, "b"), std::pair(4U, "c")}) {
        if ((which & bit) == 0) continue;
        const std::string value = std::to_string(Number(100'000)) + "i";
        fields += (fields.empty() ? "" : ",") + std::string(name) + "=" + value;
        row[name] = value;
      }
      lines += "m," + series + " " + fields + " " + std::to_string(time) + "\n";
    }
    const WriteResult result = world_.Write(lines);
    ASSERT_TRUE(result.status.ok()) << result.status.ToString();
    ASSERT_EQ(result.rows_rejected, 0U);
  }

  Condition RandomCondition() {
    Condition condition;
    const int64_t begin = Number(kMaxTime);
    if (Number(4) != 0) condition.time.begin = begin;
    if (Number(4) != 0) condition.time.end = begin + 1 + Number(80);
    TagPredicate tag;
    switch (Number(6)) {
      case 0: {
        const std::string host = std::to_string(Number(10));
        tag.tag = "h";
        tag.values = {host, "1"};
        condition.matches = [host](const TagsOfSeries& tags) {
          return tags.host == host || tags.host == "1";
        };
        break;
      }
      case 1:
        tag.tag = "s";
        tag.op = TagOp::kIsNull;
        condition.matches = [](const TagsOfSeries& tags) { return tags.site.empty(); };
        break;
      case 2:
        tag.tag = "s";
        tag.op = TagOp::kNotIn;
        tag.values = {"1"};
        condition.matches = [](const TagsOfSeries& tags) {
          return !tags.site.empty() && tags.site != "1";
        };
        break;
      case 3:
        tag.tag = "h";
        tag.op = TagOp::kRange;
        tag.has_high = tag.high_exclusive = true;
        tag.high = "4";
        condition.matches = [](const TagsOfSeries& tags) { return tags.host < "4"; };
        break;
      default: return condition;
    }
    condition.tags.push_back(std::move(tag));
    return condition;
  }

  static bool Holds(const Condition& condition, const RowKey& key) {
    return condition.time.Contains(key.second) && condition.matches(ParseSeries(key.first));
  }

  void Delete() {
    const auto table = world_.engine->FindTable("db", "m");
    if (table == nullptr) return;
    const Condition condition = RandomCondition();
    const Status status =
        world_.engine->Delete({.table = table, .time = condition.time, .tags = condition.tags});
    ASSERT_TRUE(status.ok()) << status.ToString();
    std::erase_if(rows_, [&](const auto& entry) { return Holds(condition, entry.first); });
  }

  void Drop() {
    if (world_.engine->FindTable("db", "m") == nullptr) return;
    if (Number(4) == 0) {
      ASSERT_TRUE(world_.engine->DropTable("db", "m").ok());
      rows_.clear();
      return;
    }
    const std::string column(1, static_cast<char>('a' + Number(3)));
    const Status status = world_.engine->DropColumn("db", "m", column);
    ASSERT_TRUE(status.ok() || status.code() == StatusCode::kNotFound) << status.ToString();
    for (auto& [key, fields] : rows_)
      fields.erase(column);
  }

  void Compare() {
    const auto all = ReadRows(*world_.engine, "m");
    ASSERT_TRUE(all.has_value()) << all.error().ToString();
    ASSERT_EQ(*all, rows_);
    const Condition condition = RandomCondition();
    Rows some, last;
    for (const auto& [key, fields] : rows_) {
      if (!Holds(condition, key)) continue;
      some.emplace(key, fields);
      const auto older = last.lower_bound({key.first, std::numeric_limits<int64_t>::min()});
      if (older != last.end() && older->first.first == key.first) last.erase(older);
      last.emplace(key, fields);
    }
    const auto read = [&](bool last_row_only) {
      return ReadRows(*world_.engine, "m", condition.time, condition.tags, last_row_only);
    };
    ASSERT_EQ(*read(false), some);
    ASSERT_EQ(*read(true), last);
  }

  std::mt19937_64 random_;
  SimulatedEngine world_;
  Rows rows_;
};

class EngineHistoryTest : public testing::TestWithParam<uint32_t> {};

TEST_P(EngineHistoryTest, WritesDeletesAndDropsAgreeWithAMap) {
  const uint64_t seed = TestSeed();
  for (uint64_t world = 0; world < 25; ++world) {
    History history(seed * 1000 + world, GetParam());
    history.Run(120);
    ASSERT_FALSE(testing::Test::HasFailure()) << "world " << world;
  }
}

INSTANTIATE_TEST_SUITE_P(Shards, EngineHistoryTest, testing::Values(1U, 4U));

}  // namespace
}  // namespace stria::storage
