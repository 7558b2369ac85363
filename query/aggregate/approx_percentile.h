// approx_percentile: as percentile, in bounded memory and within one percent; see
// quantile_sketch.h.

#pragma once

#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/quantile_sketch.h"

namespace stria::query {

class ApproxPercentile final : public Accumulator {
 public:
  explicit ApproxPercentile(const AggregateCall& call) : fraction_(call.parameters[0]) {}

  void Resize(size_t num_groups) override { sketches_.resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override;

 private:
  double fraction_;
  std::vector<QuantileSketch> sketches_;
};

}  // namespace stria::query
