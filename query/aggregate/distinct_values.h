// DISTINCT: of the values of a group that are equal, only the first goes on to the aggregate. They
// are equal as keys of GROUP BY are: NaN is NaN, -0 is 0.

#pragma once

#include <memory>
#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/group_table.h"

namespace stria::query {

class DistinctValues final : public Accumulator {
 public:
  /// `inner` takes what is left of the values of `call`.
  DistinctValues(const AggregateCall& call, std::unique_ptr<Accumulator> inner);

  void Resize(size_t num_groups) override { inner_->Resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override {
    return inner_->Finish(groups);
  }
  size_t MemoryBytes() const override { return seen_.MemoryBytes() + inner_->MemoryBytes(); }

 private:
  std::unique_ptr<Accumulator> inner_;
  GroupTable seen_;  // Of group and value.
};

}  // namespace stria::query
