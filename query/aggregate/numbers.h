// Numbers of any type as doubles, in and out of accumulators.

#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "query/expr/batch.h"
#include "storage/base/int128.h"

namespace stria::query {

/// `word` of a number, interval, timestamp or bool of `type`, rounded once where it has more than
/// 53 bits.
inline double NumberOf(DataType type, uint64_t word) {
  switch (type) {
    case DataType::kFloat64: return std::bit_cast<double>(word);
    case DataType::kUint64: return static_cast<double>(word);
    default: return static_cast<double>(static_cast<int64_t>(word));
  }
}

/// a - b, of integers from their exact difference.
inline double DifferenceOf(DataType type, uint64_t a, uint64_t b) {
  switch (type) {
    case DataType::kFloat64: return std::bit_cast<double>(a) - std::bit_cast<double>(b);
    case DataType::kUint64: return static_cast<double>(Int128{a} - Int128{b});
    default:
      return static_cast<double>(Int128{static_cast<int64_t>(a)} - Int128{static_cast<int64_t>(b)});
  }
}

/// Calls `add(group, word)` for each row that is not NULL.
template <typename Add>
void ForEachWord(const Column& values, std::span<const uint32_t> groups, Add add) {
  if (values.type == DataType::kNull) return;
  const PlainView view(values, static_cast<uint32_t>(groups.size()));
  if (view.all_null()) return;
  for (uint32_t row = 0; row < groups.size(); ++row) {
    if (view.IsValid(row)) add(groups[row], view.Word(row));
  }
}

/// Calls `add(group, number)` for each row that is not NULL.
template <typename Add>
void ForEachNumber(const Column& values, std::span<const uint32_t> groups, Add add) {
  ForEachWord(values, groups,
              [&](uint32_t group, uint64_t word) { add(group, NumberOf(values.type, word)); });
}

/// A column of float64: `number(group)` for each of `groups`, NULL where it is none.
template <typename Number>
Column NumberColumn(std::span<const uint32_t> groups, Number number) {
  Column column = Column::FlatNulls(DataType::kFloat64, static_cast<uint32_t>(groups.size()));
  for (size_t i = 0; i < groups.size(); ++i) {
    const std::optional<double> result = number(groups[i]);
    if (!result) continue;
    column.bits[i] = std::bit_cast<uint64_t>(*result);
    column.validity[i] = 1;
  }
  return column;
}

}  // namespace stria::query
