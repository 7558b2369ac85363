// Where tasks run. Below server/ nothing starts a thread or waits except through this interface, so
// that the simulator can run the same engine on one thread, in an order picked by a seed.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace stria {

using Task = std::function<void()>;

/// Which of the executor's threads a task wants. kLog tasks sync the write-ahead log and must never
/// wait behind others; kBackground tasks may take seconds (flush). kCompaction tasks run one at a
/// time and give way to all others: where there is no idle core they hardly run.
enum class Lane : uint8_t { kLog, kForeground, kBackground, kCompaction };

/// Thread safety: thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs `task` soon, on another stack. Tasks of one lane start in the order they were posted.
  virtual void Post(Lane lane, Task task) = 0;

  /// Runs `task` once, no earlier than `delay_ns` from now.
  virtual void PostAfter(Lane lane, int64_t delay_ns, Task task) = 0;

  /// Runs body(0) ... body(count - 1), on this thread and on idle foreground ones, and returns when
  /// all have ended.
  virtual void ParallelFor(size_t count, const std::function<void(size_t)>& body) = 0;

  /// Returns when `ready()` is true; it is asked again after every Notify().
  virtual void WaitUntil(const std::function<bool()>& ready) = 0;

  /// Wakes everyone in WaitUntil(). Call after changing what a `ready` looks at.
  virtual void Notify() = 0;
};

struct ThreadExecutorOptions {
  size_t num_foreground = 2;
  size_t num_background = 1;
};

/// Real threads: one for kLog, one for kCompaction, and those of `options`. The destructor finishes
/// posted tasks, drops delayed ones, and joins.
std::unique_ptr<Executor> MakeThreadExecutor(ThreadExecutorOptions options);

}  // namespace stria
