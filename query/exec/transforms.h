// The operators that look at one batch at a time: filter and project.

#pragma once

#include <memory>
#include <vector>

#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// Keeps the rows for which the predicate is true.
class FilterOperator final : public Operator {
 public:
  FilterOperator(ExprPtr predicate, std::unique_ptr<Operator> input)
      : predicate_(std::move(predicate)), input_(std::move(input)) {}

  Status Open() override { return input_->Open(); }
  size_t num_morsels() const override { return input_->num_morsels(); }
  uint64_t estimated_rows() const override { return input_->estimated_rows(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  ExprPtr predicate_;
  std::unique_ptr<Operator> input_;
};

/// One output column for each expression.
class ProjectOperator final : public Operator {
 public:
  ProjectOperator(std::vector<ExprPtr> exprs, std::unique_ptr<Operator> input);

  Status Open() override { return input_->Open(); }
  size_t num_morsels() const override { return input_->num_morsels(); }
  uint64_t estimated_rows() const override { return input_->estimated_rows(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  Result<Batch> Project(Batch&& input) const;

  std::vector<ExprPtr> exprs_;
  std::vector<uint8_t> moves_;  // By expression: it is the last one to use its plain column.
  std::unique_ptr<Operator> input_;
};

}  // namespace stria::query
