// How many statements compute at once. One that waits for its client to read has given its place
// away, so that clients who do not read take nothing from those who do but a sleeping thread.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace stria::server {

/// Thread safety: thread-safe.
class QueryPlaces {
 public:
  explicit QueryPlaces(size_t num_places) : num_free_(num_places) {}

  /// Waits for a place.
  void Take() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return num_free_ > 0; });
    --num_free_;
  }

  /// Gives a place back that was taken.
  void Give() {
    {
      const std::lock_guard lock(mutex_);
      ++num_free_;
    }
    freed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t num_free_;
};

}  // namespace stria::server
