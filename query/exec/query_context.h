// The bounds of one execution: deadline, cancellation and memory. Operators ask once a batch or
// block, and account for what they hold.

#pragma once

#include <atomic>
#include <cstdint>

#include "query/exec/physical_planner.h"
#include "storage/base/memory_budget.h"
#include "storage/base/status.h"

namespace stria::query {

/// Thread safety: thread-safe.
class QueryContext {
 public:
  explicit QueryContext(ExecContext& exec)
      : exec_(exec), memory_("query", exec.memory_bytes, exec.memory) {}
  QueryContext(const QueryContext&) = delete;
  QueryContext& operator=(const QueryContext&) = delete;

  storage::Engine& engine() const { return exec_.engine; }
  Executor& executor() const { return exec_.executor; }

  /// Fails with kCancelled or kDeadlineExceeded when it is time to stop.
  Status Check() const;

  /// Fails with kResourceExhausted when there are not `bytes` more: is_over_budget() tells whether
  /// the query has used up its own budget, or all queries together that of the process.
  Status Reserve(uint64_t bytes);
  void Release(uint64_t bytes) { memory_.Release(bytes); }
  bool is_over_budget() const { return is_over_budget_.load(std::memory_order_relaxed); }

  /// Adds what a scan did to the statistics of the execution. From the calling thread.
  void AddStats(const storage::ScanStats& stats);

 private:
  ExecContext& exec_;
  MemoryBudget memory_;
  std::atomic<bool> is_over_budget_ = false;
};

/// What one owner holds of the budget; given back when it dies.
///
/// Thread safety: confined to its owner.
class MemoryUse {
 public:
  explicit MemoryUse(QueryContext& context) : context_(&context) {}
  MemoryUse(const MemoryUse&) = delete;
  MemoryUse& operator=(const MemoryUse&) = delete;
  ~MemoryUse() { context_->Release(bytes_); }

  /// Changes the holding to `bytes`. Fails with kResourceExhausted.
  Status Set(uint64_t bytes);

 private:
  QueryContext* context_;
  uint64_t bytes_ = 0;
};

}  // namespace stria::query
