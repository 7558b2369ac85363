// An executor without threads: one task at a time, on the caller's stack, picked by a seed.
//
// The same seed gives the same order, so a failure that a random test finds can be had again. Tasks
// of a lane start in the order they were posted; which lane is next is random. When nothing else
// can run, time jumps to the next delayed task.

#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <random>

#include "storage/base/executor.h"
#include "tests/support/fake_clock.h"

namespace stria {

/// Thread safety: confined.
class SimulatedExecutor final : public Executor {
 public:
  SimulatedExecutor(uint64_t seed, FakeClock& clock) : random_(seed), clock_(clock) {}

  void Post(Lane lane, Task task) override;
  void PostAfter(Lane lane, int64_t delay_ns, Task task) override;
  void ParallelFor(size_t count, const std::function<void(size_t)>& body) override;
  /// Runs tasks until `ready()`. Requires that some task makes it so.
  void WaitUntil(const std::function<bool()>& ready) override;
  void Notify() override {}

  /// Runs one task that is due; false when there is none.
  bool RunOne();
  /// Runs tasks until none is due.
  void RunAll();
  /// Moves the clock by `ns`, running what becomes due on the way.
  void RunFor(int64_t ns);

 private:
  static constexpr size_t kNumLanes = 4;

  void TakeDue();

  std::mt19937_64 random_;
  FakeClock& clock_;
  std::array<std::deque<Task>, kNumLanes> lanes_;
  std::array<bool, kNumLanes> running_ =
      {};  // A lane runs one task at a time, as one thread would.
  std::multimap<int64_t, std::pair<Lane, Task>> delayed_;  // By the time they are due.
};

}  // namespace stria
