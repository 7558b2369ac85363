// One typed value, for constants, keys and results; never for bulk data.

#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "storage/types/data_type.h"

namespace stria {

/// NULL, or a value of one of the types. Timestamps and intervals are int64 ns with their own tag.
struct Value {
  DataType type = DataType::kNull;
  std::variant<std::monostate, int64_t, uint64_t, double, bool, std::string> data;

  static Value Null(DataType type = DataType::kNull) { return {type, std::monostate{}}; }
  static Value Int64(int64_t value) { return {DataType::kInt64, value}; }
  static Value Uint64(uint64_t value) { return {DataType::kUint64, value}; }
  static Value Float64(double value) { return {DataType::kFloat64, value}; }
  static Value Bool(bool value) { return {DataType::kBool, value}; }
  static Value String(std::string value) { return {DataType::kString, std::move(value)}; }
  static Value Timestamp(int64_t ns) { return {DataType::kTimestamp, ns}; }
  static Value Interval(int64_t ns) { return {DataType::kInterval, ns}; }

  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  int64_t int64() const { return std::get<int64_t>(data); }  ///< also timestamps and intervals
  uint64_t uint64() const { return std::get<uint64_t>(data); }
  double float64() const { return std::get<double>(data); }
  bool boolean() const { return std::get<bool>(data); }
  const std::string& string() const { return std::get<std::string>(data); }

  friend bool operator==(const Value&, const Value&) = default;
};

}  // namespace stria
