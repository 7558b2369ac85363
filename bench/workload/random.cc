#include "bench/workload/random.h"

#include <cmath>

namespace stria::bench {
namespace {

constexpr double kTailBegin = 3.6541528853610088;
constexpr double kLayerArea = 0.00492867323399;

double Density(double x) {
  return std::exp(-0.5 * x * x);
}

}  // namespace

const Rng::Layers Rng::kLayers;

Rng::Layers::Layers() {
  x[0] = kLayerArea / Density(kTailBegin);
  x[1] = kTailBegin;
  for (int i = 2; i < 256; ++i)
    x[i] = std::sqrt(-2 * std::log(kLayerArea / x[i - 1] + Density(x[i - 1])));
  x[256] = 0;
  for (int i = 0; i < 256; ++i)
    ratio[i] = x[i + 1] / x[i];
}

Rng::Rng(uint64_t seed) {
  // Source: G. Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014: the
  // state must not be all zero, nor close to that of the next seed.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

double Rng::NormalOutside(uint32_t layer, double u) {
  while (true) {
    if (u < kLayers.ratio[layer] && u > -kLayers.ratio[layer]) return u * kLayers.x[layer];
    if (layer == 0) {
      double beyond = 0, height = 0;
      do {
        beyond = -std::log(1 - Uniform()) / kTailBegin;
        height = -std::log(1 - Uniform());
      } while (2 * height < beyond * beyond);
      return u < 0 ? -(kTailBegin + beyond) : kTailBegin + beyond;
    }
    const double x = u * kLayers.x[layer];
    const double outer = std::exp(-0.5 * (kLayers.x[layer] * kLayers.x[layer] - x * x));
    const double inner = std::exp(-0.5 * (kLayers.x[layer + 1] * kLayers.x[layer + 1] - x * x));
    if (outer + Uniform() * (inner - outer) < 1) return x;
    const uint64_t bits = Next();
    layer = static_cast<uint32_t>(bits & 255);
    u = static_cast<double>(static_cast<int64_t>(bits) >> 11) * 0x1p-52;
  }
}

}  // namespace stria::bench
