// Every aggregate over random rows of random groups, seen whole, seen in parts that are merged, and
// by the reference.

#include "query/aggregate/accumulator.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/query/exec/given_batches.h"
#include "tests/support/plan_builder.h"
#include "tests/support/reference_aggregate.h"

namespace stria::query {
namespace {

constexpr uint32_t kNumGroups = 5;

struct Case {
  AggregateKind kind;
  DataType argument;
  DataType order = DataType::kNull;
  std::vector<double> parameters = {};
  bool is_distinct = false;
};

std::string Name(const Case& test) {
  return "kind " + std::to_string(static_cast<int>(test.kind)) + " of " +
         std::string(DataTypeName(test.argument)) + (test.is_distinct ? " distinct" : "");
}

AggregateCall CallOf(const Case& test) {
  const ExprPtr argument =
      test.kind == AggregateKind::kCountStar ? nullptr : MakeColumnRef(0, test.argument, "value");
  const ExprPtr order =
      test.order == DataType::kNull ? nullptr : MakeColumnRef(1, test.order, "order");
  AggregateCall call = MakeAggregate(test.kind, argument, order);
  call.parameters = test.parameters;
  call.is_distinct = test.is_distinct;
  if (test.argument == DataType::kInterval &&
      (test.kind == AggregateKind::kPercentileCont || test.kind == AggregateKind::kAvg))
    call.type = DataType::kInterval;
  return call;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = {{AggregateKind::kCountStar, DataType::kInt64}};
  const std::vector<DataType> numbers = {DataType::kFloat64, DataType::kInt64, DataType::kUint64};
  std::vector<DataType> all = numbers;
  all.insert(all.end(), {DataType::kBool, DataType::kString, DataType::kTimestamp});
  for (const DataType type : all) {
    for (const bool is_distinct : {false, true}) {
      cases.push_back({AggregateKind::kCount, type, DataType::kNull, {}, is_distinct});
      cases.push_back({AggregateKind::kMode, type, DataType::kNull, {}, is_distinct});
    }
    cases.push_back({AggregateKind::kMin, type});
    cases.push_back({AggregateKind::kApproxCountDistinct, type});
    for (const DataType order : all) {
      cases.push_back({AggregateKind::kMinBy, type, order});
      cases.push_back({AggregateKind::kMaxBy, type, order});
    }
    cases.push_back({AggregateKind::kLast, type, DataType::kTimestamp});
    if (type == DataType::kString) continue;
    for (const double fraction : {0.0, 0.3, 0.5, 1.0})
      cases.push_back({AggregateKind::kPercentileDisc, type, DataType::kNull, {fraction}});
  }
  for (const DataType type : numbers) {
    for (const auto kind :
         {AggregateKind::kSum, AggregateKind::kAvg, AggregateKind::kStddevSamp,
          AggregateKind::kStddevPop, AggregateKind::kVarSamp, AggregateKind::kVarPop}) {
      cases.push_back({kind, type});
      cases.push_back({kind, type, DataType::kNull, {}, true});
    }
    for (const double fraction : {0.0, 0.25, 0.5, 0.99, 1.0}) {
      cases.push_back({AggregateKind::kPercentileCont, type, DataType::kNull, {fraction}});
      cases.push_back({AggregateKind::kPercentileCont, type, DataType::kNull, {fraction}, true});
      cases.push_back({AggregateKind::kApproxPercentile, type, DataType::kNull, {fraction}});
    }
    cases.push_back({AggregateKind::kHistogram, type, DataType::kNull, {1, 9.5, 4}});
    for (const auto kind : {AggregateKind::kIncrease, AggregateKind::kRate, AggregateKind::kDelta,
                            AggregateKind::kDerivative, AggregateKind::kTimeWeightedAvg})
      cases.push_back({kind, type, DataType::kTimestamp});
  }
  cases.push_back({AggregateKind::kPercentileCont, DataType::kInterval, DataType::kNull, {0.4}});
  return cases;
}

class Rows {
 public:
  explicit Rows(std::mt19937_64& random) : random_(random) {}

  // Few different values, so that ties and repetitions are common.
  Value Draw(DataType type) {
    const auto small = static_cast<int64_t>(random_() % 12);
    if (random_() % 6 == 0) return Value::Null(type);
    switch (type) {
      case DataType::kFloat64: return Value::Float64(static_cast<double>(small - 4) / 4);
      case DataType::kUint64: return Value::Uint64(static_cast<uint64_t>(small));
      case DataType::kBool: return Value::Bool(small % 2 == 0);
      case DataType::kString: return Value::String(std::string(1, static_cast<char>('a' + small)));
      case DataType::kTimestamp: return Value::Timestamp(small * 1'500'000'000);
      case DataType::kInterval: return Value::Interval(small * 7);
      default: return Value::Int64(small - 3);
    }
  }

  std::vector<ReferenceRow> Make(const Case& test, size_t count) {
    std::vector<ReferenceRow> rows(count);
    for (auto& row : rows)
      row = {Draw(test.argument),
             Draw(test.order == DataType::kNull ? DataType::kInt64 : test.order)};
    return rows;
  }

  std::vector<uint32_t> Groups(size_t count) {
    std::vector<uint32_t> groups(count);
    for (auto& group : groups)
      group = static_cast<uint32_t>(random_() % (kNumGroups - 1));  // The last stays empty.
    return groups;
  }

 private:
  std::mt19937_64& random_;
};

Column ColumnOfRows(DataType type, const std::vector<ReferenceRow>& rows, size_t index) {
  std::vector<Value> values;
  for (const auto& row : rows)
    values.push_back(row[index]);
  return ColumnOf(type, values);
}

void Add(Accumulator& accumulator, const AggregateCall& call, std::span<const uint32_t> groups,
         const std::vector<ReferenceRow>& rows) {
  Column values;
  if (call.argument != nullptr) values = ColumnOfRows(call.argument->type, rows, 0);
  Column order;
  if (call.order != nullptr) order = ColumnOfRows(call.order->type, rows, 1);
  accumulator.AddRows(groups, call.argument == nullptr ? nullptr : &values,
                      call.order == nullptr ? nullptr : &order);
}

double ToleranceOf(const AggregateCall& call) {
  return call.kind == AggregateKind::kApproxPercentile ? 0.0101 : 1e-9;
}

void ExpectReference(Accumulator& accumulator, const AggregateCall& call,
                     const std::vector<std::vector<ReferenceRow>>& rows_of,
                     const std::string& name) {
  std::vector<uint32_t> all(kNumGroups);
  std::iota(all.begin(), all.end(), 0U);
  const auto column = accumulator.Finish(all);
  ASSERT_TRUE(column.has_value()) << name << ": " << column.error().ToString();
  EXPECT_EQ(column->type, call.type) << name;
  for (uint32_t group = 0; group < kNumGroups; ++group) {
    const Value want = ReferenceAggregate(call, rows_of[group]);
    const Value got = column->ValueAt(group);
    // What is near 0 has nothing that an error could be relative to.
    const bool is_near = !got.is_null() && !want.is_null() && got.type == DataType::kFloat64 &&
                         std::fabs(got.float64() - want.float64()) < 1e-9;
    EXPECT_TRUE(is_near || SameValue(got, want, ToleranceOf(call)))
        << name << ": got " << RowText({got}) << ", want " << RowText({want}) << " of "
        << rows_of[group].size() << " rows";
  }
}

TEST(AccumulatorTest, AgreesWithTheReferenceWholeAndMerged) {
  const char* const given = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = given == nullptr ? 11 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("STRIA_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  Rows rows(random);
  for (const auto& test : AllCases()) {
    const AggregateCall call = CallOf(test);
    for (const size_t num_rows : {0U, 1U, 7U, 200U}) {
      const auto whole = MakeAccumulator(call);
      const auto merged = MakeAccumulator(call);
      whole->Resize(kNumGroups);
      merged->Resize(kNumGroups);
      std::vector<std::vector<ReferenceRow>> rows_of(kNumGroups);
      for (int part = 0; part < 3; ++part) {
        const auto made = rows.Make(test, num_rows);
        const auto groups = rows.Groups(num_rows);
        for (size_t i = 0; i < num_rows; ++i)
          rows_of[groups[i]].push_back(made[i]);
        Add(*whole, call, groups, made);
        // The part has the groups the other way round.
        const auto partial = MakeAccumulator(call);
        partial->Resize(kNumGroups);
        std::vector<uint32_t> turned;
        for (const uint32_t group : groups)
          turned.push_back(kNumGroups - 1 - group);
        Add(*partial, call, turned, made);
        std::vector<uint32_t> back(kNumGroups);
        for (uint32_t i = 0; i < kNumGroups; ++i)
          back[i] = kNumGroups - 1 - i;
        merged->Merge(*partial, back);
      }
      ExpectReference(*whole, call, rows_of, Name(test) + " whole");
      ExpectReference(*merged, call, rows_of, Name(test) + " merged");
      if (HasFailure()) return;
    }
  }
}

TEST(AccumulatorTest, CountsWhatItKeeps) {
  for (const auto& test : AllCases()) {
    if (test.kind == AggregateKind::kHistogram) continue;  // Has its counts from the beginning.
    const AggregateCall call = CallOf(test);
    const auto accumulator = MakeAccumulator(call);
    accumulator->Resize(1);
    EXPECT_GT(accumulator->MemoryBytes() + 1, 0U);
    std::mt19937_64 random(3);
    const auto made = Rows(random).Make(test, 1000);
    const std::vector<uint32_t> groups(1000, 0);
    Add(*accumulator, call, groups, made);
    EXPECT_GT(accumulator->MemoryBytes(), 0U) << Name(test);
  }
}

Value One(const AggregateCall& call, const Column& values, const Column* order = nullptr) {
  const auto accumulator = MakeAccumulator(call);
  accumulator->Resize(1);
  const std::vector<uint32_t> groups(values.bits.size(), 0);
  accumulator->AddRows(groups, &values, order);
  const uint32_t group = 0;
  const auto column = accumulator->Finish({&group, 1});
  return column->ValueAt(0);
}

TEST(AccumulatorTest, VarianceOfLargeNumbersKeepsItsDigits) {
  const AggregateCall call = CallOf({AggregateKind::kVarPop, DataType::kFloat64});
  EXPECT_DOUBLE_EQ(One(call, Doubles({1e9 + 1, 1e9 + 2, 1e9 + 3})).float64(), 2.0 / 3);
}

TEST(AccumulatorTest, PercentileBetweenEqualInfinitiesIsOne) {
  const AggregateCall call =
      CallOf({AggregateKind::kPercentileCont, DataType::kFloat64, DataType::kNull, {0.5}});
  EXPECT_EQ(One(call, Doubles({HUGE_VAL, HUGE_VAL})).float64(), HUGE_VAL);
}

TEST(AccumulatorTest, CountersOfLargeIntegersAreExact) {
  const AggregateCall call =
      CallOf({AggregateKind::kIncrease, DataType::kInt64, DataType::kTimestamp});
  constexpr int64_t kLarge = std::numeric_limits<int64_t>::max() - 10;
  const Column times = Times({1, 2, 3});
  EXPECT_EQ(One(call, Int64s({kLarge, kLarge + 3, kLarge + 4}), &times).float64(), 4);
}

TEST(AccumulatorTest, TimesAsFarApartAsTheyGoDoNotOverflow) {
  const AggregateCall call = CallOf({AggregateKind::kRate, DataType::kInt64, DataType::kTimestamp});
  const Column times =
      Times({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  EXPECT_DOUBLE_EQ(One(call, Int64s({0, 1}), &times).float64(), 1 / 18446744073.709551615);
}

}  // namespace
}  // namespace stria::query
