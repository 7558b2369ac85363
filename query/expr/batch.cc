#include "query/expr/batch.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace stria::query {

uint64_t BitsOf(const Value& value) {
  if (value.is_null()) return 0;
  switch (value.type) {
    case DataType::kFloat64: return std::bit_cast<uint64_t>(value.float64());
    case DataType::kUint64: return value.uint64();
    case DataType::kBool: return value.boolean() ? 1 : 0;
    case DataType::kTimestamp:
    case DataType::kInt64:
    case DataType::kInterval: return static_cast<uint64_t>(value.int64());
    case DataType::kString:
    case DataType::kNull: break;
  }
  return 0;
}

Value ValueOfBits(DataType type, uint64_t bits) {
  switch (type) {
    case DataType::kFloat64: return Value::Float64(std::bit_cast<double>(bits));
    case DataType::kUint64: return Value::Uint64(bits);
    case DataType::kBool: return Value::Bool(bits != 0);
    case DataType::kTimestamp:
    case DataType::kInt64:
    case DataType::kInterval: return {type, static_cast<int64_t>(bits)};
    case DataType::kString:
    case DataType::kNull: break;
  }
  return Value::Null(type);
}

PlainView::PlainView(const Column& column, uint32_t num_rows) {
  switch (column.form) {
    case Column::Form::kFlat:
      words_ = column.bits.data();
      strings_ = column.strings.data();
      validity_ = column.validity.empty() ? nullptr : column.validity.data();
      return;
    case Column::Form::kConstant:
      is_constant_ = true;
      all_null_ = column.constant.is_null();
      if (all_null_) return;
      if (column.type == DataType::kString) {
        constant_string_ = column.constant.string();
        strings_ = &constant_string_;
      } else {
        constant_word_ = BitsOf(column.constant);
        words_ = &constant_word_;
      }
      return;
    case Column::Form::kDictionary:
      looked_up_.resize(num_rows);
      for (uint32_t row = 0; row < num_rows; ++row) {
        const int32_t code = column.codes[row];
        if (code >= 0) {
          looked_up_[row] = (*column.dictionary)[static_cast<size_t>(code)];
          continue;
        }
        if (own_validity_.empty()) own_validity_.assign(num_rows, 1);
        own_validity_[row] = 0;
      }
      strings_ = looked_up_.data();
      validity_ = own_validity_.empty() ? nullptr : own_validity_.data();
      return;
    case Column::Form::kPacked: ReadPacked(column.packed, num_rows); return;
  }
}

void PlainView::ReadPacked(const VectorView& view, uint32_t num_rows) {
  if (view.all_null) {
    is_constant_ = all_null_ = true;
    return;
  }
  validity_ = view.validity;
  switch (view.lanes) {
    case Lanes::kConstant:
      // With NULLs among the rows it is no constant to those who read it.
      is_constant_ = view.validity == nullptr;
      if (view.type == DataType::kString) {
        looked_up_.assign(is_constant_ ? 1 : num_rows, view.constant_string);
        strings_ = looked_up_.data();
      } else {
        unpacked_.assign(is_constant_ ? 1 : num_rows, view.base);
        words_ = unpacked_.data();
      }
      return;
    case Lanes::k64: words_ = static_cast<const uint64_t*>(view.data); return;
    case Lanes::kString: strings_ = static_cast<const std::string_view*>(view.data); return;
    case Lanes::kU8:
    case Lanes::kU16:
    case Lanes::kU32: break;
  }
  unpacked_.resize(num_rows);
  view.CopyBits(unpacked_.data());
  words_ = unpacked_.data();
}

Column Column::FlatNulls(DataType type, uint32_t num_rows) {
  Column column;
  column.type = type;
  if (type == DataType::kString) {
    column.strings.resize(num_rows);
  } else {
    column.bits.resize(num_rows);
  }
  column.validity.assign(num_rows, 0);
  return column;
}

Column Column::Flatten(uint32_t num_rows) && {
  if (form == Form::kFlat) return std::move(*this);
  Column flat;
  flat.type = type;
  if (form == Form::kConstant) {
    if (constant.is_null()) return FlatNulls(type, num_rows);
    if (type == DataType::kString) {
      const auto text = std::make_shared<const std::string>(constant.string());
      flat.strings.assign(num_rows, *text);
      flat.keep_alive = text;
    } else {
      flat.bits.assign(num_rows, BitsOf(constant));
    }
    return flat;
  }
  const PlainView view(*this, num_rows);
  if (view.all_null()) return FlatNulls(type, num_rows);
  if (type == DataType::kString) {
    if (view.is_constant()) {
      flat.strings.assign(num_rows, view.String(0));
    } else {
      flat.strings.assign(view.strings(), view.strings() + num_rows);
    }
  } else if (view.is_constant()) {
    flat.bits.assign(num_rows, view.Word(0));
  } else {
    flat.bits.assign(view.words(), view.words() + num_rows);
  }
  if (view.validity() != nullptr) flat.validity.assign(view.validity(), view.validity() + num_rows);
  flat.keep_alive = keep_alive;
  return flat;
}

bool Column::IsNull(uint32_t row) const {
  switch (form) {
    case Form::kFlat: return !validity.empty() && validity[row] == 0;
    case Form::kConstant: return constant.is_null();
    case Form::kDictionary: return codes[row] < 0;
    case Form::kPacked: return !packed.IsValid(row);
  }
  return true;
}

uint64_t Column::Bits(uint32_t row) const {
  switch (form) {
    case Form::kFlat: return bits[row];
    case Form::kConstant: return BitsOf(constant);
    case Form::kDictionary: break;
    case Form::kPacked: return packed.all_null ? 0 : packed.Bits(row);
  }
  return 0;
}

std::string_view Column::String(uint32_t row) const {
  switch (form) {
    case Form::kFlat: return strings[row];
    case Form::kConstant: return constant.is_null() ? std::string_view() : constant.string();
    case Form::kDictionary:
      return codes[row] < 0 ? std::string_view()
                            : std::string_view((*dictionary)[static_cast<size_t>(codes[row])]);
    case Form::kPacked: return packed.all_null ? std::string_view() : packed.String(row);
  }
  return {};
}

Value Column::ValueAt(uint32_t row) const {
  if (IsNull(row)) return Value::Null(type);
  if (type == DataType::kString) return Value::String(std::string(String(row)));
  return ValueOfBits(type, Bits(row));
}

Column Column::Gather(std::span<const uint32_t> rows) const {
  Column result;
  result.type = type;
  result.keep_alive = keep_alive;
  const auto num_rows = static_cast<uint32_t>(rows.size());
  switch (form) {
    case Form::kConstant:
      result.form = Form::kConstant;
      result.constant = constant;
      return result;
    case Form::kDictionary:
      result.form = Form::kDictionary;
      result.dictionary = dictionary;
      result.codes.resize(num_rows);
      for (uint32_t i = 0; i < num_rows; ++i)
        result.codes[i] = codes[rows[i]];
      return result;
    case Form::kPacked:
      if (packed.all_null) return FlatNulls(type, num_rows);
      if (type == DataType::kString) {
        result.strings.resize(num_rows);
        for (uint32_t i = 0; i < num_rows; ++i)
          result.strings[i] = packed.String(rows[i]);
      } else {
        result.bits.resize(num_rows);
        for (uint32_t i = 0; i < num_rows; ++i)
          result.bits[i] = packed.Bits(rows[i]);
      }
      if (packed.validity != nullptr) {
        result.validity.resize(num_rows);
        for (uint32_t i = 0; i < num_rows; ++i)
          result.validity[i] = packed.validity[rows[i]];
      }
      return result;
    case Form::kFlat: break;
  }
  if (type == DataType::kString) {
    result.strings.resize(num_rows);
    for (uint32_t i = 0; i < num_rows; ++i)
      result.strings[i] = strings[rows[i]];
  } else {
    result.bits.resize(num_rows);
    for (uint32_t i = 0; i < num_rows; ++i)
      result.bits[i] = bits[rows[i]];
  }
  if (!validity.empty()) {
    result.validity.resize(num_rows);
    for (uint32_t i = 0; i < num_rows; ++i)
      result.validity[i] = validity[rows[i]];
  }
  return result;
}

size_t Column::MemoryBytes() const {
  return bits.capacity() * sizeof(uint64_t) + strings.capacity() * sizeof(std::string_view) +
         validity.capacity() + codes.capacity() * sizeof(int32_t);
}

Batch Batch::Gather(std::span<const uint32_t> rows) const {
  Batch result;
  result.num_rows = static_cast<uint32_t>(rows.size());
  result.columns.reserve(columns.size());
  for (const auto& column : columns)
    result.columns.push_back(column.Gather(rows));
  return result;
}

size_t Batch::MemoryBytes() const {
  size_t bytes = 0;
  for (const auto& column : columns)
    bytes += column.MemoryBytes();
  return bytes;
}

}  // namespace stria::query
