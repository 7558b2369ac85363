// Random bits for identifiers and nonces, as an interface so that the simulator can seed it.

#pragma once

#include <cstdint>

namespace stria {

/// Thread safety: thread-safe.
class Random {
 public:
  virtual ~Random() = default;

  /// 64 independent uniform bits.
  virtual uint64_t Next() = 0;
};

/// Bits from the operating system's generator. Lives until the process ends.
Random& SystemRandom();

}  // namespace stria
