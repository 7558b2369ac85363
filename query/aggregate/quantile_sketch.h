// Quantiles of numbers in bounded memory: the answer is off by at most one percent of itself.
//
// Numbers fall into bins that grow by a constant factor, so that the middle of a bin is within the
// error of each number in it; only counts of bins are kept. Numbers below 1e-12 in magnitude count
// as 0. Adding and merging never change the error. A sketch holds at most 2,048 bins for each sign,
// a range of 10^17; beyond, the bins next to 0 become one, and only quantiles that fall there are
// off by more.
//
// Source: C. Masson, J. E. Rim and H. K. Lee, "DDSketch: A fast and fully-mergeable quantile sketch
// with relative-error guarantees", VLDB 2019.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stria::query {

/// Thread safety: thread-compatible.
class QuantileSketch {
 public:
  static constexpr double kRelativeError = 0.01;

  /// NaN counts as greater than all numbers.
  void Add(double value);
  void Merge(const QuantileSketch& other);

  uint64_t count() const { return count_; }

  /// The value that a share of `fraction`, 0 .. 1, of the others are at or before, within
  /// kRelativeError of one that was added; 0 and 1 give the very least and greatest. Requires
  /// count() > 0.
  double Quantile(double fraction) const;

  size_t MemoryBytes() const;

 private:
  // Counts of neighbouring bins.
  struct Bins {
    int32_t first = 0;  // The number of counts[0].
    std::vector<uint64_t> counts;

    void Add(int32_t bin, uint64_t count);
    void Merge(const Bins& other);
    uint64_t Total() const;
  };

  uint64_t count_ = 0;
  uint64_t num_zeros_ = 0;
  uint64_t num_nans_ = 0;
  double least_ = 0;  // Of numbers that are not NaN.
  double greatest_ = 0;
  Bins positives_;
  Bins negatives_;  // By magnitude.
};

}  // namespace stria::query
