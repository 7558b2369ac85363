// Random bits that come again with the same seed.

#pragma once

#include <cstdint>
#include <random>

#include "storage/base/mutex.h"
#include "storage/base/random.h"

namespace stria {

/// Thread safety: thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : random_(seed) {}

  uint64_t Next() override {
    const MutexLock lock(mutex_);
    return random_();
  }

 private:
  Mutex mutex_;
  std::mt19937_64 random_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria
