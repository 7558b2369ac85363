// Aggregates by runs and by hash table over enough rows for several workers.

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/exec/hash_aggregate.h"
#include "query/exec/physical_planner.h"
#include "storage/types/series_key.h"
#include "tests/query/exec/exec_fixture.h"
#include "tests/query/exec/given_batches.h"
#include "tests/support/engine_rows.h"
#include "tests/support/plan_builder.h"
#include "tests/support/reference_query.h"

namespace stria::query {
namespace {

constexpr uint32_t kNumDevices = 30;
constexpr uint32_t kNumRows = 200'000;
constexpr uint32_t kNumFields = 8;

class ManyRowsTest : public ExecFixture {
 protected:
  ManyRowsTest() : random_(storage::TestSeed()) {
    constexpr uint32_t kRowsAtOnce = 40'000;
    for (uint32_t begin = 0; begin < kNumRows; begin += kRowsAtOnce)
      WriteRows(begin, begin + kRowsAtOnce);
  }

  // Devices take turns; every seventh row lacks every third field.
  void WriteRows(uint32_t begin, uint32_t end) {
    RowBatch batch;
    batch.table = "m";
    for (uint32_t device = 0; device < kNumDevices; ++device) {
      const std::string name = "device_" + std::to_string(device);
      std::vector<TagView> tags = {{"device", name}};
      batch.series.push_back({*MakeSeriesKey(tags)});
    }
    batch.fields.resize(kNumFields);
    for (uint32_t i = 0; i < kNumFields; ++i) {
      batch.fields[i].name = "x" + std::to_string(i);
      batch.fields[i].type = DataType::kInt64;
    }
    for (uint32_t row = begin; row < end; ++row) {
      batch.series_index.push_back(row % kNumDevices);
      batch.times.push_back(int64_t{row / kNumDevices} * kNsPerSecond);
      batch.line_offsets.push_back(0);
      for (uint32_t i = 0; i < kNumFields; ++i) {
        const bool is_null = row % 7 == 0 && i % 3 == 0;
        batch.fields[i].bits.push_back(is_null ? 0 : random_() % 1000);
        batch.fields[i].validity.push_back(is_null ? 0 : 1);
        batch.fields[i].num_valid += is_null ? 0U : 1U;
      }
    }
    storage::WriteRequest request;
    request.database = "db";
    request.batches.push_back(std::move(batch));
    ASSERT_TRUE(engine().Write(std::move(request)).status.ok());
  }

  // Every aggregate of every field; behind a filter that keeps all when it is not to go by runs.
  std::vector<std::vector<Value>> Rows(int64_t width_ns, bool by_runs) {
    std::vector<std::string> columns = {"device", "time"};
    for (uint32_t i = 0; i < kNumFields; ++i)
      columns.push_back("x" + std::to_string(i));
    PlanPtr input = ScanOf(engine().FindTable("db", "m"), columns);
    std::vector<ExprPtr> keys = {Ref(*input, "device"), BucketOf(width_ns, Ref(*input, "time"))};
    std::vector<AggregateCall> calls = {MakeAggregate(AggregateKind::kCountStar, nullptr)};
    constexpr AggregateKind kKinds[] = {
        AggregateKind::kCount, AggregateKind::kSum,   AggregateKind::kAvg, AggregateKind::kMin,
        AggregateKind::kMax,   AggregateKind::kFirst, AggregateKind::kLast};
    for (uint32_t i = 0; i < kNumFields; ++i) {
      calls.push_back(MakeAggregate(kKinds[i % std::size(kKinds)],
                                    Ref(*input, "x" + std::to_string(i)), Ref(*input, "time")));
    }
    if (!by_runs) input = FilterOf(Literal(Value::Bool(true)), std::move(input));
    PlanPtr plan = AggregateOf(std::move(keys), std::move(calls), std::move(input));
    std::vector<SortKey> order = {{.expr = MakeColumnRef(0, DataType::kString, "device")},
                                  {.expr = MakeColumnRef(1, DataType::kTimestamp, "bucket")}};
    plan = SortOf(std::move(order), std::move(plan));
    EXPECT_EQ(ExplainOperators(*plan).find("RunAggregate") != std::string::npos, by_runs);
    CollectingSink sink;
    ExecContext exec = MakeContext();
    const auto error = ExecutePlan(*plan, exec, sink);
    EXPECT_FALSE(error.has_value()) << error->message;
    return std::move(sink.rows);
  }

  void ComparePaths(int64_t width_ns) {
    const auto by_runs = Rows(width_ns, true);
    const auto by_hash = Rows(width_ns, false);
    ASSERT_EQ(by_runs.size(), by_hash.size());
    for (size_t row = 0; row < by_runs.size(); ++row) {
      ASSERT_EQ(by_runs[row], by_hash[row])
          << RowText(by_runs[row]) << " by runs, " << RowText(by_hash[row]) << " by hash table";
    }
  }

  std::mt19937 random_;
};

TEST_F(ManyRowsTest, HaveTheSameAggregatesByRunsAndByHashTable) {
  ComparePaths(3 * kNsPerSecond);  // More groups than a grid may have.
  ASSERT_TRUE(engine().Flush().ok());
  ComparePaths(600 * kNsPerSecond);
}

TEST_F(ExecFixture, HashAggregateMergesWhatItsWorkersSaw) {
  // Each of many morsels has some of the keys; every key must come out once with all its rows.
  constexpr int kNumMorsels = 64;
  std::vector<std::vector<Batch>> morsels;
  for (int morsel = 0; morsel < kNumMorsels; ++morsel) {
    std::vector<std::optional<std::string>> keys;
    std::vector<std::optional<int64_t>> values;
    for (int row = 0; row < 500; ++row) {
      keys.emplace_back("key " + std::to_string((morsel * 31 + row) % 700));
      values.emplace_back(morsel * 500 + row);
    }
    morsels.emplace_back();
    morsels.back().push_back(BatchOf({Strings(keys), Int64s(values)}, 500));
  }
  PlanNode input;
  input.output = {{"key", DataType::kString}, {"value", DataType::kInt64}};
  const PlanPtr plan = AggregateOf({Ref(input, "key")},
                                   {MakeAggregate(AggregateKind::kCountStar, nullptr),
                                    MakeAggregate(AggregateKind::kSum, Ref(input, "value"))},
                                   std::make_unique<PlanNode>());
  HashAggregateOperator aggregate(
      *plan, std::make_unique<GivenBatches>(std::move(morsels), kParallelRows * 2), context());
  ASSERT_TRUE(aggregate.Open().ok());
  EXPECT_EQ(aggregate.estimated_rows(), 700U);
  std::set<std::string> keys;
  int64_t num_rows = 0;
  int64_t sum = 0;
  const auto read = aggregate.Read(0, [&](Batch&& batch) -> Result<bool> {
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      EXPECT_TRUE(keys.insert(batch.columns[0].ValueAt(row).string()).second);
      num_rows += batch.columns[1].ValueAt(row).int64();
      sum += batch.columns[2].ValueAt(row).int64();
    }
    return true;
  });
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(keys.size(), 700U);
  EXPECT_EQ(num_rows, kNumMorsels * 500);
  constexpr int64_t kNumValues = kNumMorsels * 500;
  EXPECT_EQ(sum, kNumValues * (kNumValues - 1) / 2);
}

}  // namespace
}  // namespace stria::query
