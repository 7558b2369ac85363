// Times of many calls, and what part of them was within how much.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stria::bench {

/// Keeps every time, so that percentiles are exact.
///
/// Thread safety: confined; one for each thread, and MergeFrom() at the end.
class Percentiles {
 public:
  void Add(int64_t ns) {
    times_.push_back(ns);
    sorted_ = false;
  }
  void MergeFrom(const Percentiles& other);

  size_t count() const { return times_.size(); }
  /// The least time that `percent` of all do not exceed (the nearest rank); 0 when there are none.
  int64_t At(double percent);
  int64_t Max() { return At(100); }
  double MeanNs() const;

 private:
  std::vector<int64_t> times_;
  bool sorted_ = true;
};

}  // namespace stria::bench
