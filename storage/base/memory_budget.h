// How much memory a part of the process may take, and what it takes: a tree of budgets.
//
//   process
//     +- rows        memtables
//     +- cache       pages of parts
//     +- series      tags, ids and what is made of them
//     +- texts       of series whose id is known
//     +- queries
//     |    +- one for each query
//     +- requests    bodies
//
// What is charged to a budget is charged to all above it, so that no part can take what the others
// need. Charging is one relaxed addition a level: owners charge what they hold by the batch or the
// block, not by the allocation.
//
// Not everything can be charged: the heap keeps what was freed, and libraries allocate. So the root
// may be told what the system says of the whole process; what is more than was charged counts,
// until the next time, as used by somebody.
//
// Source: ClickHouse's MemoryTracker, which has the same tree and corrects its root by the resident
// set.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace stria {

/// Thread safety: thread-safe once the probe is set.
class MemoryBudget {
 public:
  static constexpr uint64_t kNoLimit = UINT64_MAX;

  /// `name` stands in error texts and metrics. `parent` outlives this; null: the root.
  MemoryBudget(std::string_view name, uint64_t limit, MemoryBudget* parent = nullptr)
      : name_(name), limit_(limit), parent_(parent) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  /// Gives back what is still charged.
  ~MemoryBudget();

  /// Charges this and all above it; null. Or charges none: then returns the lowest that has no
  /// room.
  const MemoryBudget* TryCharge(uint64_t bytes);
  /// Charges what is held already, whether or not there is room.
  void Charge(uint64_t bytes);
  /// Requires that they were charged.
  void Release(uint64_t bytes);

  /// Bytes that were charged, and what was measured beyond.
  uint64_t used() const {
    // Relaxed, here and below: counters; nothing else is published with them.
    return charged() + unaccounted_.load(std::memory_order_relaxed);
  }
  uint64_t charged() const { return charged_.load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }
  /// What is free below `percent` of the limit; kNoLimit without one.
  uint64_t FreeBelow(unsigned percent) const;
  std::string_view name() const { return name_; }

  /// Has Measure() ask `probe` for the memory of the process. Of the root; before others use it.
  void SetProbe(std::function<uint64_t()> probe) { probe_ = std::move(probe); }
  /// Lets used() be what the probe says, or what was charged if that is more. Does nothing without
  /// a probe.
  void Measure();

 private:
  const std::string name_;
  const uint64_t limit_;
  MemoryBudget* const parent_;
  std::function<uint64_t()> probe_;
  std::atomic<uint64_t> charged_ = 0;
  std::atomic<uint64_t> unaccounted_ = 0;  // That the probe saw.
};

/// What one owner has charged to a budget; given back when it dies.
///
/// Thread safety: thread-compatible.
class MemoryCharge {
 public:
  MemoryCharge() = default;
  /// `budget` outlives this.
  explicit MemoryCharge(MemoryBudget& budget) : budget_(&budget) {}
  MemoryCharge(MemoryCharge&& other) noexcept
      : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  ~MemoryCharge() { Release(); }

  /// Makes it `bytes`, if it is less. False, and nothing has changed, when there is no room.
  /// Requires a budget.
  bool GrowTo(uint64_t bytes);
  /// Makes it `bytes`, whether or not there is room. Requires a budget.
  void Set(uint64_t bytes);
  void Release();

  uint64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace stria
