// Columns of equal length, the unit that flows between operators.
//
// A column is one of the forms of Column::Form; operators keep a fast path for the forms that
// matter to them and can always ask for flat. Batches have at most kMaxBatchRows rows.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
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

  /// The rows `rows` (ascending or not) of this column; constants and dictionaries keep their form.
  Column Gather(std::span<const uint32_t> rows) const;

  /// A flat column of `num_rows` NULLs, to be filled in: `bits` or `strings`, and `validity`.
  static Column FlatNulls(DataType type, uint32_t num_rows);

  /// Bytes of memory that belong to this column alone.
  size_t MemoryBytes() const;
};

struct Batch {
  uint32_t num_rows = 0;
  std::vector<Column> columns;

  Batch Gather(std::span<const uint32_t> rows) const;
  size_t MemoryBytes() const;
};

/// A column as plain arrays, whatever its form: what loops over values read. Either the column is
/// constant and `words` (`strings`) has one entry, or it has `num_rows`.
///
/// Borrows from the column, and unpacks narrow lanes into memory of its own.
class PlainView {
 public:
  PlainView(const Column& column, uint32_t num_rows);
  PlainView(const PlainView&) = delete;
  PlainView& operator=(const PlainView&) = delete;

  bool is_constant() const { return is_constant_; }
  /// Every row is NULL; nothing else is meaningful then.
  bool all_null() const { return all_null_; }
  const uint64_t* words() const { return words_; }
  const std::string_view* strings() const { return strings_; }
  /// A byte a row; nullptr = all valid, and always nullptr for constants.
  const uint8_t* validity() const { return validity_; }

  bool IsValid(uint32_t row) const {
    return !all_null_ && (validity_ == nullptr || validity_[row] != 0);
  }
  uint64_t Word(uint32_t row) const { return words_[is_constant_ ? 0 : row]; }
  std::string_view String(uint32_t row) const { return strings_[is_constant_ ? 0 : row]; }

 private:
  void ReadPacked(const VectorView& view, uint32_t num_rows);

  bool is_constant_ = false;
  bool all_null_ = false;
  const uint64_t* words_ = nullptr;
  const std::string_view* strings_ = nullptr;
  const uint8_t* validity_ = nullptr;
  uint64_t constant_word_ = 0;
  std::string_view constant_string_;
  std::vector<uint64_t> unpacked_;
  std::vector<std::string_view> looked_up_;
  std::vector<uint8_t> own_validity_;
};

/// The 64 bits that stand for `value` in a column of its type. 0 for NULL and strings.
uint64_t BitsOf(const Value& value);

/// The value of `type` (not a string) that `bits` stand for.
Value ValueOfBits(DataType type, uint64_t bits);

}  // namespace stria::query
