// The types a column can have, and their names.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stria {

/// Written to disk: append, never renumber.
enum class DataType : uint8_t {
  kTimestamp = 0,  ///< int64 ns since 1970-01-01 UTC
  kFloat64 = 1,
  kInt64 = 2,
  kUint64 = 3,
  kBool = 4,
  kString = 5,
  kInterval = 6,  ///< int64 ns; results and literals only, never stored
  kNull = 7,      ///< the type of a bare NULL; never stored
};

/// What a column is for. Written to disk: append, never renumber.
enum class ColumnRole : uint8_t {
  kTime = 0,
  kTag = 1,  ///< a string that identifies the device; part of the series key
  kField = 2,
};

/// The name as SQL, JSON answers and messages spell it: "timestamp", "float64", "int64", "uint64",
/// "bool", "string", "interval", "null".
std::string_view DataTypeName(DataType type);

/// "time", "tag" or "field".
std::string_view ColumnRoleName(ColumnRole role);

constexpr bool IsNumeric(DataType type) {
  return type == DataType::kFloat64 || type == DataType::kInt64 || type == DataType::kUint64;
}

}  // namespace stria
