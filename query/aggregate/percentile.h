// percentile and median, exact, of all values: between two values by a straight line
// (kPercentileCont, PostgreSQL's percentile_cont), or the first value with at least that share of
// the values at or before it (kPercentileDisc).

#pragma once

#include "query/aggregate/accumulator.h"
#include "query/aggregate/grouped_values.h"

namespace stria::query {

class Percentile final : public Accumulator {
 public:
  explicit Percentile(const AggregateCall& call);

  void Resize(size_t num_groups) override { values_.Resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override { return values_.MemoryBytes(); }

 private:
  uint64_t Continuous(std::span<uint64_t> values) const;
  uint64_t Discrete(std::span<uint64_t> values) const;
  // The value that has `rank` smaller ones; those after it are then not smaller.
  uint64_t Select(std::span<uint64_t> values, size_t rank) const;

  AggregateKind kind_;
  DataType argument_;
  DataType result_;
  double fraction_;
  bool is_sorted_ = false;
  GroupedValues values_{false};
};

}  // namespace stria::query
