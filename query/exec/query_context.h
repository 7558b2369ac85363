// The bounds of one execution: deadline, cancellation and memory. Operators ask once a batch or
// block, and account for what they hold.

#pragma once

#include <atomic>
#include <cstdint>

#include "query/exec/physical_planner.h"
#include "storage/base/status.h"

namespace stria::query {

/// Thread safety: thread-safe.
class QueryContext {
 public:
  explicit QueryContext(ExecContext& exec) : exec_(exec) {}
  QueryContext(const QueryContext&) = delete;
  QueryContext& operator=(const QueryContext&) = delete;

  storage::Engine& engine() const { return exec_.engine; }
  Executor& executor() const { return exec_.executor; }

  /// Fails with kCancelled or kDeadlineExceeded when it is time to stop.
  Status Check() const;

  /// Fails with kResourceExhausted, and then is_over_budget(), when the budget does not have
  /// `bytes` more.
  Status Reserve(uint64_t bytes);
  void Release(uint64_t bytes) { memory_used_.fetch_sub(bytes, std::memory_order_relaxed); }
  bool is_over_budget() const { return is_over_budget_.load(std::memory_order_relaxed); }

  /// Adds what a scan did to the statistics of the execution. From the calling thread.
  void AddStats(const storage::ScanStats& stats);

 private:
  ExecContext& exec_;
  std::atomic<uint64_t> memory_used_ = 0;  // A counter; nothing is published by it.
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
