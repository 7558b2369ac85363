#include "query/session/value_rows.h"

#include <algorithm>

namespace stria::query {
namespace {

// Texts are borrowed from `rows`, which outlive the call of the sink.
Column ColumnOf(const std::vector<std::vector<Value>>& rows, size_t position, DataType type,
                size_t begin, size_t end) {
  Column column = Column::FlatNulls(type, static_cast<uint32_t>(end - begin));
  for (size_t row = begin; row < end; ++row) {
    const Value& value = rows[row][position];
    if (value.is_null()) continue;
    column.validity[row - begin] = 1;
    if (type == DataType::kString) {
      column.strings[row - begin] = value.string();
    } else {
      column.bits[row - begin] = BitsOf(value);
    }
  }
  return column;
}

}  // namespace

uint64_t SendRows(const std::vector<OutputColumn>& columns,
                  const std::vector<std::vector<Value>>& rows, ResultSink& sink) {
  sink.OnColumns(columns);
  for (size_t begin = 0; begin < rows.size(); begin += kMaxBatchRows) {
    const size_t end = std::min<size_t>(rows.size(), begin + kMaxBatchRows);
    Batch batch;
    batch.num_rows = static_cast<uint32_t>(end - begin);
    for (size_t i = 0; i < columns.size(); ++i)
      batch.columns.push_back(ColumnOf(rows, i, columns[i].type, begin, end));
    if (!sink.OnBatch(batch)) return end;
  }
  return rows.size();
}

}  // namespace stria::query
