// The fold of values [begin, end) of a sequence, for bounds that only move forward: O(1) a value,
// without ever taking a value out of a fold, so that a sum of floats does not drift and a minimum
// needs no queue of candidates.
//
// Values up to `middle` are folded from the back: suffixes[i] is the fold of [i, middle). Those
// from there on are one running fold. When `begin` passes the middle, the middle moves to the end.
//
//       begin      middle          end
//     ----[----------|--------------)-----
//          suffixes        running
//
// Source: K. Tangwongsan, M. Hirzel, S. Schneider, "Low-latency sliding-window aggregation in
// worst-case constant time", DEBS 2017, section 2.2 (two stacks).
// Differs: values are read again when the middle moves, so only their folds are kept.

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace stria::query {

/// `ValueOf(i)` is the fold of value i alone, `Combine(a, b)` that of what `a` and then `b` are of;
/// State{} is the fold of nothing.
///
/// Thread safety: confined.
template <typename State, typename ValueOf, typename Combine>
class SlidingFold {
 public:
  SlidingFold(uint32_t begin, ValueOf value_of, Combine combine)
      : value_of_(std::move(value_of)), combine_(std::move(combine)), middle_(begin), end_(begin) {}

  /// Neither bound is less than in the call before.
  State Of(uint32_t begin, uint32_t end) {
    if (begin >= end) return State{};
    if (begin >= end_) {  // Nothing of what is folded is in there.
      middle_ = end_ = begin;
      running_ = State{};
    }
    for (; end_ < end; ++end_)
      running_ = combine_(running_, value_of_(end_));
    if (begin > middle_) MoveMiddle(begin);
    if (begin == middle_) return running_;
    return combine_(suffixes_[begin - first_suffix_], running_);
  }

 private:
  void MoveMiddle(uint32_t begin) {
    suffixes_.resize(end_ - begin);
    State suffix{};
    for (uint32_t i = end_; i-- > begin;) {
      suffix = combine_(value_of_(i), suffix);
      suffixes_[i - begin] = suffix;
    }
    first_suffix_ = begin;
    middle_ = end_;
    running_ = State{};
  }

  ValueOf value_of_;
  Combine combine_;
  std::vector<State> suffixes_;
  uint32_t first_suffix_ = 0;
  uint32_t middle_;
  uint32_t end_;  // Values below are folded.
  State running_{};
};

}  // namespace stria::query
