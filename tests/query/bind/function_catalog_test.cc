// The list of functions knows what the binder knows, and the page is printed from it.

#include "query/bind/function_catalog.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "query/bind/expr_binder.h"
#include "query/bind/window_binder.h"
#include "query/expr/function_registry.h"
#include "tests/query/bind/plant.h"

namespace stria::query {
namespace {

TEST(FunctionCatalogTest, ListsWhatTheBinderKnows) {
  std::set<std::string> aggregates;
  std::set<std::string> windows;
  std::set<std::string> scalars;
  for (const auto& entry : ListSqlFunctions()) {
    EXPECT_TRUE(entry.signature.starts_with(entry.name + "(")) << entry.signature;
    EXPECT_TRUE(entry.description.ends_with(".")) << entry.signature;
    if (entry.kind == "aggregate") {
      aggregates.insert(entry.name);
      EXPECT_TRUE(IsAggregateName(entry.name)) << entry.name;
    } else if (entry.kind == "window") {
      windows.insert(entry.name);
      EXPECT_TRUE(IsWindowName(entry.name)) << entry.name;
    } else {
      scalars.insert(entry.name);
      EXPECT_TRUE(entry.name == "now" || HasFunction(entry.name)) << entry.name;
    }
  }
  EXPECT_EQ(aggregates, (std::set<std::string>{"approx_count_distinct",
                                               "approx_percentile",
                                               "avg",
                                               "count",
                                               "delta",
                                               "derivative",
                                               "first",
                                               "histogram",
                                               "increase",
                                               "last",
                                               "max",
                                               "max_by",
                                               "median",
                                               "min",
                                               "min_by",
                                               "mode",
                                               "percentile",
                                               "percentile_disc",
                                               "rate",
                                               "stddev",
                                               "stddev_pop",
                                               "stddev_samp",
                                               "sum",
                                               "time_weighted_avg",
                                               "var_pop",
                                               "var_samp",
                                               "variance"}));
  EXPECT_EQ(windows, (std::set<std::string>{"cume_dist", "dense_rank", "first_value", "lag",
                                            "last_value", "lead", "nth_value", "ntile",
                                            "percent_rank", "rank", "row_number"}));
  for (const auto& function : ListFunctions())
    EXPECT_TRUE(scalars.contains(function.name)) << function.name;
}

// The call that a signature shows, with a value in the place of each type.
std::string CallOf(const FunctionEntry& entry) {
  std::string call = entry.signature.substr(0, entry.signature.find(" ->"));
  for (const auto& [type, value] :
       {std::pair("[, timestamp]", ""), std::pair("low, high, n", "0, 9.5, 3"),
        std::pair(" fraction", " 0.9"), std::pair("number", "count"), std::pair("any", "note"),
        std::pair("timestamp", "time"), std::pair("interval", "now() - time"),
        std::pair("int64", "3")}) {
    const size_t arguments = call.find('(');  // row_number is a name.
    for (size_t at = call.find(type, arguments); at != std::string::npos;
         at = call.find(type, arguments))
      call.replace(at, std::string(type).size(), value);
  }
  return call;
}

TEST(FunctionCatalogTest, EveryAggregateCanBeCalledAsItsSignatureSays) {
  Plant plant;
  for (const auto& entry : ListSqlFunctions()) {
    if (entry.kind != "aggregate") continue;
    const std::string call = CallOf(entry);
    EXPECT_NE(plant.Plan("SELECT " + call + " FROM readings"), nullptr) << call;
  }
}

// They have to see a group whole.
const std::set<std::string> kTakeNoOver = {"approx_count_distinct",
                                           "approx_percentile",
                                           "delta",
                                           "derivative",
                                           "histogram",
                                           "increase",
                                           "median",
                                           "mode",
                                           "percentile",
                                           "percentile_disc",
                                           "rate",
                                           "time_weighted_avg"};

TEST(FunctionCatalogTest, AggregatesAndWindowFunctionsTakeOver) {
  Plant plant;
  for (const auto& entry : ListSqlFunctions()) {
    if (entry.kind == "scalar") continue;
    const std::string sql =
        "SELECT " + CallOf(entry) + " OVER (PARTITION BY device ORDER BY time) FROM readings";
    if (kTakeNoOver.contains(entry.name)) {
      EXPECT_EQ(plant.Error(sql).message, entry.name + "() takes no OVER");
    } else {
      EXPECT_NE(plant.Plan(sql), nullptr) << sql;
    }
  }
}

// STRIA_UPDATE_DOCS=1 writes the page instead of comparing it.
TEST(FunctionCatalogTest, ThePageIsCurrent) {
  const std::string path = STRIA_SOURCE_DIR "/docs/sql/functions.md";
  if (std::getenv("STRIA_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << PrintFunctionsPage();
    return;
  }
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), PrintFunctionsPage())
      << "print it again: STRIA_UPDATE_DOCS=1 bind_tests --gtest_filter=*ThePageIsCurrent";
}

}  // namespace
}  // namespace stria::query
