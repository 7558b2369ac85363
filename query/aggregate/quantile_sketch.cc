#include "query/aggregate/quantile_sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace stria::query {
namespace {

constexpr double kLeastMagnitude = 1e-12;
constexpr size_t kMaxBins = 2048;
constexpr double kGrowth =
    (1 + QuantileSketch::kRelativeError) / (1 - QuantileSketch::kRelativeError);

int32_t BinOf(double magnitude) {
  static const double kPerLog = 1 / std::log(kGrowth);
  const double greatest = std::numeric_limits<double>::max();
  return static_cast<int32_t>(std::ceil(std::log(std::min(magnitude, greatest)) * kPerLog));
}

// As far, in ratio, from either end of the bin.
double MiddleOf(int32_t bin) {
  return 2 * std::pow(kGrowth, bin) / (kGrowth + 1);
}

}  // namespace

void QuantileSketch::Bins::Add(int32_t bin, uint64_t count) {
  if (counts.empty()) first = bin;
  const int32_t last = first + static_cast<int32_t>(counts.size()) - 1;
  if (bin > last) {
    counts.resize(static_cast<size_t>(bin - first) + 1);
  } else if (bin < first && !counts.empty()) {
    // Below what there is room for counts as the least bin that there is room for.
    const auto room = static_cast<int32_t>(kMaxBins - std::min(kMaxBins, counts.size()));
    const int32_t more = std::min(first - bin, room);
    counts.insert(counts.begin(), static_cast<size_t>(more), 0);
    first -= more;
    bin = std::max(bin, first);
  }
  if (counts.size() > kMaxBins) {
    const size_t surplus = counts.size() - kMaxBins;
    const auto end = counts.begin() + static_cast<ptrdiff_t>(surplus);
    counts[surplus] += std::accumulate(counts.begin(), end, uint64_t{0});
    counts.erase(counts.begin(), end);
    first += static_cast<int32_t>(surplus);
  }
  counts[static_cast<size_t>(bin - first)] += count;
}

void QuantileSketch::Bins::Merge(const Bins& other) {
  for (size_t i = 0; i < other.counts.size(); ++i) {
    if (other.counts[i] > 0) Add(other.first + static_cast<int32_t>(i), other.counts[i]);
  }
}

uint64_t QuantileSketch::Bins::Total() const {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

void QuantileSketch::Add(double value) {
  ++count_;
  if (std::isnan(value)) {
    ++num_nans_;
    return;
  }
  const bool is_first = count_ - num_nans_ == 1;
  least_ = is_first ? value : std::min(least_, value);
  greatest_ = is_first ? value : std::max(greatest_, value);
  const double magnitude = std::fabs(value);
  if (magnitude < kLeastMagnitude) {
    ++num_zeros_;
  } else {
    (value > 0 ? positives_ : negatives_).Add(BinOf(magnitude), 1);
  }
}

void QuantileSketch::Merge(const QuantileSketch& other) {
  if (other.count_ > other.num_nans_) {
    const bool is_first = count_ == num_nans_;
    least_ = is_first ? other.least_ : std::min(least_, other.least_);
    greatest_ = is_first ? other.greatest_ : std::max(greatest_, other.greatest_);
  }
  count_ += other.count_;
  num_zeros_ += other.num_zeros_;
  num_nans_ += other.num_nans_;
  positives_.Merge(other.positives_);
  negatives_.Merge(other.negatives_);
}

double QuantileSketch::Quantile(double fraction) const {
  auto rank = static_cast<uint64_t>(fraction * static_cast<double>(count_ - 1));
  const uint64_t num_numbers = count_ - num_nans_;
  if (rank >= num_numbers) return std::numeric_limits<double>::quiet_NaN();
  if (rank == 0) return least_;
  if (rank == num_numbers - 1) return greatest_;
  for (size_t i = negatives_.counts.size(); i > 0; --i) {
    if (rank < negatives_.counts[i - 1])
      return std::max(-MiddleOf(negatives_.first + static_cast<int32_t>(i) - 1), least_);
    rank -= negatives_.counts[i - 1];
  }
  if (rank < num_zeros_) return 0;
  rank -= num_zeros_;
  for (size_t i = 0; i < positives_.counts.size(); ++i) {
    if (rank < positives_.counts[i])
      return std::min(MiddleOf(positives_.first + static_cast<int32_t>(i)), greatest_);
    rank -= positives_.counts[i];
  }
  return greatest_;
}

size_t QuantileSketch::MemoryBytes() const {
  return (positives_.counts.capacity() + negatives_.counts.capacity()) * sizeof(uint64_t);
}

}  // namespace stria::query
