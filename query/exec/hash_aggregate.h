// GROUP BY over any expressions: each row finds its group in a hash table. Without keys there is
// one group, also of no rows; without aggregates it is DISTINCT.
//
// Workers take morsels of the input, each with a table of its own; the tables are merged in the
// order of the workers when the input is at its end.

#pragma once

#include <memory>
#include <vector>

#include "query/aggregate/accumulator.h"
#include "query/aggregate/group_table.h"
#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

class HashAggregateOperator final : public Operator {
 public:
  /// `node` is a kAggregate and outlives the operator.
  HashAggregateOperator(const PlanNode& node, std::unique_ptr<Operator> input,
                        QueryContext& context);
  ~HashAggregateOperator() override;

  Status Open() override;
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override;
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  struct Partial;

  std::unique_ptr<Partial> MakePartial() const;

  const PlanNode& node_;
  QueryContext& context_;
  std::unique_ptr<Operator> input_;
  std::unique_ptr<Partial> result_;
};

}  // namespace stria::query
