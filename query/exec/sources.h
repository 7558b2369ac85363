// Operators without an input that read no table: system tables, and the one row of `SELECT 1`.

#pragma once

#include <vector>

#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"
#include "storage/types/value.h"

namespace stria::query {

/// The rows of a system table, computed when it is opened.
class VirtualScanOperator final : public Operator {
 public:
  /// `node` is a kVirtualScan and outlives the operator.
  explicit VirtualScanOperator(const PlanNode& node) : node_(node) {}

  Status Open() override;
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override { return rows_.size(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  const PlanNode& node_;
  std::vector<std::vector<Value>> rows_;
  std::vector<size_t> positions_;  // Of each output column in a row.
};

class OneRowOperator final : public Operator {
 public:
  Status Open() override { return Status::Ok(); }
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override { return 1; }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;
};

}  // namespace stria::query
