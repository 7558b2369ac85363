#include "query/expr/cast.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "query/expr/time_text.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

// 2^63 and 2^64 are doubles; the greatest int64 and uint64 are not.
constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

bool IsSignedWord(DataType type) {
  return type == DataType::kInt64 || type == DataType::kTimestamp || type == DataType::kInterval;
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

template <typename Number>
Result<uint64_t> ParseNumber(std::string_view text, DataType to) {
  std::string_view digits = Trim(text);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range) {
    return OutOfRange("'{}' does not fit {}", text, DataTypeName(to));
  }
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return InvalidArgument("'{}' is not a number of type {}", text, DataTypeName(to));
  }
  return std::bit_cast<uint64_t>(number);
}

Result<uint64_t> ParseBool(std::string_view text) {
  std::string word(Trim(text));
  for (char& c : word)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view name : {"true", "t", "yes", "on", "1"}) {
    if (word == name) return uint64_t{1};
  }
  for (const std::string_view name : {"false", "f", "no", "off", "0"}) {
    if (word == name) return uint64_t{0};
  }
  return InvalidArgument("'{}' is not a bool; write true or false", text);
}

Result<uint64_t> FromString(std::string_view text, DataType to) {
  switch (to) {
    case DataType::kInt64: return ParseNumber<int64_t>(text, to);
    case DataType::kUint64: return ParseNumber<uint64_t>(text, to);
    case DataType::kFloat64: return ParseNumber<double>(text, to);
    case DataType::kBool: return ParseBool(text);
    case DataType::kTimestamp: {
      STRIA_ASSIGN_OR_RETURN(const int64_t ns, ParseTimestamp(text));
      return static_cast<uint64_t>(ns);
    }
    case DataType::kInterval: {
      STRIA_ASSIGN_OR_RETURN(const int64_t ns, ParseInterval(text));
      return static_cast<uint64_t>(ns);
    }
    case DataType::kString:
    case DataType::kNull: break;
  }
  return InvalidArgument("no cast from string to {}", DataTypeName(to));
}

Result<uint64_t> FromDouble(double value, DataType to) {
  if (to == DataType::kBool) return uint64_t{value != 0 ? 1U : 0U};
  const double rounded = std::nearbyint(value);
  if (to == DataType::kUint64) {
    if (rounded >= 0 && rounded < kTwoTo64) return static_cast<uint64_t>(rounded);
  } else if (rounded >= -kTwoTo63 && rounded < kTwoTo63) {
    return static_cast<uint64_t>(static_cast<int64_t>(rounded));
  }
  return OutOfRange("{} does not fit {}", FormatDouble(value), DataTypeName(to));
}

// A fixed-width value; neither type is string or null.
Result<uint64_t> CastWord(uint64_t bits, DataType from, DataType to) {
  if (from == DataType::kFloat64) return FromDouble(std::bit_cast<double>(bits), to);
  if (to == DataType::kFloat64) {
    return std::bit_cast<uint64_t>(IsSignedWord(from)
                                       ? static_cast<double>(static_cast<int64_t>(bits))
                                       : static_cast<double>(bits));
  }
  if (to == DataType::kBool) return uint64_t{bits != 0 ? 1U : 0U};
  // Among 64-bit integers only the sign can be in the way.
  const bool changes_sign = IsSignedWord(from) != IsSignedWord(to) && from != DataType::kBool;
  if (changes_sign && static_cast<int64_t>(bits) < 0) {
    if (IsSignedWord(from)) {
      return OutOfRange("{} does not fit {}", static_cast<int64_t>(bits), DataTypeName(to));
    }
    return OutOfRange("{} does not fit {}", bits, DataTypeName(to));
  }
  return bits;
}

Result<Column> ToStrings(const Column& column, uint32_t num_rows) {
  // One text for all: the views are cut when it no longer grows.
  const auto arena = std::make_shared<std::string>();
  std::vector<size_t> ends(num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!column.IsNull(row)) *arena += FormatValue(column.ValueAt(row));
    ends[row] = arena->size();
  }
  Column result = Column::FlatNulls(DataType::kString, num_rows);
  for (uint32_t row = 0; row < num_rows; ++row) {
    const size_t begin = row == 0 ? 0 : ends[row - 1];
    result.strings[row] = std::string_view(*arena).substr(begin, ends[row] - begin);
    result.validity[row] = column.IsNull(row) ? 0 : 1;
  }
  result.keep_alive = arena;
  return result;
}

Result<uint64_t> CastOne(const PlainView& view, uint32_t row, DataType from, DataType to) {
  return from == DataType::kString ? FromString(view.String(row), to)
                                   : CastWord(view.Word(row), from, to);
}

// Casts that cannot fail, over all rows alike.
bool CastLoop(const PlainView& view, DataType from, DataType to, std::vector<uint64_t>& bits) {
  if (to != DataType::kFloat64 || from == DataType::kString) return false;
  const uint64_t* words = view.words();
  if (IsSignedWord(from)) {
    for (size_t row = 0; row < bits.size(); ++row) {
      bits[row] = std::bit_cast<uint64_t>(static_cast<double>(static_cast<int64_t>(words[row])));
    }
  } else {
    for (size_t row = 0; row < bits.size(); ++row)
      bits[row] = std::bit_cast<uint64_t>(static_cast<double>(words[row]));
  }
  return true;
}

}  // namespace

std::string FormatValue(const Value& value) {
  if (value.is_null()) return "NULL";
  switch (value.type) {
    case DataType::kTimestamp: return FormatTimestamp(value.int64());
    case DataType::kInterval: return FormatInterval(value.int64());
    case DataType::kFloat64: return FormatDouble(value.float64());
    case DataType::kInt64: return std::to_string(value.int64());
    case DataType::kUint64: return std::to_string(value.uint64());
    case DataType::kBool: return value.boolean() ? "true" : "false";
    case DataType::kString: return value.string();
    case DataType::kNull: break;
  }
  return "NULL";
}

bool CanCast(DataType from, DataType to) {
  if (from == to || from == DataType::kNull || to == DataType::kString) return true;
  if (from == DataType::kString) return to != DataType::kNull;
  const auto is_time = [](DataType type) {
    return type == DataType::kTimestamp || type == DataType::kInterval;
  };
  if (to == DataType::kNull || (is_time(from) && is_time(to))) return false;
  const DataType other = is_time(from) ? to : from;
  if (is_time(from) || is_time(to)) return other == DataType::kInt64;
  return IsNumeric(to) || to == DataType::kBool;
}

Result<Column> CastColumn(const Column& column, DataType to, uint32_t num_rows) {
  const DataType from = column.type;
  if (from == to) return column;
  if (!CanCast(from, to)) {
    return InvalidArgument("no cast from {} to {}", DataTypeName(from), DataTypeName(to));
  }
  if (from == DataType::kNull) return Column::Constant(Value::Null(to), to);
  if (column.form == Column::Form::kConstant) {
    if (column.constant.is_null()) return Column::Constant(Value::Null(to), to);
    if (to == DataType::kString) {
      return Column::Constant(Value::String(FormatValue(column.constant)), to);
    }
    const PlainView view(column, 1);
    STRIA_ASSIGN_OR_RETURN(const uint64_t bits, CastOne(view, 0, from, to));
    return Column::Constant(ValueOfBits(to, bits), to);
  }
  if (to == DataType::kString) return ToStrings(column, num_rows);
  const PlainView view(column, num_rows);
  if (view.all_null()) return Column::Constant(Value::Null(to), to);
  Column result;
  result.type = to;
  result.bits.resize(num_rows);
  if (view.validity() != nullptr) {
    result.validity.assign(view.validity(), view.validity() + num_rows);
  }
  if (!view.is_constant() && CastLoop(view, from, to, result.bits)) return result;
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!view.IsValid(row)) continue;
    STRIA_ASSIGN_OR_RETURN(result.bits[row], CastOne(view, row, from, to));
  }
  return result;
}

}  // namespace stria::query
