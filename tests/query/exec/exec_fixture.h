// An engine, and a query context over it, for tests of operators.

#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "query/exec/physical_planner.h"
#include "query/exec/query_context.h"
#include "tests/storage/engine/engine_fixture.h"
#include "tests/support/fake_clock.h"

namespace stria::query {

class ExecFixture : public testing::Test {
 protected:
  storage::Engine& engine() { return engine_.engine(); }

  /// One with the limits below, as they are at the call.
  ExecContext MakeContext() {
    return {.engine = engine_.engine(),
            .executor = *executor_,
            .clock = clock_,
            .deadline_ns = deadline_ns_,
            .cancelled = &cancelled_,
            .memory_bytes = memory_bytes_,
            .max_rows = max_rows_,
            .stats = {}};
  }

  /// Of one execution that lasts as long as the test.
  QueryContext& context() {
    if (context_ == nullptr) {
      exec_.emplace(MakeContext());
      context_ = std::make_unique<QueryContext>(*exec_);
    }
    return *context_;
  }

  FakeClock clock_;
  std::atomic<bool> cancelled_ = false;
  int64_t deadline_ns_ = std::numeric_limits<int64_t>::max();
  uint64_t memory_bytes_ = 1ULL << 30;
  uint64_t max_rows_ = 0;

 private:
  std::unique_ptr<Executor> executor_ = MakeThreadExecutor({});
  storage::EngineFixture engine_;
  std::optional<ExecContext> exec_;
  std::unique_ptr<QueryContext> context_;
};

}  // namespace stria::query
