#include "query/aggregate/basic_accumulator.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "tests/query/exec/given_batches.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
const double kNan = std::numeric_limits<double>::quiet_NaN();

BasicAccumulator MakeAccumulator(AggregateKind kind, DataType type, size_t num_groups = 1) {
  BasicAccumulator accumulator(MakeAggregate(kind, MakeColumnRef(0, type, "x")));
  accumulator.Resize(num_groups);
  return accumulator;
}

Value ResultOf(BasicAccumulator& accumulator, uint32_t group = 0) {
  const auto column = accumulator.Finish({&group, 1});
  EXPECT_TRUE(column.has_value()) << column.error().ToString();
  return column->ValueAt(0);
}

Value Aggregated(AggregateKind kind, const Column& values) {
  const auto num_rows = std::max(values.bits.size(), values.strings.size());
  BasicAccumulator accumulator = MakeAccumulator(kind, values.type);
  const std::vector<uint32_t> groups(num_rows, 0);
  accumulator.AddRows(groups, &values, nullptr);
  return ResultOf(accumulator);
}

Value AggregatedByTime(AggregateKind kind, const Column& values, const Column& times) {
  BasicAccumulator accumulator = MakeAccumulator(kind, values.type);
  const std::vector<uint32_t> groups(times.bits.size(), 0);
  accumulator.AddRows(groups, &values, &times);
  return ResultOf(accumulator);
}

TEST(BasicAccumulatorTest, IgnoresNulls) {
  const Column values = Int64s({std::nullopt, 4, std::nullopt, 8});
  EXPECT_EQ(Aggregated(AggregateKind::kCount, values), Value::Int64(2));
  EXPECT_EQ(Aggregated(AggregateKind::kSum, values), Value::Int64(12));
  EXPECT_EQ(Aggregated(AggregateKind::kAvg, values), Value::Float64(6));
  EXPECT_EQ(Aggregated(AggregateKind::kMin, values), Value::Int64(4));
  EXPECT_EQ(Aggregated(AggregateKind::kMax, values), Value::Int64(8));
}

TEST(BasicAccumulatorTest, OfNothingIsNullAndCountsZero) {
  const Column values = Int64s({std::nullopt});
  EXPECT_EQ(Aggregated(AggregateKind::kCount, values), Value::Int64(0));
  EXPECT_EQ(Aggregated(AggregateKind::kSum, values), Value::Null(DataType::kInt64));
  EXPECT_EQ(Aggregated(AggregateKind::kAvg, values), Value::Null(DataType::kFloat64));
  EXPECT_EQ(Aggregated(AggregateKind::kMax, values), Value::Null(DataType::kInt64));
  EXPECT_EQ(AggregatedByTime(AggregateKind::kLast, values, Times({1})),
            Value::Null(DataType::kInt64));
}

TEST(BasicAccumulatorTest, SumsIntegersBeyond64BitsOnTheWay) {
  EXPECT_EQ(Aggregated(AggregateKind::kSum, Int64s({kGreatest, kGreatest, -kGreatest})),
            Value::Int64(kGreatest));
}

TEST(BasicAccumulatorTest, FailsOnASumThatDoesNotFit) {
  BasicAccumulator accumulator = MakeAccumulator(AggregateKind::kSum, DataType::kInt64);
  const Column values = Int64s({kGreatest, 1});
  const std::vector<uint32_t> groups = {0, 0};
  accumulator.AddRows(groups, &values, nullptr);
  const uint32_t group = 0;
  const auto result = accumulator.Finish({&group, 1});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), StatusCode::kOutOfRange);
}

TEST(BasicAccumulatorTest, SumsUnsignedUpToTheirOwnLimit) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  const Column values = ColumnOf(DataType::kUint64, {Value::Uint64(kMax - 1), Value::Uint64(1)});
  EXPECT_EQ(Aggregated(AggregateKind::kSum, values), Value::Uint64(kMax));
}

TEST(BasicAccumulatorTest, AveragesTheExactSum) {
  // As doubles, each addend would lose its last bit.
  constexpr int64_t kBig = (int64_t{1} << 53) + 1;
  EXPECT_EQ(Aggregated(AggregateKind::kAvg, Int64s({kBig, -kBig, 1})), Value::Float64(1.0 / 3));
  EXPECT_EQ(Aggregated(AggregateKind::kAvg, Int64s({kGreatest, kGreatest})),
            Value::Float64(9223372036854775808.0));
}

TEST(BasicAccumulatorTest, TakesNanForTheGreatestNumber) {
  const Column some = Doubles({1.5, kNan, -2.0});
  EXPECT_EQ(Aggregated(AggregateKind::kMin, some), Value::Float64(-2.0));
  EXPECT_TRUE(std::isnan(Aggregated(AggregateKind::kMax, some).float64()));
  EXPECT_TRUE(std::isnan(Aggregated(AggregateKind::kSum, some).float64()));
  EXPECT_TRUE(std::isnan(Aggregated(AggregateKind::kMin, Doubles({kNan})).float64()));
}

TEST(BasicAccumulatorTest, ComparesStringsByBytes) {
  const Column values = Strings({"b", "", "ab", std::nullopt, "\xC3\xA4"});
  EXPECT_EQ(Aggregated(AggregateKind::kMin, values), Value::String(""));
  EXPECT_EQ(Aggregated(AggregateKind::kMax, values), Value::String("\xC3\xA4"));
}

TEST(BasicAccumulatorTest, TakesFirstAndLastByTimeAmongValues) {
  const Column values = Int64s({30, std::nullopt, 10, 20});
  const Column times = Times({3, 9, 1, 2});
  EXPECT_EQ(AggregatedByTime(AggregateKind::kFirst, values, times), Value::Int64(10));
  EXPECT_EQ(AggregatedByTime(AggregateKind::kLast, values, times), Value::Int64(30));
}

TEST(BasicAccumulatorTest, LeavesOutRowsWithoutATime) {
  Column times = Times({1, 2});
  times.validity = {1, 0};
  EXPECT_EQ(AggregatedByTime(AggregateKind::kLast, Int64s({10, 20}), times), Value::Int64(10));
}

TEST(BasicAccumulatorTest, DecidesTiesInTimeByValueWhateverComesFirst) {
  for (const auto& values : {Int64s({1, 2}), Int64s({2, 1})}) {
    EXPECT_EQ(AggregatedByTime(AggregateKind::kFirst, values, Times({5, 5})), Value::Int64(1));
    EXPECT_EQ(AggregatedByTime(AggregateKind::kLast, values, Times({5, 5})), Value::Int64(2));
  }
}

TEST(BasicAccumulatorTest, MergesToTheSameAsOneThatSawAllRows) {
  const Column values = Doubles({1.0, 8.0, std::nullopt, kNan, -4.0, 2.0});
  const Column times = Times({1, 2, 3, 4, 5, 6});
  const std::vector<uint32_t> groups = {0, 1, 2, 1, 0, 1};
  // The other one numbered the groups the other way round.
  const std::vector<uint32_t> other_groups = {2, 1, 0, 1, 2, 1};
  const std::vector<uint32_t> mapping = {2, 1, 0};
  for (const auto kind :
       {AggregateKind::kCountStar, AggregateKind::kCount, AggregateKind::kSum, AggregateKind::kAvg,
        AggregateKind::kMin, AggregateKind::kMax, AggregateKind::kFirst, AggregateKind::kLast}) {
    BasicAccumulator whole = MakeAccumulator(kind, DataType::kFloat64, 3);
    BasicAccumulator merged = MakeAccumulator(kind, DataType::kFloat64, 3);
    BasicAccumulator other = MakeAccumulator(kind, DataType::kFloat64, 3);
    whole.AddRows(groups, &values, &times);
    whole.AddRows(groups, &values, &times);
    merged.AddRows(groups, &values, &times);
    other.AddRows(other_groups, &values, &times);
    merged.Merge(other, mapping);
    for (uint32_t group = 0; group < 3; ++group) {
      const Value expected = ResultOf(whole, group);
      const Value actual = ResultOf(merged, group);
      const bool both_nan = expected.type == DataType::kFloat64 && !expected.is_null() &&
                            std::isnan(expected.float64()) && !actual.is_null() &&
                            std::isnan(actual.float64());
      EXPECT_TRUE(both_nan || actual == expected) << static_cast<int>(kind) << " of " << group;
    }
  }
}

TEST(BasicAccumulatorTest, AddsTotalsOfSlicesAsItAddsRows) {
  const std::vector<uint8_t> lanes = {5, 0, 7, 9};
  const std::vector<uint8_t> validity = {1, 0, 1, 1};
  const VectorView view{.type = DataType::kInt64,
                        .lanes = Lanes::kU8,
                        .num_rows = 4,
                        .base = static_cast<uint64_t>(-6),
                        .data = lanes.data(),
                        .validity = validity.data(),
                        .constant_string = {}};
  const std::vector<storage::RowSlice> slices = {{0, 2}, {2, 4}};
  const std::vector<uint32_t> groups = {0, 0};
  const std::vector<std::pair<AggregateKind, Value>> expected = {
      {AggregateKind::kCount, Value::Int64(3)}, {AggregateKind::kSum, Value::Int64(3)},
      {AggregateKind::kAvg, Value::Float64(1)}, {AggregateKind::kMin, Value::Int64(-1)},
      {AggregateKind::kMax, Value::Int64(3)},   {AggregateKind::kFirst, Value::Int64(-1)},
      {AggregateKind::kLast, Value::Int64(3)},
  };
  for (const auto& [kind, value] : expected) {
    BasicAccumulator accumulator = MakeAccumulator(kind, DataType::kInt64);
    std::vector<storage::SliceTotals> totals(slices.size());
    AggregateSlices(view, accumulator.wanted(), slices, totals.data());
    const std::vector<int64_t> times = {100, 200};
    accumulator.AddSlices(groups, view, totals.data(), times.data());
    EXPECT_EQ(ResultOf(accumulator), value) << static_cast<int>(kind);
  }
}

TEST(BasicAccumulatorTest, CountsTheTextThatItKeeps) {
  BasicAccumulator accumulator = MakeAccumulator(AggregateKind::kMax, DataType::kString);
  const size_t before = accumulator.MemoryBytes();
  accumulator.AddString(0, std::string(5000, 'x'), 0);
  EXPECT_GE(accumulator.MemoryBytes(), before + 4900);
  EXPECT_LT(accumulator.MemoryBytes(), before + 50'000);
}

}  // namespace
}  // namespace stria::query
