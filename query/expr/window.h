// Calls of window functions: a value for each row, computed from rows around it.
//
//   sum(x) OVER (PARTITION BY device ORDER BY time ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)
//
// The rows of one partition, in the order of ORDER BY, are what a function sees; rows that ORDER BY
// does not tell apart are peers. Aggregates and first_value(), last_value() and nth_value() see the
// frame of the current row only, the others the whole partition.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/expr/expression.h"

namespace stria::query {

enum class FrameUnit : uint8_t {
  kRows,   ///< bounds count rows
  kRange,  ///< bounds are distances of the ORDER BY value; the current row is all of its peers
};

/// In the order of what they stand for in a partition.
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};

/// `offset` of kPreceding and kFollowing: a number of rows as int64, or a distance of the type that
/// is added to the ORDER BY value. Not NULL, not negative, not NaN, not infinite.
struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kCurrentRow;
  Value offset;
};

/// The frame without a word about it: from the first row to the last peer of the current one.
struct WindowFrame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound begin{.kind = FrameBoundKind::kUnboundedPreceding, .offset = {}};
  FrameBound end;
};

enum class WindowKind : uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,       ///< args: number of buckets
  kLag,         ///< args: value[, offset[, default]]; offset int64, default of the value's type
  kLead,        ///< as kLag
  kFirstValue,  ///< args: value
  kLastValue,   ///< args: value
  kNthValue,    ///< args: value, n
  kAggregate,   ///< args: the argument[, the time of first and last]; none of count(*)
};

/// One call. NULL values are ignored by aggregates only.
///
/// Result types: ranks and ntile int64, percent_rank and cume_dist float64, aggregates that of
/// AggregateCall, the others that of their value.
struct WindowCall {
  WindowKind kind = WindowKind::kRowNumber;
  AggregateKind aggregate = AggregateKind::kCountStar;  ///< of kAggregate
  std::vector<ExprPtr> args;
  WindowFrame frame;
  DataType type = DataType::kInt64;
  std::string text;  ///< without OVER; the frame only where it was given
};

/// Whether both compute the same, in the same window; their texts may differ.
bool SameCall(const WindowCall& a, const WindowCall& b);

}  // namespace stria::query
