#include "query/exec/physical_planner.h"

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/plan/virtual_table.h"
#include "storage/base/errors.h"
#include "storage/types/series_key.h"
#include "tests/query/exec/exec_fixture.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

using Row = std::vector<Value>;

class NumbersTable final : public VirtualTable {
 public:
  explicit NumbersTable(int64_t num_rows) : num_rows_(num_rows) {}

  const std::string& name() const override { return name_; }
  const std::string& description() const override { return name_; }
  const std::vector<VirtualColumn>& columns() const override { return columns_; }
  Result<std::vector<Row>> Rows() const override {
    if (num_rows_ < 0) return Unavailable("no rows today");
    std::vector<Row> rows;
    for (int64_t i = 0; i < num_rows_; ++i) {
      rows.push_back(
          {Value::Int64(i), i % 2 == 0 ? Value::String("even") : Value::Null(DataType::kString)});
    }
    return rows;
  }

 private:
  int64_t num_rows_;
  std::string name_ = "numbers";
  std::vector<VirtualColumn> columns_ = {{"number", DataType::kInt64, ""},
                                         {"word", DataType::kString, ""}};
};

// Does something at the first batch.
class ActingSink final : public ResultSink {
 public:
  explicit ActingSink(std::function<void()> act) : act_(std::move(act)) {}
  void OnColumns(const std::vector<OutputColumn>& /*columns*/) override { ++num_headers; }
  bool OnBatch(const Batch& /*batch*/) override {
    if (num_batches++ == 0) act_();
    return true;
  }
  void OnEnd(const QueryStats& /*stats*/, const std::string& /*note*/) override {}
  void OnError(const QueryError& /*error*/) override {}

  uint32_t num_headers = 0;
  uint32_t num_batches = 0;

 private:
  std::function<void()> act_;
};

class ExecutePlanTest : public ExecFixture {
 protected:
  // 5,000 rows of 50 devices.
  void WriteRows() {
    storage::WriteRequest request;
    request.database = "db";
    RowBatch batch;
    batch.table = "m";
    FieldColumn field;
    field.name = "x";
    field.type = DataType::kInt64;
    for (uint32_t device = 0; device < 50; ++device) {
      const std::string name = "device_" + std::to_string(device);
      std::vector<TagView> tags = {{"device", name}};
      batch.series.push_back({*MakeSeriesKey(tags)});
      for (uint32_t row = 0; row < 100; ++row) {
        batch.series_index.push_back(device);
        batch.times.push_back(int64_t{row} * kNsPerSecond);
        batch.line_offsets.push_back(0);
        field.bits.push_back(row);
        field.validity.push_back(1);
      }
    }
    field.num_valid = 5000;
    batch.fields.push_back(std::move(field));
    request.batches.push_back(std::move(batch));
    ASSERT_TRUE(engine().Write(std::move(request)).status.ok());
  }

  PlanPtr ScanRows() { return ScanOf(engine().FindTable("db", "m"), {"time", "device", "x"}); }

  // One group for each row, of which each key takes some memory.
  PlanPtr GroupEveryRow() {
    PlanPtr scan = ScanRows();
    std::vector<ExprPtr> keys = {Ref(*scan, "device"), Ref(*scan, "x")};
    return AggregateOf(std::move(keys), {MakeAggregate(AggregateKind::kCountStar, nullptr)},
                       std::move(scan));
  }

  PlanPtr ScanNumbers(int64_t num_rows) {
    numbers_ = std::make_unique<NumbersTable>(num_rows);
    auto plan = std::make_unique<PlanNode>();
    plan->kind = PlanKind::kVirtualScan;
    plan->virtual_table = numbers_.get();
    plan->output = {{"word", DataType::kString}, {"number", DataType::kInt64}};
    return plan;
  }

  std::optional<QueryError> Run(const PlanNode& plan, ResultSink& sink) {
    ExecContext exec = MakeContext();
    auto error = ExecutePlan(plan, exec, sink);
    stats_ = exec.stats;
    return error;
  }

  std::string CodeOf(const PlanNode& plan) {
    CollectingSink sink;
    const auto error = Run(plan, sink);
    return error ? error->code : "";
  }

  std::unique_ptr<NumbersTable> numbers_;
  QueryStats stats_;
};

TEST_F(ExecutePlanTest, StreamsBatchesAndCountsWhatItDid) {
  WriteRows();
  CollectingSink sink;
  ASSERT_FALSE(Run(*ScanRows(), sink));
  EXPECT_EQ(sink.rows.size(), 5000U);
  EXPECT_LE(sink.largest_batch, kMaxBatchRows);
  EXPECT_EQ(sink.columns.size(), 3U);
  EXPECT_EQ(stats_.rows_returned, 5000U);
  EXPECT_EQ(stats_.rows_scanned, 5000U);
}

TEST_F(ExecutePlanTest, StopsWhenTheSinkWantsNoMore) {
  WriteRows();
  CollectingSink sink;
  sink.stop_after_rows = 1;
  EXPECT_FALSE(Run(*ScanRows(), sink));
  EXPECT_EQ(sink.num_batches, 1U);
}

TEST_F(ExecutePlanTest, HandsOutNoMoreThanTheLimitOfRows) {
  WriteRows();
  max_rows_ = 5000;
  EXPECT_EQ(CodeOf(*ScanRows()), "");
  max_rows_ = 4999;
  CollectingSink sink;
  const auto error = Run(*ScanRows(), sink);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "resource_exhausted");
  EXPECT_LT(sink.rows.size(), 5000U);
  EXPECT_EQ(sink.rows.size(), stats_.rows_returned);
}

TEST_F(ExecutePlanTest, FailsBeforeTheFirstRowWhenTimeIsUp) {
  WriteRows();
  deadline_ns_ = clock_.MonotonicNs();
  CollectingSink sink;
  const auto error = Run(*ScanRows(), sink);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "timeout");
  EXPECT_EQ(sink.num_headers, 0U);
}

TEST_F(ExecutePlanTest, FailsAmongTheRowsWhenTimeRunsOut) {
  WriteRows();
  deadline_ns_ = clock_.MonotonicNs() + kNsPerSecond;
  ActingSink sink([this] { clock_.Advance(kNsPerSecond); });
  const auto error = Run(*ScanRows(), sink);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "timeout");
  EXPECT_EQ(sink.num_batches, 1U);
}

TEST_F(ExecutePlanTest, FailsWhenItIsCancelled) {
  WriteRows();
  ActingSink sink([this] { cancelled_ = true; });
  const auto error = Run(*ScanRows(), sink);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "cancelled");
  EXPECT_EQ(sink.num_batches, 1U);
  // Operators that read everything first do not get to a row.
  EXPECT_EQ(CodeOf(*GroupEveryRow()), "cancelled");
}

TEST_F(ExecutePlanTest, FailsWhenGroupsTakeTooMuchMemory) {
  WriteRows();
  memory_bytes_ = 1 << 20;
  EXPECT_EQ(CodeOf(*GroupEveryRow()), "");
  memory_bytes_ = 100'000;
  EXPECT_EQ(CodeOf(*GroupEveryRow()), "memory_limit");
}

TEST_F(ExecutePlanTest, FailsWhenGroupsOfRunsTakeTooMuchMemory) {
  WriteRows();
  const auto by_second = [&] {
    PlanPtr scan = ScanRows();
    std::vector<ExprPtr> keys = {Ref(*scan, "device"), BucketOf(kNsPerSecond, Ref(*scan, "time"))};
    auto call = MakeAggregate(AggregateKind::kSum, Ref(*scan, "x"));
    return AggregateOf(std::move(keys), {call}, std::move(scan));
  };
  EXPECT_EQ(CodeOf(*by_second()), "");
  memory_bytes_ = 100'000;
  EXPECT_EQ(CodeOf(*by_second()), "memory_limit");
}

TEST_F(ExecutePlanTest, FailsWhenSortedRowsTakeTooMuchMemory) {
  WriteRows();
  const auto sorted = [&](std::optional<uint64_t> top) {
    PlanPtr scan = ScanRows();
    std::vector<SortKey> keys = {{.expr = Ref(*scan, "x")}};
    return SortOf(std::move(keys), std::move(scan), top);
  };
  EXPECT_EQ(CodeOf(*sorted({})), "");
  memory_bytes_ = 50'000;
  EXPECT_EQ(CodeOf(*sorted({})), "memory_limit");
}

TEST_F(ExecutePlanTest, GivesMemoryBackBetweenExecutions) {
  WriteRows();
  memory_bytes_ = 1 << 20;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(CodeOf(*GroupEveryRow()), "");
}

TEST_F(ExecutePlanTest, ReportsASumThatDoesNotFit) {
  auto greatest = Literal(Value::Int64(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(CodeOf(*AggregateOf({}, {MakeAggregate(AggregateKind::kSum, greatest)},
                                std::make_unique<PlanNode>())),
            "");
  WriteRows();
  EXPECT_EQ(CodeOf(*AggregateOf({}, {MakeAggregate(AggregateKind::kSum, greatest)}, ScanRows())),
            "out_of_range");
}

TEST_F(ExecutePlanTest, ReadsColumnsOfASystemTableByName) {
  CollectingSink sink;
  ASSERT_FALSE(Run(*ScanNumbers(2500), sink));
  ASSERT_EQ(sink.rows.size(), 2500U);
  EXPECT_LE(sink.largest_batch, kMaxBatchRows);
  EXPECT_EQ(sink.rows[0], (Row{Value::String("even"), Value::Int64(0)}));
  EXPECT_EQ(sink.rows[2499], (Row{Value::Null(DataType::kString), Value::Int64(2499)}));
}

TEST_F(ExecutePlanTest, ReportsASystemTableThatFails) {
  CollectingSink sink;
  const auto error = Run(*ScanNumbers(-1), sink);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, "overloaded");
  EXPECT_EQ(error->message, "no rows today");
  EXPECT_EQ(sink.num_headers, 0U);
}

TEST_F(ExecutePlanTest, HasOneRowWithoutATable) {
  CollectingSink sink;
  ASSERT_FALSE(Run(*ProjectOf({Literal(Value::Int64(7))}, std::make_unique<PlanNode>()), sink));
  EXPECT_EQ(sink.rows, std::vector<Row>{{Value::Int64(7)}});
}

TEST_F(ExecutePlanTest, HasOneGroupOfNoRowsWithoutKeysAndNoneWithKeys) {
  WriteRows();
  for (const bool by_runs : {true, false}) {
    const auto none = [&] {
      PlanPtr scan = ScanRows();
      scan->request.time = {.begin = -10, .end = -5};
      if (!by_runs) scan = FilterOf(Literal(Value::Bool(true)), std::move(scan));
      return scan;
    };
    const auto count = MakeAggregate(AggregateKind::kCountStar, nullptr);
    PlanPtr scan = none();
    auto sum = MakeAggregate(AggregateKind::kSum, Ref(*scan, "x"));
    CollectingSink sink;
    ASSERT_FALSE(Run(*AggregateOf({}, {count, sum}, std::move(scan)), sink));
    EXPECT_EQ(sink.rows, (std::vector<Row>{{Value::Int64(0), Value::Null(DataType::kInt64)}}));
    CollectingSink keyed;
    scan = none();
    std::vector<ExprPtr> keys = {Ref(*scan, "device")};
    ASSERT_FALSE(Run(*AggregateOf(std::move(keys), {count}, std::move(scan)), keyed));
    EXPECT_TRUE(keyed.rows.empty());
  }
}

TEST_F(ExecutePlanTest, GroupsByBucketsTooManyForAGrid) {
  WriteRows();
  PlanPtr scan = ScanRows();
  std::vector<ExprPtr> keys = {BucketOf(1, Ref(*scan, "time"))};
  CollectingSink sink;
  ASSERT_FALSE(
      Run(*AggregateOf(std::move(keys), {MakeAggregate(AggregateKind::kCountStar, nullptr)},
                       std::move(scan)),
          sink));
  ASSERT_EQ(sink.rows.size(), 100U);
  for (const auto& row : sink.rows)
    EXPECT_EQ(row[1], Value::Int64(50));
}

TEST_F(ExecutePlanTest, ShowsItsOperators) {
  WriteRows();
  PlanPtr plan = GroupEveryRow();
  EXPECT_EQ(ExplainOperators(*plan), "HashAggregate 2 keys, 1 aggregates\n  Scan db.m\n");
  PlanPtr scan = ScanRows();
  std::vector<ExprPtr> keys = {Ref(*scan, "device")};
  plan = AggregateOf(std::move(keys), {}, std::move(scan));
  std::vector<SortKey> order = {{.expr = Ref(*plan, "device")}};
  plan = LimitOf(3, 0, SortOf(std::move(order), std::move(plan), 3));
  EXPECT_EQ(ExplainOperators(*plan),
            "Limit\n"
            "  TopN 3 rows, 1 keys\n"
            "    RunAggregate 1 keys, 0 aggregates of Scan db.m\n");
}

TEST(ToQueryErrorTest, HasTheCodeOfTheApi) {
  EXPECT_EQ(ToQueryError(Corruption("part 7 is damaged")).code, "corrupt_part");
  EXPECT_EQ(ToQueryError(Corruption("part 7 is damaged")).message, "part 7 is damaged");
  EXPECT_EQ(ToQueryError(OutOfRange("too far")).code, "out_of_range");
  EXPECT_EQ(ToQueryError(DeadlineExceeded("late")).code, "timeout");
}

}  // namespace
}  // namespace stria::query
