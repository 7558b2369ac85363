#include "storage/base/executor.h"

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>

namespace stria {
namespace {

// A tenth of the time of a thread of normal priority, when both want the same core.
constexpr int kCompactionNice = 10;

using SteadyClock = std::chrono::steady_clock;

// The tasks of one lane and the threads that take them.
class LaneQueue {
 public:
  // `nice` is what the threads' priority is lowered by, as nice(1) has it.
  explicit LaneQueue(size_t num_threads, int nice = 0) {
    for (size_t i = 0; i < num_threads; ++i) {
      threads_.emplace_back([this, nice](const std::stop_token& stop) {
        // Of this thread alone, on Linux. Where it is not allowed the lane runs as the others do.
        if (nice != 0) static_cast<void>(::setpriority(PRIO_PROCESS, 0, nice));
        Run(stop);
      });
    }
  }

  ~LaneQueue() { Stop(); }

  void Stop() {
    for (auto& thread : threads_)
      thread.request_stop();
    wake_.notify_all();
    threads_.clear();
  }

  void Push(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

  void PushAt(SteadyClock::time_point due, Task task) {
    {
      const std::lock_guard lock(mutex_);
      delayed_.emplace(due, std::move(task));
    }
    wake_.notify_one();
  }

  size_t num_threads() const { return threads_.size(); }

 private:
  void Run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (true) {
      for (const auto now = SteadyClock::now();
           !delayed_.empty() && delayed_.begin()->first <= now;) {
        tasks_.push_back(std::move(delayed_.extract(delayed_.begin()).mapped()));
      }
      if (!tasks_.empty()) {
        Task task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
        task = nullptr;  // What it holds dies outside the lock.
        lock.lock();
        continue;
      }
      if (stop.stop_requested()) return;
      const auto changed = [&] { return stop.stop_requested() || !tasks_.empty(); };
      if (delayed_.empty()) {
        wake_.wait(lock, [&] { return changed() || !delayed_.empty(); });
      } else {
        const auto due = delayed_.begin()->first;
        wake_.wait_until(lock, due, [&] {
          return changed() || delayed_.empty() || delayed_.begin()->first < due;
        });
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::multimap<SteadyClock::time_point, Task> delayed_;
  std::vector<std::jthread> threads_;
};

class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(ThreadExecutorOptions options)
      : log_(1),
        foreground_(options.num_foreground),
        background_(options.num_background),
        compaction_(1, kCompactionNice) {}

  ~ThreadExecutor() override {
    compaction_.Stop();
    background_.Stop();
    foreground_.Stop();
    log_.Stop();
  }

  void Post(Lane lane, Task task) override { queue(lane).Push(std::move(task)); }

  void PostAfter(Lane lane, int64_t delay_ns, Task task) override {
    queue(lane).PushAt(SteadyClock::now() + std::chrono::nanoseconds(delay_ns), std::move(task));
  }

  void ParallelFor(size_t count, const std::function<void(size_t)>& body) override {
    // Shared, because a helper may start after everything is done and this frame is gone.
    struct Loop {
      std::atomic<size_t> next = 0;
      std::atomic<size_t> num_done = 0;
      std::mutex mutex;
      std::condition_variable done;
    };
    const auto loop = std::make_shared<Loop>();
    const auto work = [loop, count, &body] {
      for (size_t i = loop->next.fetch_add(1); i < count; i = loop->next.fetch_add(1)) {
        body(i);
        if (loop->num_done.fetch_add(1) + 1 == count) {
          const std::lock_guard lock(loop->mutex);
          loop->done.notify_all();
        }
      }
    };
    const size_t num_helpers = count < 2 ? 0 : std::min(count - 1, foreground_.num_threads());
    for (size_t i = 0; i < num_helpers; ++i)
      foreground_.Push(work);
    work();
    std::unique_lock lock(loop->mutex);
    loop->done.wait(lock, [&] { return loop->num_done.load() == count; });
  }

  void WaitUntil(const std::function<bool()>& ready) override {
    std::unique_lock lock(wait_mutex_);
    wait_.wait(lock, ready);
  }

  void Notify() override {
    // Taking the lock orders this after a waiter's last look and before its sleep.
    { const std::lock_guard lock(wait_mutex_); }
    wait_.notify_all();
  }

 private:
  LaneQueue& queue(Lane lane) {
    switch (lane) {
      case Lane::kLog: return log_;
      case Lane::kForeground: return foreground_;
      case Lane::kCompaction: return compaction_;
      case Lane::kBackground: break;
    }
    return background_;
  }

  LaneQueue log_;
  LaneQueue foreground_;
  LaneQueue background_;
  LaneQueue compaction_;
  std::mutex wait_mutex_;
  std::condition_variable wait_;
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor(ThreadExecutorOptions options) {
  return std::make_unique<ThreadExecutor>(options);
}

}  // namespace stria
