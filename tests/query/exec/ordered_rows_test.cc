#include "query/exec/ordered_rows.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/query/exec/exec_fixture.h"
#include "tests/query/exec/given_batches.h"
#include "tests/support/engine_rows.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

class OrderedRowsTest : public ExecFixture {
 protected:
  // The first column of the rows in their order.
  std::vector<Value> Ordered(std::vector<std::vector<Batch>> morsels, const RowOrder& order,
                             uint64_t claimed_rows = 0) {
    GivenBatches input(std::move(morsels), claimed_rows);
    auto rows = ReadOrdered(input, order, context());
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    std::vector<Value> values;
    const auto goes_on = (*rows)->Emit([&](Batch&& batch) -> Result<bool> {
      EXPECT_LE(batch.num_rows, kMaxBatchRows);
      for (uint32_t row = 0; row < batch.num_rows; ++row)
        values.push_back(batch.columns[0].ValueAt(row));
      return true;
    });
    EXPECT_TRUE(goes_on.has_value() && *goes_on);
    return values;
  }

  static SortKey ByColumn(uint32_t column, DataType type, bool descending = false,
                          bool nulls_first = false) {
    return {MakeColumnRef(column, type, "c"), descending, nulls_first};
  }

  static std::vector<Value> Ints(const std::vector<std::optional<int64_t>>& values) {
    std::vector<Value> boxed;
    for (const auto& value : values)
      boxed.push_back(value ? Value::Int64(*value) : Value::Null(DataType::kInt64));
    return boxed;
  }

  static std::vector<Batch> OneBatch(Column column, uint32_t num_rows) {
    std::vector<Batch> batches;
    batches.push_back(BatchOf({std::move(column)}, num_rows));
    return batches;
  }
};

TEST_F(OrderedRowsTest, PutsNullsWhereTheyAreWanted) {
  const auto ordered = [&](bool descending, bool nulls_first) {
    return Ordered({OneBatch(Int64s({2, std::nullopt, -1, 5}), 4)},
                   {.keys = {ByColumn(0, DataType::kInt64, descending, nulls_first)}, .top = {}});
  };
  EXPECT_EQ(ordered(false, false), Ints({-1, 2, 5, std::nullopt}));
  EXPECT_EQ(ordered(false, true), Ints({std::nullopt, -1, 2, 5}));
  EXPECT_EQ(ordered(true, true), Ints({std::nullopt, 5, 2, -1}));
  EXPECT_EQ(ordered(true, false), Ints({5, 2, -1, std::nullopt}));
}

TEST_F(OrderedRowsTest, SortsEveryTypeByItsOwnOrder) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto floats = Ordered({OneBatch(Doubles({nan, 1.0, -2.0, 0.0}), 4)},
                              {.keys = {ByColumn(0, DataType::kFloat64)}, .top = {}});
  EXPECT_EQ(floats[0], Value::Float64(-2.0));
  EXPECT_EQ(floats[2], Value::Float64(1.0));
  EXPECT_NE(floats[3], floats[3]);  // NaN
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(
      Ordered({OneBatch(ColumnOf(DataType::kUint64, {Value::Uint64(kMax), Value::Uint64(1)}), 2)},
              {.keys = {ByColumn(0, DataType::kUint64)}, .top = {}})[1],
      Value::Uint64(kMax));
}

TEST_F(OrderedRowsTest, ComparesStringsBeyondTheirFirstBytes) {
  const std::vector<std::string> expected = {
      std::string("ab\0", 3), "abcdefgh", "abcdefgh1", "abcdefgh2", "abcdefgi0", "\xFF"};
  const auto texts =
      Strings({"abcdefgh2", "\xFF", "abcdefgh", std::string("ab\0", 3), "abcdefgi0", "abcdefgh1"});
  auto ascending =
      Ordered({OneBatch(texts, 6)}, {.keys = {ByColumn(0, DataType::kString)}, .top = {}});
  auto descending =
      Ordered({OneBatch(texts, 6)}, {.keys = {ByColumn(0, DataType::kString, true)}, .top = {}});
  std::ranges::reverse(descending);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(ascending[i], Value::String(expected[i]));
    EXPECT_EQ(descending[i], Value::String(expected[i]));
  }
}

TEST_F(OrderedRowsTest, KeepsTheOrderOfTheInputAmongEqualKeys) {
  // Rows count up; the key is the same for all, so nothing may move, with any number of workers.
  std::vector<std::vector<Batch>> morsels;
  int64_t next = 0;
  std::vector<Value> expected;
  for (int morsel = 0; morsel < 20; ++morsel) {
    auto& batches = morsels.emplace_back();
    for (int i = 0; i < 3; ++i) {
      std::vector<std::optional<int64_t>> numbers;
      for (int row = 0; row < 100; ++row) {
        expected.push_back(Value::Int64(next));
        numbers.emplace_back(next++);
      }
      batches.push_back(BatchOf({Int64s(numbers), Strings(std::vector<std::optional<std::string>>(
                                                      100, "always the same text"))},
                                100));
    }
  }
  const RowOrder order{.keys = {ByColumn(1, DataType::kString)}, .top = {}};
  EXPECT_EQ(Ordered(std::move(morsels), order, kParallelRows * 2), expected);
}

// Random rows in random batches; the reference sorts all.
class RandomOrder : public OrderedRowsTest {
 protected:
  struct Row {
    int64_t number;
    std::optional<int64_t> key;
    std::string text;
  };

  std::vector<std::vector<Batch>> MakeRows(std::mt19937_64& random, size_t num_rows,
                                           uint64_t num_keys) {
    rows_.clear();
    std::vector<std::vector<Batch>> morsels(1);
    while (rows_.size() < num_rows) {
      const size_t count = std::min<size_t>(num_rows - rows_.size(), 1 + random() % kMaxBatchRows);
      std::vector<std::optional<int64_t>> numbers, keys;
      std::vector<std::optional<std::string>> texts;
      for (size_t i = 0; i < count; ++i) {
        Row row{.number = static_cast<int64_t>(rows_.size()),
                .key = static_cast<int64_t>(random() % num_keys),
                .text = "same start " + std::to_string(random() % 5)};
        if (random() % 50 == 0) row.key = std::nullopt;
        numbers.emplace_back(row.number);
        keys.push_back(row.key);
        texts.emplace_back(row.text);
        rows_.push_back(row);
      }
      if (random() % 3 == 0) morsels.emplace_back();
      morsels.back().push_back(
          BatchOf({Int64s(numbers), Int64s(keys), Strings(texts)}, static_cast<uint32_t>(count)));
    }
    return morsels;
  }

  // By key descending with NULLs first, then text, then as they came.
  std::vector<Row> Sorted() const {
    std::vector<Row> sorted = rows_;
    std::ranges::stable_sort(sorted, [](const Row& a, const Row& b) {
      if (a.key.has_value() != b.key.has_value()) return !a.key.has_value();
      if (a.key != b.key) return a.key > b.key;
      return a.text < b.text;
    });
    return sorted;
  }

  static RowOrder ByKeyAndText() {
    return {.keys = {ByColumn(1, DataType::kInt64, true, true), ByColumn(2, DataType::kString)},
            .top = {}};
  }

  std::vector<Row> rows_;
};

TEST_F(RandomOrder, OfTheFirstRowsIsThatOfAllCutOff) {
  std::mt19937_64 random(storage::TestSeed());
  for (const uint64_t top : {0U, 1U, 10U, 1024U, 5000U, 20'000U, 100'000U}) {
    RowOrder order = ByKeyAndText();
    order.top = top;
    const auto values = Ordered(MakeRows(random, 30'000, top % 3 == 0 ? 50 : 100'000), order,
                                top % 2 == 0 ? kParallelRows * 2 : 0);
    const auto sorted = Sorted();
    ASSERT_EQ(values.size(), std::min<size_t>(top, sorted.size()));
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(values[i], Value::Int64(sorted[i].number)) << "row " << i << " of top " << top;
  }
}

// Each look at the time takes a nanosecond.
class TickingClock final : public Clock {
 public:
  int64_t NowNs() const override { return MonotonicNs(); }
  int64_t MonotonicNs() const override { return now_ns_++; }

 private:
  mutable int64_t now_ns_ = 0;
};

TEST_F(RandomOrder, OfManyRowsIsMergedFromStretchesAndGivenUpBetweenThem) {
  constexpr size_t kRows = 300'000;  // Three stretches, two merges.
  std::mt19937_64 random(storage::TestSeed());
  const RowOrder order = ByKeyAndText();
  for (const int64_t deadline_ns : {0, 2, 4, 5}) {
    const TickingClock clock;
    ExecContext exec = MakeContext();
    ExecContext ticking{.engine = exec.engine,
                        .executor = exec.executor,
                        .clock = clock,
                        .deadline_ns = deadline_ns,
                        .cancelled = nullptr,
                        .memory_bytes = memory_bytes_,
                        .max_rows = 0,
                        .stats = {}};
    QueryContext context(ticking);
    OrderedRows rows(order, context);
    auto morsels = MakeRows(random, kRows, 100'000);
    for (size_t morsel = 0; morsel < morsels.size(); ++morsel) {
      for (auto& batch : morsels[morsel])
        ASSERT_TRUE(rows.Add(morsel, std::move(batch)).ok());
    }
    const Status status = rows.Finish();
    if (deadline_ns < 5) {
      EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded) << deadline_ns;
      continue;
    }
    ASSERT_TRUE(status.ok()) << status.ToString();
    const auto sorted = Sorted();
    size_t next = 0;
    const auto goes_on = rows.Emit([&](Batch&& batch) -> Result<bool> {
      for (uint32_t row = 0; row < batch.num_rows; ++row, ++next) {
        EXPECT_EQ(batch.columns[0].ValueAt(row), Value::Int64(sorted[next].number)) << next;
      }
      return !HasFailure();
    });
    EXPECT_TRUE(goes_on.has_value() && *goes_on);
    EXPECT_EQ(next, kRows);
  }
}

TEST_F(RandomOrder, OfDistinctKeysHasTheFirstRowOfEach) {
  std::mt19937_64 random(storage::TestSeed());
  for (const uint64_t num_keys : {1U, 7U, 3000U, 100'000U}) {
    RowOrder order = ByKeyAndText();
    order.num_distinct_keys = 1;
    const auto values =
        Ordered(MakeRows(random, 30'000, num_keys), order, num_keys == 7 ? kParallelRows * 2 : 0);
    std::vector<Value> expected;
    const auto sorted = Sorted();
    for (size_t i = 0; i < sorted.size(); ++i) {
      if (i == 0 || sorted[i].key != sorted[i - 1].key)
        expected.push_back(Value::Int64(sorted[i].number));
    }
    ASSERT_EQ(values, expected) << num_keys << " keys";
  }
}

TEST_F(RandomOrder, OfFewRowsTakesLittleMemory) {
  std::mt19937_64 random(storage::TestSeed());
  memory_bytes_ = 4 << 20;  // All rows take about 10 MB.
  RowOrder order = ByKeyAndText();
  order.top = 10;
  EXPECT_EQ(Ordered(MakeRows(random, 100'000, 100'000), order).size(), 10U);
  order.top.reset();
  GivenBatches input(MakeRows(random, 100'000, 100'000));
  const auto rows = ReadOrdered(input, order, context());
  ASSERT_FALSE(rows.has_value());
  EXPECT_EQ(rows.error().code(), StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace stria::query
