// Window functions: sees all rows of its input, and hands them out as they came, with a column more
// for each call.

#pragma once

#include <memory>
#include <vector>

#include "query/exec/operator.h"
#include "query/exec/window_function.h"
#include "query/exec/window_rows.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

class WindowOperator final : public Operator {
 public:
  /// `node` is a kWindow and outlives the operator.
  WindowOperator(const PlanNode& node, std::unique_ptr<Operator> input, QueryContext& context);

  Status Open() override;
  size_t num_morsels() const override;
  uint64_t estimated_rows() const override { return rows_.num_rows(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  Status Compute(const WindowCall& call, Column& result);
  Column ResultsOf(const Column& result, uint32_t first_row, uint32_t num_rows) const;

  const PlanNode& node_;
  QueryContext& context_;
  std::unique_ptr<Operator> input_;
  WindowRows rows_;
  MemoryUse memory_;
  std::vector<Column> results_;       // By call; by position.
  std::vector<uint32_t> first_rows_;  // By batch.
};

}  // namespace stria::query
