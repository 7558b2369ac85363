#include "query/exec/transforms.h"

#include <algorithm>
#include <utility>

#include "query/expr/evaluator.h"

namespace stria::query {

Result<bool> FilterOperator::Read(size_t morsel, const BatchConsumer& consume) {
  std::vector<uint32_t> rows;
  return input_->Read(morsel, [&](Batch&& batch) -> Result<bool> {
    STRIA_RETURN_IF_ERROR(SelectRows(*predicate_, batch, rows));
    if (rows.empty()) return true;
    if (rows.size() == batch.num_rows) return consume(std::move(batch));
    return consume(batch.Gather(rows));
  });
}

ProjectOperator::ProjectOperator(std::vector<ExprPtr> exprs, std::unique_ptr<Operator> input)
    : exprs_(std::move(exprs)), moves_(exprs_.size(), 0), input_(std::move(input)) {
  std::vector<uint32_t> used_later;
  for (size_t i = exprs_.size(); i-- > 0;) {
    if (exprs_[i]->kind == ExprKind::kColumn) {
      const uint32_t column = exprs_[i]->column;
      moves_[i] = std::ranges::find(used_later, column) == used_later.end() ? 1 : 0;
    }
    CollectColumns(*exprs_[i], used_later);
  }
}

Result<Batch> ProjectOperator::Project(Batch&& input) const {
  Batch output;
  output.num_rows = input.num_rows;
  output.columns.reserve(exprs_.size());
  for (size_t i = 0; i < exprs_.size(); ++i) {
    if (moves_[i] != 0) {
      // A later CASE gathers whole batches, so a column that nobody reads any more stays one.
      Column& column = input.columns[exprs_[i]->column];
      const DataType type = column.type;
      output.columns.push_back(std::exchange(column, Column::Constant(Value::Null(type), type)));
      continue;
    }
    STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*exprs_[i], input));
    output.columns.push_back(std::move(column));
  }
  return output;
}

Result<bool> ProjectOperator::Read(size_t morsel, const BatchConsumer& consume) {
  return input_->Read(morsel, [&](Batch&& batch) -> Result<bool> {
    STRIA_ASSIGN_OR_RETURN(Batch output, Project(std::move(batch)));
    return consume(std::move(output));
  });
}

}  // namespace stria::query
