#include "tests/support/simulated_executor.h"

#include <algorithm>
#include <utility>

#include "storage/base/check.h"

namespace stria {

void SimulatedExecutor::Post(Lane lane, Task task) {
  lanes_[static_cast<size_t>(lane)].push_back(std::move(task));
}

void SimulatedExecutor::PostAfter(Lane lane, int64_t delay_ns, Task task) {
  delayed_.emplace(clock_.MonotonicNs() + delay_ns, std::pair(lane, std::move(task)));
}

void SimulatedExecutor::ParallelFor(size_t count, const std::function<void(size_t)>& body) {
  for (size_t i = 0; i < count; ++i)
    body(i);
}

void SimulatedExecutor::TakeDue() {
  while (!delayed_.empty() && delayed_.begin()->first <= clock_.MonotonicNs()) {
    auto [lane, task] = std::move(delayed_.extract(delayed_.begin()).mapped());
    Post(lane, std::move(task));
  }
}

bool SimulatedExecutor::RunOne() {
  TakeDue();
  size_t candidates[kNumLanes];
  size_t num_candidates = 0;
  for (size_t lane = 0; lane < kNumLanes; ++lane) {
    if (!lanes_[lane].empty() && !running_[lane]) candidates[num_candidates++] = lane;
  }
  if (num_candidates == 0) return false;
  const size_t lane = candidates[random_() % num_candidates];
  Task task = std::move(lanes_[lane].front());
  lanes_[lane].pop_front();
  running_[lane] = true;
  task();
  running_[lane] = false;
  return true;
}

void SimulatedExecutor::RunAll() {
  while (RunOne()) {
  }
}

void SimulatedExecutor::RunFor(int64_t ns) {
  const int64_t end = clock_.MonotonicNs() + ns;
  RunAll();
  while (!delayed_.empty() && delayed_.begin()->first <= end) {
    clock_.Advance(std::max<int64_t>(delayed_.begin()->first - clock_.MonotonicNs(), 0));
    RunAll();
  }
  clock_.Advance(std::max<int64_t>(end - clock_.MonotonicNs(), 0));
}

void SimulatedExecutor::WaitUntil(const std::function<bool()>& ready) {
  while (!ready()) {
    if (RunOne()) continue;
    STRIA_CHECK(!delayed_.empty());  // Nobody is left who could make it ready.
    clock_.Advance(std::max<int64_t>(delayed_.begin()->first - clock_.MonotonicNs(), 0));
  }
}

}  // namespace stria
