// GROUP BY tags and a time bucket, straight from the runs of the scan.
//
// No row is looked at by itself. The tags of a run are constant, so each series has its group of
// tags from the start; a run is cut at bucket edges by arithmetic; and the totals of each slice
// come from kernels on packed vectors, each vector read once for all aggregates of its column.
// What is left per slice is to add a few numbers to a group.
//
// Workers take blocks, each with groups of its own, which are merged in the order of the workers.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "query/exec/operator.h"
#include "query/exec/run_aggregate_plan.h"
#include "query/exec/run_groups.h"
#include "query/exec/scan.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

class RunAggregateOperator final : public Operator {
 public:
  /// `plan` is what MatchRunAggregate() says of `node`, which outlives the operator.
  RunAggregateOperator(const PlanNode& node, RunAggregatePlan plan, QueryContext& context);
  ~RunAggregateOperator() override;

  Status Open() override;
  size_t num_morsels() const override { return 1; }
  uint64_t estimated_rows() const override { return groups_.size(); }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override;

 private:
  struct Argument;
  class Worker;

  void NumberTagGroups();
  std::optional<GroupGrid> PlanGrid() const;
  size_t CountWorkers() const;
  Column KeyColumn(size_t key, std::span<const uint32_t> groups) const;

  const PlanNode& node_;
  const RunAggregatePlan plan_;
  QueryContext& context_;
  ScanOperator scan_;
  WordTable tag_groups_;                // Codes of the key tags.
  std::vector<uint32_t> tag_group_of_;  // By series.
  std::vector<size_t> tag_of_column_;   // By scan column: position in ScanSeries::tags.
  std::unique_ptr<Worker> result_;
  std::vector<uint32_t> groups_;  // Those with rows.
};

}  // namespace stria::query
