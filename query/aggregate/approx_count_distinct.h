// approx_count_distinct: the number of distinct values, in bounded memory; see hyper_log_log.h. 0
// without values.

#pragma once

#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/hyper_log_log.h"

namespace stria::query {

class ApproxCountDistinct final : public Accumulator {
 public:
  explicit ApproxCountDistinct(const AggregateCall& call) : argument_(call.argument->type) {}

  void Resize(size_t num_groups) override { sketches_.resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override;

 private:
  DataType argument_;
  std::vector<HyperLogLog> sketches_;
};

}  // namespace stria::query
