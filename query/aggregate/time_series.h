// Aggregates of one series over time. Values are taken in the order of their times, those of one
// time in the order of the values; rows without a value or a time do not count.
//
//   increase           how much a counter rose; where a value is less than the one before, the
//   counter began again
//                      at 0
//   rate               increase by the seconds from the first to the last time
//   delta              the last value less the first
//   derivative         the slope, a second, of the straight line nearest to the values (least
//   squares) time_weighted_avg  the mean of a value that stays until the next one comes, from the
//   first to the last time; of
//                      one moment, the last value
//
// But for time_weighted_avg they are NULL for fewer than two values, and what is divided by time is
// NULL where no time passes.

#pragma once

#include <optional>
#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/grouped_values.h"

namespace stria::query {

class TimeSeries final : public Accumulator {
 public:
  explicit TimeSeries(const AggregateCall& call)
      : kind_(call.kind), argument_(call.argument->type) {}

  void Resize(size_t num_groups) override { values_.Resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override { return values_.MemoryBytes(); }

 private:
  std::optional<double> ResultOf(std::span<uint64_t> values, std::span<int64_t> times);
  void SortByTime(std::span<uint64_t> values, std::span<int64_t> times);
  double Increase(std::span<const uint64_t> values) const;
  std::optional<double> Derivative(std::span<const uint64_t> values,
                                   std::span<const int64_t> times) const;
  double TimeWeightedAverage(std::span<const uint64_t> values,
                             std::span<const int64_t> times) const;

  AggregateKind kind_;
  DataType argument_;
  bool is_sorted_ = false;
  GroupedValues values_{true};
  std::vector<std::pair<int64_t, uint64_t>> points_;  // Of the group that is being sorted.
};

}  // namespace stria::query
