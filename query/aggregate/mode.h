// mode: the value that is there most often; of those that are there equally often the least.

#pragma once

#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/group_table.h"

namespace stria::query {

class Mode final : public Accumulator {
 public:
  explicit Mode(const AggregateCall& call);

  void Resize(size_t num_groups) override { num_groups_ = num_groups; }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override;

 private:
  void Add(std::span<const uint32_t> groups, const Column& values, std::span<const uint64_t> times);
  void FindBest();

  size_t num_groups_ = 0;
  GroupTable values_;             // Of group and value.
  std::vector<uint64_t> counts_;  // How often each is there.
  std::vector<uint32_t> best_;    // By group: the number in `values_`; once nothing is added.
  Column best_values_;            // All of `values_`, then.
};

}  // namespace stria::query
