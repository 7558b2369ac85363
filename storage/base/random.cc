#include "storage/base/random.h"

#include <random>

#include "storage/base/mutex.h"

namespace stria {
namespace {

class OsRandom final : public Random {
 public:
  uint64_t Next() override {
    const MutexLock lock(mutex_);
    return (uint64_t{device_()} << 32) | device_();
  }

 private:
  Mutex mutex_;
  std::random_device device_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace

Random& SystemRandom() {
  static OsRandom random;
  return random;
}

}  // namespace stria
