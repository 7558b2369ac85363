// Random plans over random rows, in every state that rows can be in, against the reference.

#include "tests/query/exec/random_plan.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/exec/physical_planner.h"
#include "tests/query/exec/random_table.h"
#include "tests/storage/engine/engine_fixture.h"
#include "tests/support/plan_builder.h"
#include "tests/support/reference_query.h"

namespace stria::query {
namespace {

constexpr int kPlansPerState = 30;

// By all columns, those that are exact first.
std::vector<SortKey> ByAllColumns(const PlanNode& plan) {
  std::vector<SortKey> keys;
  for (const bool is_float : {false, true}) {
    for (uint32_t i = 0; i < plan.output.size(); ++i) {
      const auto& column = plan.output[i];
      if ((column.type == DataType::kFloat64) == is_float)
        keys.push_back({.expr = MakeColumnRef(i, column.type, column.name)});
    }
  }
  return keys;
}

class RandomPlanTest : public testing::TestWithParam<uint32_t> {
 protected:
  RandomPlanTest()
      : seed_(storage::TestSeed()), fixture_(GetParam()), table_(seed_ * 1000 + GetParam()) {}

  void Write(const std::vector<RandomTable::Stretch>& stretches) {
    const auto result = fixture_.engine().Write(table_.MakeRequest(stretches));
    ASSERT_TRUE(result.status.ok()) << result.status.ToString();
    ASSERT_EQ(result.rows_rejected, 0U);
  }

  // Long regular series of several vectors, short ones, irregular ones; from before 1970 on.
  void WriteFirstRows() {
    Write({{"a0", "b0", -500 * RandomTable::kStep, 1100, true},
           {"a1", "", -20 * RandomTable::kStep, 300, true},
           {"a2", "b0", -7, 200, false},
           {"a3", "b1", kNsPerDay - 50 * RandomTable::kStep, 150, true},
           {"a4", "", 5, 1, true},
           {"a0", "b1", 0, 100, false}});
  }

  // Some rows over those that are there, some after them.
  void WriteMoreRows() {
    Write({{"a0", "b0", 100 * RandomTable::kStep, 300, true},
           {"a1", "", 250 * RandomTable::kStep, 100, true},
           {"a3", "b1", kNsPerDay - 10 * RandomTable::kStep, 80, true},
           {"a5", "b1", 3, 50, false}});
  }

  void ComparePlans(const std::string& state) {
    const ReferenceTable& reference = table_.reference();
    const auto schema = fixture_.engine().FindTable("db", RandomTable::kName);
    ASSERT_NE(schema, nullptr);
    for (int i = 0; i < kPlansPerState; ++i) {
      const RandomPlan random = MakeRandomPlan(schema, table_.random());
      SCOPED_TRACE(state + ", seed " + std::to_string(seed_) + "\n" + ExplainPlan(*random.plan) +
                   ExplainOperators(*random.plan));
      ComparePlan(random, reference);
      if (HasFailure()) return;
    }
  }

  void ComparePlan(const RandomPlan& random, const ReferenceTable& reference) {
    CollectingSink sink;
    ExecContext context{.engine = fixture_.engine(),
                        .executor = *fixture_.env().executor,
                        .clock = SystemClock(),
                        .stats = {}};
    const auto error = ExecutePlan(*random.plan, context, sink);
    ASSERT_FALSE(error.has_value()) << error->message;
    EXPECT_EQ(sink.num_headers, 1U);
    EXPECT_LE(sink.largest_batch, kMaxBatchRows);
    EXPECT_EQ(context.stats.rows_returned, sink.rows.size());
    auto expected = ReferenceRows(*random.plan, reference);
    if (!random.is_ordered) {
      const auto keys = ByAllColumns(*random.plan);
      const auto is_before = [&](const ReferenceRow& a, const ReferenceRow& b) {
        return ReferenceOrder(keys, a, b) < 0;
      };
      std::ranges::sort(expected, is_before);
      std::ranges::sort(sink.rows, is_before);
    }
    ASSERT_EQ(sink.rows.size(), expected.size());
    for (size_t row = 0; row < expected.size(); ++row) {
      const bool is_same =
          std::ranges::equal(sink.rows[row], expected[row],
                             [](const Value& a, const Value& b) { return SameValue(a, b); });
      ASSERT_TRUE(is_same) << "row " << row << " is " << RowText(sink.rows[row]) << ", not "
                           << RowText(expected[row]);
    }
  }

  uint64_t seed_;
  storage::EngineFixture fixture_;
  RandomTable table_;
};

TEST_P(RandomPlanTest, OfRowsInMemory) {
  WriteFirstRows();
  ComparePlans("in memory");
  WriteMoreRows();
  ComparePlans("in memory, written again");
}

TEST_P(RandomPlanTest, OfRowsInParts) {
  WriteFirstRows();
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  ComparePlans("in parts");
  WriteMoreRows();
  ComparePlans("in parts, with newer rows in memory over them");
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  ComparePlans("in parts that overlap");
}

TEST_P(RandomPlanTest, OfRowsCompactedAndAfterARestart) {
  WriteFirstRows();
  ASSERT_TRUE(fixture_.engine().Flush().ok());
  WriteMoreRows();
  ASSERT_TRUE(fixture_.engine().Compact().ok());
  ComparePlans("compacted");
  WriteMoreRows();
  fixture_.Restart();
  ComparePlans("compacted, with rows from the log over them");
}

INSTANTIATE_TEST_SUITE_P(Shards, RandomPlanTest, testing::Values(1U, 4U));

}  // namespace
}  // namespace stria::query
