// count, sum, avg, min, max, first and last, as arrays indexed by group.
//
// They are fed by rows that carry a group each (hash_aggregate), or by totals of slices of a vector
// (run_aggregate). Both end in the same numbers:
//
//   * A group without values has count 0 and NULL for everything else.
//   * Integers are summed in 128 bits, so the order of adding never matters; a sum that does not
//     fit its result type fails with kOutOfRange. The average is taken from the exact sum.
//   * first and last go by time; among equal times the smaller value is the first one and the
//     greater one the last, so that the answer does not depend on who came first.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/expr/batch.h"
#include "query/expr/expression.h"
#include "storage/base/int128.h"
#include "storage/base/status.h"
#include "storage/compute/aggregate_kernels.h"

namespace stria::query {

/// The mean of integers, from their exact sum and rounded once, as bits of `type`: float64, or
/// interval, where halves of a nanosecond are rounded away from 0.
uint64_t AverageBits(Int128 sum, uint64_t count, DataType type);

/// `sum` as bits of `type`: int64, uint64 or interval. Fails with kOutOfRange, in the name of
/// `text`, when it does not fit.
Result<uint64_t> IntegerSumBits(Int128 sum, DataType type, std::string_view text);

/// Thread safety: thread-compatible.
class BasicAccumulator final : public Accumulator {
 public:
  explicit BasicAccumulator(const AggregateCall& call);

  void Resize(size_t num_groups) override;
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* times) override;
  bool AddBatch(const Column* values, uint32_t num_rows) override;

  /// What AggregateSlices() has to compute for AddSlices().
  storage::AggregateSet wanted() const { return wanted_; }

  /// Adds totals[i], of a slice of `view`, to group `groups[i]`. For first and last, `times[i]` is
  /// the time of the slice's first_row or last_row. Not for min and max of strings.
  void AddSlices(std::span<const uint32_t> groups, const VectorView& view,
                 const storage::SliceTotals* totals, const int64_t* times);

  /// `num_rows` more values, for counts.
  void AddCount(uint32_t group, uint64_t num_rows) { counts_[group] += num_rows; }

  /// One value, for min, max, first and last, as bits of the argument's type or as text.
  void AddWord(uint32_t group, uint64_t bits, int64_t time);
  void AddString(uint32_t group, std::string_view text, int64_t time);

  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override;

 private:
  bool is_extreme() const { return kind_ == AggregateKind::kMin || kind_ == AggregateKind::kMax; }
  bool is_by_time() const {
    return kind_ == AggregateKind::kFirst || kind_ == AggregateKind::kLast;
  }
  bool is_sum() const { return kind_ == AggregateKind::kSum || kind_ == AggregateKind::kAvg; }

  void CountRows(std::span<const uint32_t> groups, const PlainView& values);
  void SumRows(std::span<const uint32_t> groups, const PlainView& values);
  bool IsBetterAt(uint32_t group, int64_t time, int order) const;
  void SetString(uint32_t group, std::string_view text);
  Result<Column> FinishSums(std::span<const uint32_t> groups) const;
  Column FinishAverages(std::span<const uint32_t> groups) const;
  Column FinishValues(std::span<const uint32_t> groups) const;
  void MarkEmpty(std::span<const uint32_t> groups, Column& column) const;

  AggregateKind kind_;
  DataType argument_;  // kNull for count(*).
  DataType result_;
  storage::AggregateSet wanted_ = 0;
  std::string text_;

  // Arrays by group; those that the kind does not need stay empty.
  std::vector<uint64_t> counts_;  // Of values; for values that are kept: whether there is one.
  std::vector<Int128> int_sums_;
  std::vector<double> float_sums_;
  std::vector<uint64_t> words_;  // The value kept, as bits of its type.
  std::vector<std::string> strings_;
  std::vector<int64_t> times_;  // Of the value kept.
  size_t text_bytes_ = 0;
};

}  // namespace stria::query
