// The state of one aggregate call over numbered groups.
//
// One file pair for each family of aggregates:
//
//   basic_accumulator     count, sum, avg, min, max, first, last: arrays by group, fed by rows or
//   by slices of runs moments               stddev, variance value_by_order        min_by, max_by
//   percentile            percentile, percentile_disc, median: of all values, exact
//   mode                  the most frequent value
//   approx_percentile     by a quantile_sketch
//   approx_count_distinct by a hyper_log_log
//   histogram             counts of values by equal steps
//   time_series           increase, rate, delta, derivative, time_weighted_avg
//   distinct_values       DISTINCT, in front of any of them
//
// NULL values count nowhere. A group without values is NULL, unless the family says otherwise. NaN
// equals itself and is the greatest number.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "query/expr/batch.h"
#include "query/expr/expression.h"
#include "storage/base/status.h"

namespace stria::query {

/// Thread safety: thread-compatible.
class Accumulator {
 public:
  virtual ~Accumulator() = default;

  /// Makes room for `num_groups` groups, at least as many as before; new ones are empty.
  virtual void Resize(size_t num_groups) = 0;

  /// Adds row i to group `groups[i]`. `values` is nullptr for count(*); `order` has what
  /// AggregateCall::order is, else is nullptr.
  virtual void AddRows(std::span<const uint32_t> groups, const Column* values,
                       const Column* order) = 0;

  /// Adds a batch that is all of group 0, by a kernel over packed lanes. False, and nothing is
  /// added, where there is none.
  virtual bool AddBatch(const Column* /*values*/, uint32_t /*num_rows*/) { return false; }

  /// Adds group i of `other`, of the same call, to our group `mapping[i]`.
  virtual void Merge(const Accumulator& other, std::span<const uint32_t> mapping) = 0;

  /// The result of each of `groups`; nothing is added any more. Fails with kOutOfRange when a sum
  /// does not fit.
  virtual Result<Column> Finish(std::span<const uint32_t> groups) = 0;

  virtual size_t MemoryBytes() const = 0;
};

std::unique_ptr<Accumulator> MakeAccumulator(const AggregateCall& call);

}  // namespace stria::query
