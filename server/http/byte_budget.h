// How many bytes of requests may be in flight at once. What would exceed it is refused with 503, so
// that a crowd of senders slows down instead of filling the memory.

#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace stria::server {

/// Thread safety: thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t max_bytes) : max_bytes_(max_bytes) {}

  bool TryTake(uint64_t bytes) {
    // Relaxed: a counter; nothing else is published with it.
    const uint64_t before = used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (before + bytes <= max_bytes_) return true;
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void Return(uint64_t bytes) { used_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  uint64_t max_bytes() const { return max_bytes_; }

 private:
  const uint64_t max_bytes_;
  std::atomic<uint64_t> used_bytes_ = 0;
};

/// Bytes of a budget, given back when this dies.
///
/// Thread safety: thread-compatible.
class ByteShare {
 public:
  ByteShare() = default;
  explicit ByteShare(ByteBudget& budget) : budget_(&budget) {}
  ByteShare(ByteShare&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  ByteShare& operator=(ByteShare&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ByteShare(const ByteShare&) = delete;
  ByteShare& operator=(const ByteShare&) = delete;
  ~ByteShare() { Release(); }

  /// Makes this share `bytes` large, if it is smaller. False when the budget has no more.
  bool GrowTo(uint64_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_->TryTake(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  void Release() {
    if (bytes_ != 0) budget_->Return(std::exchange(bytes_, 0));
  }

 private:
  ByteBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace stria::server
