// histogram(value, low, high, n): how many values are below low, in each of n equal steps from low
// to high, and at or above high, as the JSON text "[3,0,12,1]" of n + 2 counts.

#pragma once

#include <vector>

#include "query/aggregate/accumulator.h"

namespace stria::query {

class Histogram final : public Accumulator {
 public:
  explicit Histogram(const AggregateCall& call);

  void Resize(size_t num_groups) override { counts_.resize(num_groups * stride_); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override { return counts_.capacity() * sizeof(uint64_t); }

 private:
  size_t BucketOf(double value) const;

  double low_;
  double high_;
  size_t stride_;  // Counts of a group.
  std::vector<uint64_t> counts_;
};

}  // namespace stria::query
