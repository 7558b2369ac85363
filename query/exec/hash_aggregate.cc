#include "query/exec/hash_aggregate.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

// Columns of a batch, or computed from it, for as long as one batch is worked on.
class EvaluatedColumns {
 public:
  explicit EvaluatedColumns(const Batch& batch) : batch_(batch) {}

  /// The column that `expr` is; nullptr for no expression.
  Result<const Column*> Of(const ExprPtr& expr) {
    if (expr == nullptr) return nullptr;
    if (expr->kind == ExprKind::kColumn) return &batch_.columns[expr->column];
    for (const auto& [known, column] : computed_) {
      if (known == expr.get() || SameExpr(*known, *expr)) return column.get();
    }
    STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*expr, batch_));
    computed_.emplace_back(expr.get(), std::make_unique<Column>(std::move(column)));
    return computed_.back().second.get();
  }

 private:
  const Batch& batch_;
  std::vector<std::pair<const Expr*, std::unique_ptr<Column>>> computed_;
};

}  // namespace

// What one worker has seen.
struct HashAggregateOperator::Partial {
  Partial(const PlanNode& plan_node, std::vector<DataType> key_types, QueryContext& context)
      : node(plan_node), groups(std::move(key_types)), memory(context) {
    for (const auto& call : node.aggregates)
      accumulators.push_back(MakeAccumulator(call));
  }

  Status Add(const Batch& batch) {
    EvaluatedColumns columns(batch);
    keys.clear();
    for (const auto& key : node.exprs) {
      STRIA_ASSIGN_OR_RETURN(const Column* column, columns.Of(key));
      keys.push_back(column);
    }
    groups.FindGroups(keys, batch.num_rows, row_groups);
    for (size_t i = 0; i < accumulators.size(); ++i) {
      const AggregateCall& call = node.aggregates[i];
      STRIA_ASSIGN_OR_RETURN(const Column* values, columns.Of(call.argument));
      STRIA_ASSIGN_OR_RETURN(const Column* order, columns.Of(call.order));
      accumulators[i]->Resize(groups.num_groups());
      if (keys.empty() && accumulators[i]->AddBatch(values, batch.num_rows)) continue;
      accumulators[i]->AddRows(row_groups, values, order);
    }
    return CountMemory();
  }

  void Absorb(const Partial& other) {
    std::vector<uint32_t> mapping;
    groups.Absorb(other.groups, mapping);
    for (size_t i = 0; i < accumulators.size(); ++i) {
      accumulators[i]->Resize(groups.num_groups());
      accumulators[i]->Merge(*other.accumulators[i], mapping);
    }
  }

  Status CountMemory() {
    uint64_t bytes = groups.MemoryBytes();
    for (const auto& accumulator : accumulators)
      bytes += accumulator->MemoryBytes();
    return memory.Set(bytes);
  }

  const PlanNode& node;
  GroupTable groups;
  std::vector<std::unique_ptr<Accumulator>> accumulators;
  MemoryUse memory;
  std::vector<const Column*> keys;
  std::vector<uint32_t> row_groups;
};

HashAggregateOperator::HashAggregateOperator(const PlanNode& node, std::unique_ptr<Operator> input,
                                             QueryContext& context)
    : node_(node), context_(context), input_(std::move(input)) {}

HashAggregateOperator::~HashAggregateOperator() = default;

std::unique_ptr<HashAggregateOperator::Partial> HashAggregateOperator::MakePartial() const {
  std::vector<DataType> key_types;
  for (const auto& key : node_.exprs)
    key_types.push_back(key->type);
  return std::make_unique<Partial>(node_, std::move(key_types), context_);
}

Status HashAggregateOperator::Open() {
  STRIA_RETURN_IF_ERROR(input_->Open());
  const size_t num_workers = NumWorkers(*input_);
  std::vector<std::unique_ptr<Partial>> partials;
  for (size_t i = 0; i < num_workers; ++i)
    partials.push_back(MakePartial());
  const auto read = [&](size_t worker, size_t morsel) {
    return input_->Read(morsel, [&](Batch&& batch) -> Result<bool> {
      STRIA_RETURN_IF_ERROR(partials[worker]->Add(batch));
      return true;
    });
  };
  STRIA_RETURN_IF_ERROR(ForEachMorsel(context_, input_->num_morsels(), num_workers, read));
  result_ = std::move(partials[0]);
  for (size_t i = 1; i < partials.size(); ++i) {
    STRIA_RETURN_IF_ERROR(context_.Check());
    result_->Absorb(*partials[i]);
    partials[i].reset();
    STRIA_RETURN_IF_ERROR(result_->CountMemory());
  }
  if (node_.exprs.empty()) {
    result_->groups.AddOnlyGroup();
    for (auto& accumulator : result_->accumulators)
      accumulator->Resize(1);
  }
  return Status::Ok();
}

uint64_t HashAggregateOperator::estimated_rows() const {
  return result_->groups.num_groups();
}

Result<bool> HashAggregateOperator::Read(size_t /*morsel*/, const BatchConsumer& consume) {
  const auto num_groups = static_cast<uint32_t>(result_->groups.num_groups());
  std::vector<uint32_t> groups;
  for (uint32_t begin = 0; begin < num_groups; begin += kMaxBatchRows) {
    const uint32_t end = std::min(num_groups, begin + kMaxBatchRows);
    Batch batch;
    batch.num_rows = end - begin;
    for (size_t key = 0; key < node_.exprs.size(); ++key)
      batch.columns.push_back(result_->groups.KeyColumn(key, begin, end));
    groups.resize(batch.num_rows);
    std::iota(groups.begin(), groups.end(), begin);
    for (const auto& accumulator : result_->accumulators) {
      STRIA_ASSIGN_OR_RETURN(Column column, accumulator->Finish(groups));
      batch.columns.push_back(std::move(column));
    }
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, consume(std::move(batch)));
    if (!goes_on) return false;
  }
  return true;
}

}  // namespace stria::query
