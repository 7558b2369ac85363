#include "bench/stria_bench/percentiles.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace stria::bench {

void Percentiles::MergeFrom(const Percentiles& other) {
  times_.insert(times_.end(), other.times_.begin(), other.times_.end());
  sorted_ = false;
}

int64_t Percentiles::At(double percent) {
  if (times_.empty()) return 0;
  if (!sorted_) std::ranges::sort(times_);
  sorted_ = true;
  const double rank = std::ceil(percent / 100 * static_cast<double>(times_.size()));
  const double last = static_cast<double>(times_.size());
  return times_[static_cast<size_t>(std::clamp(rank, 1.0, last)) - 1];
}

double Percentiles::MeanNs() const {
  if (times_.empty()) return 0;
  const double sum = std::accumulate(times_.begin(), times_.end(), 0.0);
  return sum / static_cast<double>(times_.size());
}

}  // namespace stria::bench
