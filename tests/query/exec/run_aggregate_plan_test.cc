#include "query/exec/run_aggregate_plan.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

constexpr int64_t kHour = 3600 * kNsPerSecond;

class RunAggregatePlanTest : public testing::Test {
 protected:
  static TableSchemaPtr MakeSchema() {
    auto schema = std::make_shared<TableSchema>();
    schema->database = "db";
    schema->name = "cpu";
    schema->columns = {{ColumnId(0), "time", ColumnRole::kTime, DataType::kTimestamp},
                       {ColumnId(1), "host", ColumnRole::kTag, DataType::kString},
                       {ColumnId(2), "load", ColumnRole::kField, DataType::kFloat64},
                       {ColumnId(3), "user", ColumnRole::kField, DataType::kInt64},
                       {ColumnId(4), "note", ColumnRole::kField, DataType::kString}};
    return schema;
  }

  PlanPtr scan_ = ScanOf(MakeSchema(), {"note", "user", "time", "load", "host"});

  ExprPtr Column(const char* name) const { return Ref(*scan_, name); }

  std::optional<RunAggregatePlan> Match(std::vector<ExprPtr> keys,
                                        std::vector<AggregateCall> calls) {
    const PlanPtr plan = AggregateOf(std::move(keys), std::move(calls), std::move(scan_));
    auto matched = MatchRunAggregate(*plan);
    scan_ = std::move(plan->input);
    return matched;
  }

  bool MatchesCall(AggregateCall call) { return Match({}, {std::move(call)}).has_value(); }
};

TEST_F(RunAggregatePlanTest, TakesTagsAndOneBucketInAnyOrder) {
  const auto plan = Match({BucketOf(kHour, Column("time"), 60), Column("host")},
                          {MakeAggregate(AggregateKind::kAvg, Column("user"))});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->keys[0].kind, RunColumn::Kind::kBucket);
  EXPECT_EQ(plan->keys[1].kind, RunColumn::Kind::kTag);
  EXPECT_EQ(plan->keys[1].scan_column, 4U);
  EXPECT_EQ(plan->bucket->width_ns, kHour);
  EXPECT_EQ(plan->bucket->origin_ns, 60);
  EXPECT_TRUE(Match({Column("host"), BucketOf(kHour, Column("time")), Column("host")}, {}));
  EXPECT_TRUE(Match({}, {}));
}

TEST_F(RunAggregatePlanTest, CountsFieldsByTheirPositionAmongFields) {
  const auto plan = Match({}, {MakeAggregate(AggregateKind::kMax, Column("load")),
                               MakeAggregate(AggregateKind::kMin, Column("user"))});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->arguments[0].field, 2U);
  EXPECT_EQ(plan->arguments[1].field, 1U);
}

TEST_F(RunAggregatePlanTest, LeavesKeysThatChangeWithinARun) {
  EXPECT_FALSE(Match({Column("user")}, {}));
  EXPECT_FALSE(Match({Column("time")}, {}));
  EXPECT_FALSE(Match({BucketOf(kHour, Column("time")), BucketOf(2 * kHour, Column("time"))}, {}));
  EXPECT_FALSE(Match({MakeExpr(ExprKind::kIsNull, {Column("host")})}, {}));
}

TEST_F(RunAggregatePlanTest, TakesWhatNeedsNoRow) {
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kCountStar, nullptr)));
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kCount, Literal(Value::Int64(1)))));
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kCount, Column("note"))));
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kMax, Column("host"))));
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kMin, Column("time"))));
  EXPECT_TRUE(MatchesCall(MakeAggregate(AggregateKind::kLast, Column("note"), Column("time"))));
}

TEST_F(RunAggregatePlanTest, LeavesWhatHasNoKernel) {
  EXPECT_FALSE(MatchesCall(MakeAggregate(AggregateKind::kMin, Column("note"))));
  EXPECT_FALSE(MatchesCall(
      MakeAggregate(AggregateKind::kSum,
                    MakeExpr(ExprKind::kArith, {Column("user"), Column("user")}, ExprOp::kAdd))));
  EXPECT_FALSE(MatchesCall(
      MakeAggregate(AggregateKind::kLast, Column("load"), Literal(Value::Timestamp(1)))));
  EXPECT_FALSE(
      MatchesCall(MakeAggregate(AggregateKind::kCount, Literal(Value::Null(DataType::kInt64)))));
}

TEST_F(RunAggregatePlanTest, LeavesAggregatesOfFilteredRows) {
  auto plan = AggregateOf({}, {MakeAggregate(AggregateKind::kCountStar, nullptr)},
                          FilterOf(Literal(Value::Bool(true)), std::move(scan_)));
  EXPECT_FALSE(MatchRunAggregate(*plan));
}

}  // namespace
}  // namespace stria::query
