// Random statements, run as they were bound and as the rules left them: the answers are the same.

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "query/exec/physical_planner.h"
#include "query/expr/cast.h"
#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

constexpr int64_t kStartNs = 1'704'067'200'000'000'000;  // 2024-01-01
constexpr int64_t kStepNs = 7'000'000'000;

// Statements over `m`: time | d, e | f float64, i int64, u uint64, s string. Few values of each, so
// that conditions meet rows.
class StatementMaker {
 public:
  explicit StatementMaker(uint64_t seed) : random_(seed) {}

  size_t Below(size_t bound) {
    return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
  }
  bool OneIn(size_t n) { return Below(n) == 0; }
  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }

  std::string Lines(size_t num_rows) {
    std::string lines;
    for (size_t row = 0; row < num_rows; ++row) {
      // Every time is there once: first() and last() have one answer.
      const int64_t time = kStartNs + static_cast<int64_t>(next_row_++) * kStepNs;
      lines += "m";
      if (!OneIn(5)) lines += ",d=" + Pick({"a", "b", "c", "ab"});
      if (!OneIn(4)) lines += ",e=" + Pick({"x", "y"});
      std::string fields;
      const auto add = [&](const std::string& field) {
        if (!OneIn(3)) fields += (fields.empty() ? "" : ",") + field;
      };
      add("f=" + std::to_string(Below(9)) + (OneIn(2) ? ".5" : ""));
      add("i=" + std::to_string(static_cast<int>(Below(9)) - 4) + "i");
      add("u=" + std::to_string(Below(9)) + "u");
      add("s=\"" + Pick({"a", "b", ""}) + "\"");
      if (fields.empty()) fields = "i=0i";
      lines += " " + fields + " " + std::to_string(time) + "\n";
    }
    return lines;
  }

  std::string Statement() {
    switch (Below(7)) {
      case 0:
        return "SELECT " + Pick({"*", "i, d, time", "time, f + i AS g, e", "d", "s, s"}) + From();
      case 1: {
        const std::string keys = Pick({"d", "e, d", "time_bucket('1m', time)",
                                       "d, time_bucket('70s', "
                                       "time, '2024-01-01 00:00:03')",
                                       "i", "time_bucket('1m', time), s"});
        return "SELECT " + keys + ", " + Calls() + From() + " GROUP BY " + keys +
               (OneIn(2) ? " HAVING " + Pick({"count(*) > 3", "max(i) > 1 OR min(f) < 2",
                                              "NOT count(f) = 2"})
                         : "");
      }
      case 2: return "SELECT " + Calls() + From();
      case 3: return "SELECT DISTINCT " + Pick({"d", "e, d", "i", "d, s"}) + From();
      case 4:
        return "SELECT DISTINCT ON (" + Pick({"d) d", "d, e) e", "e) i"}) + ", time, f" + From() +
               " ORDER BY @KEYS, time DESC";  // See WithKeys().
      case 5:
        return "SELECT d, time, " + Pick({"i", "f", "u, s"}) + From() + " ORDER BY time" +
               Pick({"", " DESC"}) + " LIMIT " + std::to_string(Below(4)) +
               (OneIn(3) ? " OFFSET 1" : "");
      default: return Nested();
    }
  }

 private:
  std::string Nested() {
    switch (Below(4)) {
      case 0:
        return "SELECT d, n FROM (SELECT d, e, count(*) AS n FROM m GROUP BY d, e) WHERE " +
               Pick({"d = 'a'", "n > 4 AND e IS NULL", "d LIKE 'a%' OR n < 3"});
      case 1:
        return "SELECT x, " + Pick({"y", "y * 2"}) +
               " FROM (SELECT i + 1 AS x, time AS t, d AS y0, f AS y FROM m" + Where() +
               ") WHERE " +
               Pick({"t > '2024-01-01 00:02:00'", "y0 IN ('a', 'b')", "x > 1 AND y <= 4"});
      case 2:
        return "SELECT * FROM (SELECT DISTINCT ON (d) d, i, time FROM m" + Where() +
               " ORDER BY d, time DESC) WHERE " + Pick({"d > 'a'", "i > 0", "d IS NULL OR i < 2"});
      default:
        return "SELECT e, max(top) FROM (SELECT e, d, max(i) AS top, min(u) AS low FROM m" +
               Where() + " GROUP BY e, d) GROUP BY e";
    }
  }

  std::string Calls() {
    static const std::vector<std::string> kCalls = {
        "count(*)", "count(f)",  "sum(i)",  "avg(f)", "min(u)",     "max(f)", "last(f)",
        "first(s)", "max(time)", "last(d)", "min(e)", "last(time)", "max(d)", "sum(f * 2)"};
    std::string calls = Pick(kCalls);
    while (OneIn(2))
      calls += ", " + Pick(kCalls);
    return calls;
  }

  std::string From() { return " FROM m" + Where(); }
  std::string Where() { return OneIn(4) ? "" : " WHERE " + Condition(3); }

  std::string Condition(int depth) {
    if (depth > 0 && OneIn(2)) {
      switch (Below(4)) {
        case 0: return "(" + Condition(depth - 1) + " OR " + Condition(depth - 1) + ")";
        case 1: return "NOT (" + Condition(depth - 1) + ")";
        default: return Condition(depth - 1) + " AND " + Condition(depth - 1);
      }
    }
    const std::string op = Pick({" = ", " <> ", " < ", " <= ", " > ", " >= "});
    const std::string number = Pick({"-2", "0", "3", "3.5", "7"});
    const std::string time = "'2024-01-01 00:" + Pick({"00:07", "03:30", "07:00", "59:00"}) + "'";
    const std::string no = Pick({"", "NOT "});
    switch (Below(11)) {
      case 0: return "time" + op + time;
      case 9: return "time_bucket('" + Pick({"1m", "90s", "7m"}) + "', time)" + op + time;
      case 1: return time + op + "time";
      case 2: return "time " + no + "BETWEEN '2024-01-01 00:01:00' AND " + time;
      case 3: return Pick({"d", "e", "s"}) + op + Pick({"'a'", "'ab'", "'x'", "''"});
      case 4: return Pick({"d", "e", "s"}) + " " + no + "IN " + Pick({"('a', 'x')", "('b', NULL)"});
      case 5: return Pick({"d", "s"}) + " " + no + "LIKE " + Pick({"'a%'", "'_'", "'%b'"});
      case 6: return Pick({"d", "e", "f", "time", "s"}) + " IS " + no + "NULL";
      case 7: return Pick({"f", "i", "f + i"}) + op + number;
      case 8: return "u" + op + Pick({"0", "3", "3.5", "8"});
      default: return number + op + Pick({"f", "i"});
    }
  }

  std::mt19937_64 random_;
  size_t next_row_ = 0;
};

// The keys of DISTINCT ON begin its ORDER BY.
std::string WithKeys(std::string sql) {
  const size_t place = sql.find("@KEYS");
  if (place == std::string::npos) return sql;
  const size_t begin = sql.find('(') + 1;
  return sql.replace(place, 5, sql.substr(begin, sql.find(')') - begin));
}

class RowsSink final : public ResultSink {
 public:
  void OnColumns(const std::vector<OutputColumn>& columns) override {
    for (const auto& column : columns)
      header += column.name + " ";
  }
  bool OnBatch(const Batch& batch) override {
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      std::string text;
      for (const auto& column : batch.columns) {
        const Value value = column.ValueAt(row);
        text += (value.is_null() ? "NULL" : FormatValue(value)) + "|";
      }
      rows.push_back(std::move(text));
    }
    return true;
  }
  void OnEnd(const QueryStats&, const std::string&) override {}
  void OnError(const QueryError&) override {}

  std::string header;
  std::vector<std::string> rows;
};

class RandomPlansTest : public ::testing::Test {
 protected:
  // Header, rows (in order where the statement gives one), or the error.
  std::vector<std::string> Run(const PlanNode& plan, bool is_ordered) {
    ExecContext context{.engine = plant_.engine(),
                        .executor = *executor_,
                        .clock = SystemClock(),
                        .cancelled = nullptr,
                        .stats = {}};
    RowsSink sink;
    if (const auto error = ExecutePlan(plan, context, sink)) return {error->code, error->message};
    if (!is_ordered) std::ranges::sort(sink.rows);
    sink.rows.push_back(sink.header);
    return sink.rows;
  }

  Plant plant_;
  std::unique_ptr<Executor> executor_ = MakeThreadExecutor({});
};

TEST_F(RandomPlansTest, RulesDoNotChangeAnswers) {
  const uint64_t seed = storage::TestSeed();
  StatementMaker maker(seed);
  // Two parts and a memtable.
  for (int batch = 0; batch < 3; ++batch) {
    ASSERT_TRUE(plant_.fixture().Write(maker.Lines(80), "plant").status.ok());
    if (batch < 2) {
      ASSERT_TRUE(plant_.engine().Flush().ok());
    }
  }
  size_t num_with_rows = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string sql = WithKeys(maker.Statement());
    PlanPtr plan = plant_.Plan(sql);
    ASSERT_NE(plan, nullptr) << sql;
    const bool is_ordered = sql.find("ORDER BY time") != std::string::npos;
    const auto expected = Run(*plan, is_ordered);
    const std::string before = ExplainPlan(*plan);
    Optimize(plan);
    ASSERT_EQ(Run(*plan, is_ordered), expected) << "seed " << seed << "\n"
                                                << sql << "\n"
                                                << before << "\n"
                                                << ExplainPlan(*plan);
    num_with_rows += expected.size() > 1 ? 1U : 0U;
  }
  EXPECT_GT(num_with_rows, 1000U);  // Else the statements say little.
}

}  // namespace
}  // namespace stria::query
