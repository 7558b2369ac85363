#include "query/exec/sources.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "query/plan/virtual_table.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

// Value `position` of rows [begin, end) as a flat column that owns its text.
Column ColumnOf(const std::vector<std::vector<Value>>& rows, size_t position, DataType type,
                size_t begin, size_t end) {
  Column column = Column::FlatNulls(type, static_cast<uint32_t>(end - begin));
  const auto texts = std::make_shared<std::vector<std::string>>();
  texts->reserve(end - begin);  // Views into short strings do not survive a move.
  for (size_t row = begin; row < end; ++row) {
    const Value& value = rows[row][position];
    if (value.is_null()) continue;
    column.validity[row - begin] = 1;
    if (type == DataType::kString) {
      column.strings[row - begin] = texts->emplace_back(value.string());
    } else {
      column.bits[row - begin] = BitsOf(value);
    }
  }
  if (type == DataType::kString) column.keep_alive = texts;
  return column;
}

}  // namespace

Status VirtualScanOperator::Open() {
  const auto& columns = node_.virtual_table->columns();
  for (const auto& output : node_.output) {
    const auto found = std::ranges::find(columns, output.name, &VirtualColumn::name);
    if (found == columns.end()) {
      return InvalidArgument("system.{} has no column \"{}\"", node_.virtual_table->name(),
                             output.name);
    }
    positions_.push_back(static_cast<size_t>(found - columns.begin()));
  }
  STRIA_ASSIGN_OR_RETURN(rows_, node_.virtual_table->Rows());
  return Status::Ok();
}

Result<bool> VirtualScanOperator::Read(size_t /*morsel*/, const BatchConsumer& consume) {
  for (size_t begin = 0; begin < rows_.size(); begin += kMaxBatchRows) {
    const size_t end = std::min<size_t>(rows_.size(), begin + kMaxBatchRows);
    Batch batch;
    batch.num_rows = static_cast<uint32_t>(end - begin);
    for (size_t i = 0; i < positions_.size(); ++i)
      batch.columns.push_back(ColumnOf(rows_, positions_[i], node_.output[i].type, begin, end));
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, consume(std::move(batch)));
    if (!goes_on) return false;
  }
  return true;
}

Result<bool> OneRowOperator::Read(size_t /*morsel*/, const BatchConsumer& consume) {
  Batch batch;
  batch.num_rows = 1;
  return consume(std::move(batch));
}

}  // namespace stria::query
