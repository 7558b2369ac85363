// An operator that hands out batches that a test made, and columns to make them of.

#pragma once

#include <bit>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/exec/operator.h"

namespace stria::query {

/// Morsel i gives batches[i].
class GivenBatches final : public Operator {
 public:
  /// `claimed_rows` is what estimated_rows() says, so that a test can have several workers.
  explicit GivenBatches(std::vector<std::vector<Batch>> batches, uint64_t claimed_rows = 0)
      : batches_(std::move(batches)), claimed_rows_(claimed_rows) {}

  Status Open() override { return Status::Ok(); }
  size_t num_morsels() const override { return batches_.size(); }
  uint64_t estimated_rows() const override { return claimed_rows_; }
  Result<bool> Read(size_t morsel, const BatchConsumer& consume) override {
    for (auto& batch : batches_[morsel]) {
      STRIA_ASSIGN_OR_RETURN(const bool goes_on, consume(std::move(batch)));
      if (!goes_on) return false;
    }
    return true;
  }

 private:
  std::vector<std::vector<Batch>> batches_;
  uint64_t claimed_rows_;
};

/// A flat column of values, all of `type` or NULL. The strings live as long as the column.
inline Column ColumnOf(DataType type, const std::vector<Value>& values) {
  Column column = Column::FlatNulls(type, static_cast<uint32_t>(values.size()));
  const auto texts = std::make_shared<std::vector<std::string>>();
  texts->reserve(values.size());
  for (size_t row = 0; row < values.size(); ++row) {
    if (values[row].is_null()) continue;
    column.validity[row] = 1;
    if (type == DataType::kString) {
      column.strings[row] = texts->emplace_back(values[row].string());
    } else {
      column.bits[row] = BitsOf(values[row]);
    }
  }
  column.keep_alive = texts;
  return column;
}

inline Column Int64s(const std::vector<std::optional<int64_t>>& values) {
  std::vector<Value> boxed;
  for (const auto& value : values)
    boxed.push_back(value ? Value::Int64(*value) : Value::Null(DataType::kInt64));
  return ColumnOf(DataType::kInt64, boxed);
}

inline Column Doubles(const std::vector<std::optional<double>>& values) {
  std::vector<Value> boxed;
  for (const auto& value : values)
    boxed.push_back(value ? Value::Float64(*value) : Value::Null(DataType::kFloat64));
  return ColumnOf(DataType::kFloat64, boxed);
}

inline Column Strings(const std::vector<std::optional<std::string>>& values) {
  std::vector<Value> boxed;
  for (const auto& value : values)
    boxed.push_back(value ? Value::String(*value) : Value::Null(DataType::kString));
  return ColumnOf(DataType::kString, boxed);
}

inline Column Times(const std::vector<int64_t>& values) {
  std::vector<Value> boxed;
  for (const int64_t value : values)
    boxed.push_back(Value::Timestamp(value));
  return ColumnOf(DataType::kTimestamp, boxed);
}

inline Batch BatchOf(std::vector<Column> columns, uint32_t num_rows) {
  return {.num_rows = num_rows, .columns = std::move(columns)};
}

}  // namespace stria::query
