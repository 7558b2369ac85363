// Time that stands still until a test moves it.

#pragma once

#include <atomic>
#include <cstdint>

#include "storage/base/clock.h"

namespace stria {

/// Thread safety: thread-safe.
class FakeClock final : public Clock {
 public:
  /// Begins at 2026-01-01 UTC.
  explicit FakeClock(int64_t now_ns = 1'767'225'600'000'000'000) : now_ns_(now_ns) {}

  int64_t NowNs() const override { return now_ns_.load(std::memory_order_relaxed); }
  int64_t MonotonicNs() const override { return now_ns_.load(std::memory_order_relaxed); }

  void Advance(int64_t ns) { now_ns_.fetch_add(ns, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> now_ns_;
};

}  // namespace stria
