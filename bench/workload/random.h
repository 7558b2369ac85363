// The random numbers of the workloads: fast, and the same on every machine for the same seed.

#pragma once

#include <cstdint>

#include "storage/base/int128.h"

namespace stria::bench {

/// Thread safety: confined.
class Rng {
 public:
  explicit Rng(uint64_t seed);

  /// 64 uniform bits.
  uint64_t Next() {
    // Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2021:
    // xoshiro256++.
    const uint64_t result = Rotate(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  /// Uniform in [low, high).
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// Uniform in [0, bound). Requires 0 < bound < 2^63.
  uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<Int128>(Next()) * static_cast<Int128>(bound)) >> 64);
  }
  bool Chance(double probability) { return Uniform() < probability; }

  /// Normal with mean 0 and standard deviation 1.
  double Normal() {
    const uint64_t bits = Next();
    const auto layer = static_cast<uint32_t>(bits & 255);
    const double u = static_cast<double>(static_cast<int64_t>(bits) >> 11) * 0x1p-52;
    if (u < kLayers.ratio[layer] && u > -kLayers.ratio[layer]) return u * kLayers.x[layer];
    return NormalOutside(layer, u);
  }

 private:
  // Source: G. Marsaglia, W. W. Tsang, "The ziggurat method for generating random variables", J.
  // Stat. Software 5 (2000); constants for 256 layers. `ratio[i]` is x[i + 1] / x[i]: inside it a
  // point of layer i lies under the curve for sure.
  struct Layers {
    double x[257];
    double ratio[256];
    Layers();
  };
  static const Layers kLayers;

  static uint64_t Rotate(uint64_t bits, int by) { return (bits << by) | (bits >> (64 - by)); }
  double NormalOutside(uint32_t layer, double u);

  uint64_t state_[4];
};

}  // namespace stria::bench
