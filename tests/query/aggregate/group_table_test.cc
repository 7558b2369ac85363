#include "query/aggregate/group_table.h"

#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/query/exec/given_batches.h"

namespace stria::query {
namespace {

std::vector<uint32_t> GroupsOf(GroupTable& table, const std::vector<Column>& keys,
                               uint32_t num_rows) {
  std::vector<const Column*> pointers;
  for (const auto& key : keys)
    pointers.push_back(&key);
  std::vector<uint32_t> groups;
  table.FindGroups(pointers, num_rows, groups);
  return groups;
}

TEST(WordTableTest, NumbersKeysInTheOrderOfTheirAppearance) {
  WordTable table(2);
  for (uint64_t i = 0; i < 5000; ++i) {
    const uint64_t words[] = {i % 50, i / 50};
    ASSERT_EQ(table.FindOrAdd(words), i);
  }
  for (uint64_t i = 0; i < 5000; ++i) {
    const uint64_t words[] = {i % 50, i / 50};
    ASSERT_EQ(table.FindOrAdd(words), i);
    ASSERT_EQ(table.KeyOf(static_cast<uint32_t>(i))[1], i / 50);
  }
  EXPECT_EQ(table.size(), 5000U);
}

TEST(WordTableTest, HasOneKeyOfNoWords) {
  WordTable table(0);
  EXPECT_EQ(table.FindOrAdd(nullptr), 0U);
  EXPECT_EQ(table.FindOrAdd(nullptr), 0U);
  EXPECT_EQ(table.size(), 1U);
}

TEST(GroupTableTest, GroupsNullWithNullAndNotWithZero) {
  GroupTable table({DataType::kInt64});
  EXPECT_EQ(GroupsOf(table, {Int64s({0, std::nullopt, 0, std::nullopt})}, 4),
            (std::vector<uint32_t>{0, 1, 0, 1}));
  const Column keys = table.KeyColumn(0, 0, 2);
  EXPECT_EQ(keys.ValueAt(0), Value::Int64(0));
  EXPECT_TRUE(keys.IsNull(1));
}

TEST(GroupTableTest, GroupsNanWithNanAndBothZerosTogether) {
  GroupTable table({DataType::kFloat64});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(GroupsOf(table, {Doubles({0.0, -0.0, nan, -nan, 1.0})}, 5),
            (std::vector<uint32_t>{0, 0, 1, 1, 2}));
}

TEST(GroupTableTest, ComparesStringsWhateverTheirForm) {
  GroupTable table({DataType::kString});
  EXPECT_EQ(GroupsOf(table, {Strings({"x", "a long string that has no room inside", ""})}, 3),
            (std::vector<uint32_t>{0, 1, 2}));
  const auto make = [](const std::vector<std::string>& texts, const std::vector<int32_t>& codes) {
    const auto dictionary = std::make_shared<const std::vector<std::string>>(texts);
    Column column;
    column.form = Column::Form::kDictionary;
    column.type = DataType::kString;
    column.dictionary = dictionary.get();
    column.keep_alive = dictionary;
    column.codes = codes;
    return column;
  };
  EXPECT_EQ(GroupsOf(table, {make({"", "x", "new"}, {2, 1, -1, 0, 1})}, 5),
            (std::vector<uint32_t>{3, 0, 4, 2, 0}));
  // Another dictionary gives the same codes other meanings.
  EXPECT_EQ(GroupsOf(table, {make({"x", "new", ""}, {0, 1, 2})}, 3),
            (std::vector<uint32_t>{0, 3, 2}));
  EXPECT_EQ(GroupsOf(table, {Column::Constant(Value::String("new"), DataType::kString)}, 2),
            (std::vector<uint32_t>{3, 3}));
  EXPECT_EQ(table.KeyColumn(0, 3, 5).ValueAt(0), Value::String("new"));
  EXPECT_TRUE(table.KeyColumn(0, 3, 5).IsNull(1));
}

TEST(GroupTableTest, TellsNullsOfManyKeysApart) {
  constexpr size_t kNumKeys = 70;
  GroupTable table(std::vector<DataType>(kNumKeys, DataType::kInt64));
  std::set<uint32_t> groups;
  for (size_t null_key = 0; null_key < kNumKeys; ++null_key) {
    std::vector<Column> keys(kNumKeys, Int64s({0}));
    keys[null_key] = Int64s({std::nullopt});
    groups.insert(GroupsOf(table, keys, 1)[0]);
  }
  EXPECT_EQ(groups.size(), kNumKeys);
}

TEST(GroupTableTest, AbsorbsTheGroupsOfAnother) {
  GroupTable one({DataType::kString, DataType::kInt64});
  GroupTable other({DataType::kString, DataType::kInt64});
  GroupsOf(one, {Strings({"a", "b"}), Int64s({1, 2})}, 2);
  GroupsOf(other, {Strings({"b", "c", std::nullopt, "a"}), Int64s({2, 1, 1, std::nullopt})}, 4);
  std::vector<uint32_t> mapping;
  one.Absorb(other, mapping);
  EXPECT_EQ(mapping, (std::vector<uint32_t>{1, 2, 3, 4}));
  EXPECT_EQ(one.KeyColumn(0, 2, 5).ValueAt(0), Value::String("c"));
  EXPECT_TRUE(one.KeyColumn(0, 2, 5).IsNull(1));
  EXPECT_TRUE(one.KeyColumn(1, 2, 5).IsNull(2));
}

}  // namespace
}  // namespace stria::query
