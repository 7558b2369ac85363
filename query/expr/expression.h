// Bound expressions: names are resolved to input columns, types are known, casts are explicit.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/value.h"

namespace stria {
class RegexPattern;  // storage/types/regex_pattern.h
}

namespace stria::query {

struct FunctionDef;  // query/expr/function_registry.h

enum class ExprKind : uint8_t {
  kColumn,   ///< column `column` of the input
  kLiteral,  ///< `literal`
  kCompare,  ///< args[0] op args[1]; both sides have one type
  kArith,    ///< args[0] op args[1], or -args[0] for kNegate
  kAnd,      ///< any number of args; three-valued
  kOr,
  kNot,
  kIsNull,  ///< args[0] IS NULL; IS NOT NULL is kNot of it
  kIn,      ///< args[0] IN (args[1..], literals of the same type); NULL semantics of SQL
  kLike,    ///< args[0] LIKE args[1] (a literal pattern, % and _, \ escapes)
  kRegex,   ///< args[0] ~ args[1] (a literal, `regex` unless NULL)
  kCast,    ///< args[0] to `type`
  kCall,    ///< function(args)
  kCase,    ///< args: when1, then1, when2, then2, ..., [else]; odd count has the else
};

enum class ExprOp : uint8_t {
  kNone,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNegate,
};

/// Immutable once bound; shared freely.
struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  ExprOp op = ExprOp::kNone;
  DataType type = DataType::kNull;
  uint32_t column = 0;
  Value literal;
  const FunctionDef* function = nullptr;
  std::vector<std::shared_ptr<const Expr>> args;
  std::shared_ptr<const RegexPattern> regex;
  std::string text;  ///< as EXPLAIN and result headers show it
};

using ExprPtr = std::shared_ptr<const Expr>;

/// Aggregates; count(*) is kCountStar. What each computes is said where it is accumulated.
enum class AggregateKind : uint8_t {
  kCountStar,
  kCount,
  kSum,
  kAvg,
  kMin,
  kMax,
  kFirst,  ///< the value at the least time
  kLast,
  kMinBy,  ///< the value at the least of another value
  kMaxBy,
  kStddevSamp,
  kStddevPop,
  kVarSamp,
  kVarPop,
  kPercentileCont,    ///< parameters: the fraction, 0 .. 1
  kPercentileDisc,    ///< likewise
  kApproxPercentile,  ///< likewise
  kMode,
  kApproxCountDistinct,
  kHistogram,  ///< parameters: low, high, number of buckets
  kIncrease,
  kRate,
  kDelta,
  kDerivative,
  kTimeWeightedAvg,
};

/// One aggregate call. NULL values are ignored by all but kCountStar.
///
/// Result types: counts int64; sum of ints int64 (uint64 for uint64; error out_of_range on overflow
/// of a 128-bit accumulator's result), of floats float64; avg float64; of intervals both are
/// intervals; min, max, first, last, min_by, max_by, mode and percentile_disc the type of their
/// argument; histogram a string; everything else float64 (a percentile of intervals: interval).
struct AggregateCall {
  AggregateKind kind = AggregateKind::kCountStar;
  ExprPtr argument;  ///< nullptr for kCountStar
  ExprPtr order;     ///< a time: kFirst, kLast, and from kIncrease on; any value: kMinBy, kMaxBy
  std::vector<double> parameters;
  bool is_distinct = false;  ///< of equal values one counts
  DataType type = DataType::kInt64;
  std::string text;
};

/// A group's histogram has at most so many buckets.
inline constexpr uint32_t kMaxHistogramBuckets = 10'000;

/// Whether the aggregate goes by a time: its `order` is the table's time where none is given.
bool GoesByTime(AggregateKind kind);

/// Whether both compute the same from the same columns; their texts may differ.
bool SameExpr(const Expr& a, const Expr& b);

/// `expr` with column i replaced by column mapping[i]. Shares what does not change.
ExprPtr MapColumns(const ExprPtr& expr, const std::vector<uint32_t>& mapping);

/// A reference to input column `column`.
ExprPtr MakeColumnRef(uint32_t column, DataType type, std::string text);

}  // namespace stria::query
