// The query service over a real engine in a temporary directory, and its answers as text.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "query/expr/cast.h"
#include "query/session/session.h"
#include "tests/storage/engine/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace stria::query {

/// Keeps an answer, and checks the order of the calls.
class CollectingSink : public ResultSink {
 public:
  void OnColumns(const std::vector<OutputColumn>& output) override {
    EXPECT_FALSE(has_columns_) << "OnColumns() twice";
    has_columns_ = true;
    columns = output;
  }
  bool OnBatch(const Batch& batch) override {
    EXPECT_TRUE(has_columns_ && !has_ended_) << "OnBatch() out of turn";
    EXPECT_EQ(batch.columns.size(), columns.size());
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      std::string line;
      for (const auto& column : batch.columns) {
        const Value value = column.ValueAt(row);
        line += (line.empty() ? "" : " ") + (value.is_null() ? "NULL" : FormatValue(value));
      }
      rows.push_back(std::move(line));
    }
    return true;
  }
  void OnEnd(const QueryStats& end_stats, const std::string& end_note) override {
    EXPECT_TRUE(has_columns_ && !has_ended_) << "OnEnd() out of turn";
    has_ended_ = true;
    stats = end_stats;
    note = end_note;
  }
  void OnError(const QueryError& end_error) override {
    EXPECT_FALSE(has_ended_) << "OnError() after the end";
    has_ended_ = true;
    failed = true;
    error = end_error;
  }
  bool has_ended() const { return has_ended_; }

  std::vector<OutputColumn> columns;
  std::vector<std::string> rows;  ///< values with a blank between them
  QueryStats stats;
  std::string note;
  bool failed = false;
  QueryError error;

 private:
  bool has_columns_ = false;
  bool has_ended_ = false;
};

/// Thread safety: confined.
class QueryHarness {
 public:
  QueryHarness() : executor_(MakeThreadExecutor({.num_foreground = 2, .num_background = 1})) {
    service_ = MakeQueryService(fixture_.engine(), clock_, *executor_, virtual_tables_);
  }

  void Write(const std::string& lines, const std::string& database = "plant") {
    EXPECT_TRUE(fixture_.Write(lines, database).status.ok());
  }

  QueryRequest Request(std::string sql) const {
    QueryRequest request;
    request.sql = std::move(sql);
    request.database = "plant";
    return request;
  }

  CollectingSink Run(const QueryRequest& request) {
    CollectingSink sink;
    service_->Execute(request, sink);
    EXPECT_TRUE(sink.has_ended());
    return sink;
  }
  CollectingSink Run(std::string sql) { return Run(Request(std::move(sql))); }

  /// The rows of a statement that must succeed, each with a line end.
  std::string Rows(std::string sql) {
    const CollectingSink sink = Run(std::move(sql));
    EXPECT_FALSE(sink.failed) << sink.error.code << ": " << sink.error.message;
    std::string text;
    for (const auto& row : sink.rows)
      text += row + "\n";
    return text;
  }

  storage::Engine& engine() { return fixture_.engine(); }
  QueryService& service() { return *service_; }
  FakeClock& clock() { return clock_; }
  VirtualTableRegistry& virtual_tables() { return virtual_tables_; }

 private:
  storage::EngineFixture fixture_;
  FakeClock clock_;
  std::unique_ptr<Executor> executor_;
  VirtualTableRegistry virtual_tables_;
  std::unique_ptr<QueryService> service_;
};

}  // namespace stria::query
