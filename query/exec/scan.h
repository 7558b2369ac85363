// Reads a stored table: blocks of the engine become batches of at most 1,024 rows.
//
// Fields stay packed where a batch is a slice of one vector, tags are dictionary columns with the
// codes of the scan. Vectors of which few rows are wanted are gathered into common batches.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"
#include "storage/engine/scan.h"

namespace stria::query {

class ScanOperator final : public Operator {
 public:
  /// `node` is a kScan and outlives the operator.
  ScanOperator(const PlanNode& node, QueryContext& context);
  ~ScanOperator() override;

  Status Open() override;
  size_t num_morsels() const override { return scan_->num_blocks(); }
  uint64_t estimated_rows() const override { return estimated_rows_; }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

  /// The first and the last time that come, when that is known before all blocks are read.
  const std::optional<std::pair<int64_t, int64_t>>& time_span() const { return time_span_; }

  /// For operators that work on runs: the scan, and its blocks, each of which can be taken once.
  const std::shared_ptr<storage::Scan>& scan() const { return scan_; }
  Result<std::shared_ptr<storage::ScanBlock>> TakeBlock(size_t index);

 private:
  const PlanNode& node_;
  QueryContext& context_;
  std::shared_ptr<storage::Scan> scan_;
  std::vector<std::shared_ptr<storage::ScanBlock>> opened_;  // By block, while it is not taken.
  uint64_t estimated_rows_ = 0;
  std::optional<std::pair<int64_t, int64_t>> time_span_;
};

}  // namespace stria::query
