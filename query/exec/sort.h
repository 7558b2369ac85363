// ORDER BY, and with a limit below it (PlanNode::top) only as many rows as are wanted.

#pragma once

#include <memory>

#include "query/exec/operator.h"
#include "query/exec/ordered_rows.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

class SortOperator final : public Operator {
 public:
  /// `node` is a kSort.
  SortOperator(const PlanNode& node, std::unique_ptr<Operator> input, QueryContext& context);

  Status Open() override;
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override { return rows_->num_rows(); }
  Result<bool> Read(size_t /*morsel*/, const BatchConsumer& consume) override {
    return rows_->Emit(consume);
  }

 private:
  QueryContext& context_;
  RowOrder order_;
  std::unique_ptr<Operator> input_;
  std::unique_ptr<OrderedRows> rows_;
};

}  // namespace stria::query
