// A small plant in a real engine, and statements against it: the schema that the tests of binder
// and optimizer share.
//
//   plant.readings  time | device, line, site | temperature f64, pressure f64, count i64, total
//   u64,
//                                               ok bool, note string
//   plant.cpu       the columns of TSBS
//   other.meters    time | id | watts f64

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "query/bind/binder.h"
#include "query/optimize/optimizer.h"
#include "query/plan/logical_plan.h"
#include "query/sql/parse.h"
#include "tests/storage/engine/engine_fixture.h"

namespace stria::query {

/// A system table with two rows.
class ColorsTable final : public VirtualTable {
 public:
  const std::string& name() const override { return name_; }
  const std::string& description() const override { return description_; }
  const std::vector<VirtualColumn>& columns() const override { return columns_; }
  Result<std::vector<std::vector<Value>>> Rows() const override {
    return std::vector<std::vector<Value>>{{Value::String("red"), Value::Int64(1)},
                                           {Value::String("green"), Value::Int64(2)}};
  }

 private:
  std::string name_ = "colors";
  std::string description_ = "Colors.";
  std::vector<VirtualColumn> columns_ = {{"color", DataType::kString, "its name"},
                                         {"rank", DataType::kInt64, "its place"}};
};

/// Thread safety: confined.
class Plant {
 public:
  static constexpr int64_t kNowNs = 1'767'225'600'000'000'000;  // 2026-01-01

  Plant() {
    virtual_tables_.Add(std::make_unique<ColorsTable>());
    EXPECT_TRUE(fixture_
                    .Write("readings,device=a,site=n,line=1 "
                           "temperature=20.5,pressure=1,count=3i,total=4u,ok=t,note=\"x\" "
                           "1704067200000000000\n" +
                               CpuLine(),
                           "plant")
                    .status.ok());
    EXPECT_TRUE(fixture_.Write("meters,id=m1 watts=5 1704067200000000000", "other").status.ok());
  }

  storage::Engine& engine() { return fixture_.engine(); }
  const VirtualTableRegistry& virtual_tables() const { return virtual_tables_; }
  storage::EngineFixture& fixture() { return fixture_; }

  /// Asked from now on.
  void SetAccess(AccessCheck access) { access_ = std::move(access); }

  std::variant<BoundStatement, QueryError> Bind(const std::string& sql,
                                                const std::string& database = "plant") {
    const ParseResult parsed = ParseStatement(sql);
    if (const auto* error = std::get_if<QueryError>(&parsed)) return *error;
    const BindContext context{.engine = fixture_.engine(),
                              .virtual_tables = virtual_tables_,
                              .database = database,
                              .now_ns = kNowNs,
                              .access = &access_};
    auto bound = BindStatement(**std::get_if<std::shared_ptr<const Statement>>(&parsed), context);
    if (!bound) return bound.error();
    return std::move(*bound);
  }

  /// The plan of a SELECT; a failure of the test, and nullptr, when there is none.
  PlanPtr Plan(const std::string& sql) {
    auto bound = Bind(sql);
    if (const auto* error = std::get_if<QueryError>(&bound)) {
      ADD_FAILURE() << sql << "\n" << error->code << ": " << error->message;
      return nullptr;
    }
    auto* plan = std::get_if<PlanPtr>(std::get_if<BoundStatement>(&bound));
    return plan == nullptr ? nullptr : std::move(*plan);
  }

  /// The text of the plan before any rule.
  std::string Explain(const std::string& sql) {
    const PlanPtr plan = Plan(sql);
    return plan == nullptr ? "" : ExplainPlan(*plan);
  }

  /// The text of the plan after all rules.
  std::string Optimized(const std::string& sql) {
    PlanPtr plan = Plan(sql);
    if (plan == nullptr) return "";
    Optimize(plan);
    return ExplainPlan(*plan);
  }

  /// The error of a statement that must not bind.
  QueryError Error(const std::string& sql, const std::string& database = "plant") {
    auto bound = Bind(sql, database);
    if (auto* error = std::get_if<QueryError>(&bound)) return *error;
    ADD_FAILURE() << "no error: " << sql;
    return {};
  }

 private:
  static std::string CpuLine() {
    std::string line =
        "cpu,hostname=host_0,region=eu,datacenter=eu-1a,rack=6,os=Ubuntu,arch=x86,team=SF,service="
        "19,"
        "service_version=1,service_environment=test ";
    for (const char* field : {"user", "system", "idle", "nice", "iowait", "irq", "softirq", "steal",
                              "guest", "guest_nice"}) {
      line += std::string(line.back() == ' ' ? "" : ",") + "usage_" + field + "=58i";
    }
    return line + " 1451606400000000000\n";
  }

  storage::EngineFixture fixture_;
  VirtualTableRegistry virtual_tables_;
  AccessCheck access_;
};

}  // namespace stria::query
