// Plans as text: what EXPLAIN shows of each node.

#include "query/plan/logical_plan.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace stria::query {
namespace {

PlanPtr Scan() {
  auto table = std::make_shared<TableSchema>();
  table->database = "plant";
  table->name = "cpu";
  table->columns = {{ColumnId(0), "time", ColumnRole::kTime, DataType::kTimestamp},
                    {ColumnId(1), "host", ColumnRole::kTag, DataType::kString},
                    {ColumnId(2), "load", ColumnRole::kField, DataType::kFloat64}};
  auto scan = std::make_unique<PlanNode>();
  scan->kind = PlanKind::kScan;
  scan->columns = table->columns;
  for (const auto& column : scan->columns)
    scan->output.push_back({column.name, column.type});
  scan->request.table = std::move(table);
  return scan;
}

PlanPtr Above(PlanPtr input, PlanKind kind) {
  auto node = std::make_unique<PlanNode>();
  node->kind = kind;
  node->output = input->output;
  node->input = std::move(input);
  return node;
}

TEST(LogicalPlanTest, AScanSaysWhatItSeesToItself) {
  PlanPtr scan = Scan();
  EXPECT_EQ(ExplainPlan(*scan), "Scan plant.cpu [time, host, load]\n");
  scan->request.time = {.begin = 0, .end = 1};
  storage::TagPredicate hosts;
  hosts.tag = "host";
  for (int i = 0; i < 10; ++i)
    hosts.values.push_back("h" + std::to_string(i));
  scan->request.tags = {hosts};
  scan->request.hints = {{ColumnId(2), storage::CompareOp::kGe, 1.5}};
  scan->request.last_row_only = true;
  scan->notes = {"first note", "second note"};
  EXPECT_EQ(
      ExplainPlan(*scan),
      "Scan plant.cpu [time, host, load] time >= 1970-01-01T00:00:00.000000000Z and time < "
      "1970-01-01T00:00:00.000000001Z; host in ('h0', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7', "
      "and 2 more); skip vectors unless load >= 1.5; last row of each series  (first note; "
      "second note)\n");
  scan = Scan();
  scan->request.time = {.begin = 5, .end = 5};
  EXPECT_EQ(ExplainPlan(*scan), "Scan plant.cpu [time, host, load] time in no instant\n");
}

TEST(LogicalPlanTest, TagPredicatesReadLikeConditions) {
  using storage::TagOp;
  storage::TagPredicate tag;
  tag.tag = "host";
  tag.values = {"a", "b"};
  const auto text = [&](TagOp op) {
    tag.op = op;
    return FormatTagPredicate(tag);
  };
  EXPECT_EQ(text(TagOp::kIn), "host in ('a', 'b')");
  EXPECT_EQ(text(TagOp::kNotIn), "host not in ('a', 'b')");
  EXPECT_EQ(text(TagOp::kIsNull), "host is null");
  EXPECT_EQ(text(TagOp::kIsNotNull), "host is not null");
  tag.values = {"a%"};
  EXPECT_EQ(text(TagOp::kLike), "host like 'a%'");
  EXPECT_EQ(text(TagOp::kNotLike), "host not like 'a%'");
  tag.has_low = true;
  tag.low = "a";
  EXPECT_EQ(text(TagOp::kRange), "host >= 'a'");
  tag.has_high = tag.high_exclusive = true;
  tag.high = "c";
  EXPECT_EQ(text(TagOp::kRange), "host >= 'a' and host < 'c'");
}

TEST(LogicalPlanTest, EachNodeIsALineBelowItsParent) {
  PlanPtr plan = Above(Scan(), PlanKind::kSort);
  const ExprPtr load = MakeColumnRef(2, DataType::kFloat64, "load");
  const ExprPtr host = MakeColumnRef(1, DataType::kString, "host");
  plan->sort_keys = {
      {load, true, true}, {host, false, false}, {host, true, false}, {load, false, true}};
  plan->top = 3;
  plan = Above(std::move(plan), PlanKind::kProject);
  plan->exprs = {load, host};
  plan = Above(std::move(plan), PlanKind::kLimit);
  plan->limit = 3;
  plan->offset = 1;
  EXPECT_EQ(ExplainPlan(*plan),
            "Limit 3 offset 1\n"
            "  Project load, host\n"
            "    Sort by load DESC, host, host DESC NULLS LAST, load NULLS FIRST, first 3 only\n"
            "      Scan plant.cpu [time, host, load]\n");
  EXPECT_EQ(ExplainPlan(PlanNode()), "One row\n");
}

TEST(LogicalPlanTest, ColumnsOfASystemTableKeepTheirNames) {
  EXPECT_TRUE(CanRenameOutput(*Scan()));
  PlanPtr plan = std::make_unique<PlanNode>();
  plan->kind = PlanKind::kVirtualScan;
  EXPECT_FALSE(CanRenameOutput(*plan));
  plan = Above(Above(std::move(plan), PlanKind::kFilter), PlanKind::kLimit);
  EXPECT_FALSE(CanRenameOutput(*plan));
  EXPECT_TRUE(CanRenameOutput(*Above(std::move(plan), PlanKind::kProject)));
}

}  // namespace
}  // namespace stria::query
