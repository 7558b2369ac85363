// Window functions over random batches against the reference, and what frames, memory and sums
// have to keep to.

#include "query/exec/window.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/exec/sliding_fold.h"
#include "tests/query/exec/exec_fixture.h"
#include "tests/query/exec/given_batches.h"
#include "tests/query/exec/random_window.h"
#include "tests/support/plan_builder.h"
#include "tests/support/reference_window.h"

namespace stria::query {
namespace {

using Rows = std::vector<ReferenceRow>;

PlanPtr InputOf(std::vector<OutputColumn> columns) {
  auto node = std::make_unique<PlanNode>();
  node->output = std::move(columns);
  return node;
}

// The columns of RandomTable.
std::vector<OutputColumn> RandomColumns() {
  return {{"time", DataType::kTimestamp}, {"a", DataType::kString}, {"b", DataType::kString},
          {"f", DataType::kFloat64},      {"i", DataType::kInt64},  {"u", DataType::kUint64},
          {"s", DataType::kString},       {"t", DataType::kBool}};
}

class RandomRows {
 public:
  explicit RandomRows(std::mt19937_64& random) : random_(random) {}

  ReferenceRow Next() {
    return {Value::Timestamp(static_cast<int64_t>(Below(600)) * 1'000'000'000 - 300'000'000'000),
            Value::String("a" + std::to_string(Below(4))),
            Text("b", 3),
            Number(),
            Maybe(Value::Int64(static_cast<int64_t>(Below(9)) - 4)),
            Maybe(Value::Uint64(Below(40))),
            Text("a longer text ", 12),
            Maybe(Value::Bool(Below(2) == 0))};
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  Value Maybe(Value value) { return Below(8) == 0 ? Value::Null(value.type) : value; }
  Value Text(const char* prefix, uint64_t count) {
    return Maybe(Value::String(prefix + std::to_string(Below(count))));
  }
  Value Number() {
    if (Below(20) == 0) return Value::Float64(std::numeric_limits<double>::quiet_NaN());
    if (Below(30) == 0) return Value::Float64(-0.0);
    return Maybe(Value::Float64(static_cast<double>(Below(400)) / 4));
  }

  std::mt19937_64& random_;
};

class WindowTest : public ExecFixture {
 protected:
  // Morsels of batches with `rows`, cut at random.
  static std::vector<std::vector<Batch>> Cut(const Rows& rows,
                                             const std::vector<OutputColumn>& columns,
                                             std::mt19937_64& random) {
    std::vector<std::vector<Batch>> morsels;
    for (size_t begin = 0; begin < rows.size();) {
      const size_t end = std::min(rows.size(), begin + 1 + random() % 40);
      Batch batch;
      batch.num_rows = static_cast<uint32_t>(end - begin);
      for (size_t column = 0; column < columns.size(); ++column) {
        std::vector<Value> values;
        for (size_t row = begin; row < end; ++row)
          values.push_back(rows[row][column]);
        batch.columns.push_back(ColumnOf(columns[column].type, values));
      }
      if (morsels.empty() || random() % 2 == 0) morsels.emplace_back();
      morsels.back().push_back(std::move(batch));
      begin = end;
    }
    return morsels;
  }

  // Runs `node` over batches of its input.
  Result<Rows> Run(const PlanNode& node, std::vector<std::vector<Batch>> morsels,
                   uint64_t claimed_rows = 0) {
    WindowOperator window(node, std::make_unique<GivenBatches>(std::move(morsels), claimed_rows),
                          context());
    STRIA_RETURN_IF_ERROR(window.Open());
    Rows rows;
    for (size_t morsel = 0; morsel < window.num_morsels(); ++morsel) {
      const auto done = window.Read(morsel, [&](Batch&& batch) -> Result<bool> {
        for (uint32_t row = 0; row < batch.num_rows; ++row) {
          auto& out = rows.emplace_back();
          for (const auto& column : batch.columns)
            out.push_back(column.ValueAt(row));
        }
        return true;
      });
      if (!done) return done.error();
    }
    return rows;
  }

  // Of one column "x" of int64, in the order in which they come.
  Result<Rows> RunOverInts(std::vector<std::optional<int64_t>> values, WindowCall call) {
    PlanPtr input = InputOf({{"x", DataType::kInt64}});
    for (auto& arg : call.args) {
      if (arg == nullptr) arg = Ref(*input, "x");
    }
    const PlanPtr node = WindowOf({}, {}, {std::move(call)}, std::move(input));
    const auto num_rows = static_cast<uint32_t>(values.size());
    std::vector<std::vector<Batch>> morsels(1);
    std::vector<Column> columns;
    columns.push_back(Int64s(values));
    morsels[0].push_back(BatchOf(std::move(columns), num_rows));
    return Run(*node, std::move(morsels));
  }
};

TEST_F(WindowTest, RandomWindowsGiveWhatTheReferenceGives) {
  const uint64_t seed = storage::TestSeed();
  SCOPED_TRACE("STRIA_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 400; ++i) {
    RandomRows maker(random);
    Rows rows;
    for (uint64_t n = random() % 120; n > 0; --n)
      rows.push_back(maker.Next());
    const bool is_sorted = random() % 3 == 0;  // As scans give them: by series and time.
    if (is_sorted) {
      std::ranges::stable_sort(rows, [](const ReferenceRow& a, const ReferenceRow& b) {
        const int order = ReferenceOrderOf(a[1], b[1]);
        return order != 0 ? order < 0 : a[0].int64() < b[0].int64();
      });
    }
    const PlanPtr node = MakeRandomWindow(InputOf(RandomColumns()), random, true);
    SCOPED_TRACE("window " + std::to_string(i) + ": " + ExplainPlan(*node));
    const uint64_t claimed_rows = random() % 2 == 0 ? 0 : 10 * kParallelRows;
    const auto found = Run(*node, Cut(rows, RandomColumns(), random), claimed_rows);
    ASSERT_TRUE(found) << found.error().message();
    const Rows expected = ReferenceWindow(*node, rows);
    ASSERT_EQ(found->size(), expected.size());
    for (size_t row = 0; row < expected.size(); ++row) {
      ASSERT_TRUE(
          std::ranges::equal((*found)[row], expected[row],
                             [](const Value& a, const Value& b) { return SameValue(a, b); }))
          << "row " << row << " is " << RowText((*found)[row]) << ", not "
          << RowText(expected[row]);
    }
  }
}

TEST_F(WindowTest, SumsOfFloatsDoNotDrift) {
  // A running difference would keep the error of the great number for ever.
  PlanPtr input = InputOf({{"x", DataType::kFloat64}});
  WindowFrame frame{.unit = FrameUnit::kRows,
                    .begin = {.kind = FrameBoundKind::kPreceding, .offset = Value::Int64(1)},
                    .end = {}};
  WindowCall call =
      MakeWindowCall(WindowKind::kAggregate, {Ref(*input, "x")}, frame, AggregateKind::kSum);
  const PlanPtr node = WindowOf({}, {}, {std::move(call)}, std::move(input));
  std::vector<std::optional<double>> values = {1e300, 0.1, 0.2};
  values.push_back(std::numeric_limits<double>::infinity());
  for (int i = 0; i < 100; ++i)
    values.push_back(0.1);
  std::vector<std::vector<Batch>> morsels(1);
  std::vector<Column> columns;
  columns.push_back(Doubles(values));
  const auto num_rows = static_cast<uint32_t>(values.size());
  morsels[0].push_back(BatchOf(std::move(columns), num_rows));
  const auto rows = Run(*node, std::move(morsels));
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ((*rows)[2].back().float64(), 0.1 + 0.2);
  EXPECT_TRUE(std::isinf((*rows)[4].back().float64()));
  for (size_t row = 5; row < rows->size(); ++row)
    EXPECT_EQ((*rows)[row].back().float64(), 0.1 + 0.1) << row;
}

TEST_F(WindowTest, ASumOnlyHasToFitWhereItIsAsked) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const WindowFrame pairs{.unit = FrameUnit::kRows,
                          .begin = {.kind = FrameBoundKind::kPreceding, .offset = Value::Int64(1)},
                          .end = {}};
  const auto sums = [&](const std::vector<std::optional<int64_t>>& values) {
    WindowCall call;
    call.kind = WindowKind::kAggregate;
    call.aggregate = AggregateKind::kSum;
    call.args = {nullptr};
    call.frame = pairs;
    call.text = "sum(x)";
    return RunOverInts(values, std::move(call));
  };
  const auto fits = sums({kMax, -1, kMax, std::nullopt, kMax});
  ASSERT_TRUE(fits) << fits.error().message();
  EXPECT_EQ((*fits)[2].back().int64(), kMax - 1);
  EXPECT_EQ((*fits)[3].back().int64(), kMax);
  const auto too_great = sums({1, kMax});
  ASSERT_FALSE(too_great);
  EXPECT_EQ(too_great.error().code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(too_great.error().message()), testing::HasSubstr("sum(x)"));
}

TEST_F(WindowTest, ArgumentsThatMakeNoSenseFail) {
  WindowCall call;
  call.kind = WindowKind::kNtile;
  call.args = {Literal(Value::Int64(0))};
  const auto no_bucket = RunOverInts({1, 2}, call);
  ASSERT_FALSE(no_bucket);
  EXPECT_EQ(no_bucket.error().code(), StatusCode::kInvalidArgument);
  call.kind = WindowKind::kNthValue;
  call.args = {nullptr, Literal(Value::Int64(-1))};
  const auto no_position = RunOverInts({1, 2}, call);
  ASSERT_FALSE(no_position);
  EXPECT_EQ(no_position.error().code(), StatusCode::kInvalidArgument);
}

TEST_F(WindowTest, OffsetsBeyondEveryRowAreNoOverflow) {
  for (const int64_t offset :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    for (const WindowKind kind : {WindowKind::kLag, WindowKind::kLead}) {
      WindowCall call;
      call.kind = kind;
      call.args = {nullptr, Literal(Value::Int64(offset))};
      const auto rows = RunOverInts({1, 2, 3}, call);
      ASSERT_TRUE(rows) << rows.error().message();
      for (const auto& row : *rows)
        EXPECT_TRUE(row.back().is_null());
    }
    if (offset < 0) continue;
    WindowCall call;
    call.kind = WindowKind::kAggregate;
    call.frame = {.unit = FrameUnit::kRows,
                  .begin = {.kind = FrameBoundKind::kPreceding, .offset = Value::Int64(offset)},
                  .end = {.kind = FrameBoundKind::kFollowing, .offset = Value::Int64(offset)}};
    const auto rows = RunOverInts({1, 2, 3}, call);
    ASSERT_TRUE(rows) << rows.error().message();
    for (const auto& row : *rows)
      EXPECT_EQ(row.back().int64(), 3);
  }
}

TEST_F(WindowTest, NoRowsGiveNoRows) {
  const auto rows = RunOverInts({}, MakeWindowCall(WindowKind::kRowNumber, {}));
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_TRUE(rows->empty());
}

TEST_F(WindowTest, HoldsItsRowsInTheMemoryOfTheQuery) {
  memory_bytes_ = 100'000;
  std::vector<std::optional<int64_t>> values(20'000, 7);
  std::vector<std::vector<Batch>> morsels(1);
  PlanPtr input = InputOf({{"x", DataType::kInt64}});
  const PlanPtr node =
      WindowOf({}, {}, {MakeWindowCall(WindowKind::kRowNumber, {})}, std::move(input));
  for (size_t i = 0; i < 20; ++i) {
    std::vector<Column> columns;
    columns.push_back(Int64s(std::vector<std::optional<int64_t>>(1000, 7)));
    morsels[0].push_back(BatchOf(std::move(columns), 1000));
  }
  const auto rows = Run(*node, std::move(morsels));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(context().is_over_budget());
}

TEST(SlidingFoldTest, AnyBoundsThatMoveForwardGiveTheFoldOfWhatIsBetween) {
  const uint64_t seed = storage::TestSeed();
  SCOPED_TRACE("STRIA_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    // Texts, so that the order of the parts counts.
    const auto value_of = [](uint32_t i) {
      return std::string(1, static_cast<char>('a' + i % 26));
    };
    const auto combine = [](const std::string& a, const std::string& b) { return a + b; };
    SlidingFold<std::string, decltype(value_of), decltype(combine)> fold(0, value_of, combine);
    uint32_t begin = 0;
    uint32_t end = 0;
    for (int step = 0; step < 60; ++step) {
      begin += static_cast<uint32_t>(random() % 4);
      end += static_cast<uint32_t>(random() % 5);
      std::string expected;
      for (uint32_t i = begin; i < end; ++i)
        expected += value_of(i);
      ASSERT_EQ(fold.Of(begin, end), expected) << begin << " to " << end;
    }
  }
}

TEST(SlidingFoldTest, FoldsEachValueAFewTimesHoweverWideTheFrameIs) {
  constexpr uint32_t kNumValues = 10'000;
  uint64_t num_combined = 0;
  const auto value_of = [](uint32_t i) { return uint64_t{i}; };
  const auto combine = [&](uint64_t a, uint64_t b) {
    ++num_combined;
    return a + b;
  };
  for (const uint32_t width : {1U, 2U, 100U, 5'000U, 20'000U}) {
    num_combined = 0;
    SlidingFold<uint64_t, decltype(value_of), decltype(combine)> fold(0, value_of, combine);
    for (uint32_t i = 0; i < kNumValues; ++i)
      fold.Of(i < width ? 0 : i + 1 - width, i + 1);
    EXPECT_LE(num_combined, 3 * kNumValues) << width;
  }
}

}  // namespace
}  // namespace stria::query
