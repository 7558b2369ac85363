// Columns of equal length, the unit that flows between operators.
//
// A column is one of the forms of Column::Form; operators keep a fast path for the forms that
// matter to them and can always ask for flat. Batches have at most kMaxBatchRows rows.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/value.h"
#include "storage/types/vector_view.h"

namespace stria::query {

inline constexpr uint32_t kMaxBatchRows = kVectorRows;

/// Values of one column. Owned vectors; string_views point into memory that `keep_alive` holds.
struct Column {
  enum class Form : uint8_t {
    kFlat,        ///< `bits` (fixed width) or `strings`, one a row
    kConstant,    ///< `constant`, for all rows
    kDictionary,  ///< `codes` into `dictionary`; code < 0 is NULL. Strings only
    kPacked,      ///< `packed`, borrowed from the block that `keep_alive` holds
  };

  Form form = Form::kFlat;
  DataType type = DataType::kNull;
  std::vector<uint64_t> bits;  ///< kFlat: int64, uint64, float64 bits, bool, time, interval
  std::vector<std::string_view> strings;  ///< kFlat of kString
  std::vector<uint8_t> validity;  ///< kFlat: empty = all valid, else 1 = value, a byte a row
  Value constant;
  std::vector<int32_t> codes;
  const std::vector<std::string>* dictionary = nullptr;
  VectorView packed;
  std::shared_ptr<const void> keep_alive;

  static Column Constant(Value value, DataType type) {
    Column column;
    column.form = Form::kConstant;
    column.type = type;
    column.constant = std::move(value);
    return column;
  }

  /// This column as kFlat with `num_rows` rows; no work if it is flat already.
  Column Flatten(uint32_t num_rows) &&;

  bool IsNull(uint32_t row) const;
  uint64_t Bits(uint32_t row) const;            ///< any form but strings; unspecified where NULL
  std::string_view String(uint32_t row) const;  ///< any form of kString
  Value ValueAt(uint32_t row) const;
};

struct Batch {
  uint32_t num_rows = 0;
  std::vector<Column> columns;
};

}  // namespace stria::query
