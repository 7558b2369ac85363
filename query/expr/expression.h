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

/// Aggregates of this version; count(*) is kCountStar.
enum class AggregateKind : uint8_t { kCountStar, kCount, kSum, kAvg, kMin, kMax, kFirst, kLast };

/// One aggregate call. kFirst and kLast take (value[, time]); the binder fills in the table's time
/// column where it is left out. NULL values are ignored by all but kCountStar.
///
/// Result types: counts int64; sum of ints int64 (uint64 for uint64; error out_of_range on overflow
/// of a 128-bit accumulator's result), of floats float64; avg float64; of intervals both are
/// intervals; min, max, first, last the type of their argument.
struct AggregateCall {
  AggregateKind kind = AggregateKind::kCountStar;
  ExprPtr argument;    ///< nullptr for kCountStar
  ExprPtr order_time;  ///< kFirst, kLast
  DataType type = DataType::kInt64;
  std::string text;
};

/// Whether both compute the same from the same columns; their texts may differ.
bool SameExpr(const Expr& a, const Expr& b);

/// `expr` with column i replaced by column mapping[i]. Shares what does not change.
ExprPtr MapColumns(const ExprPtr& expr, const std::vector<uint32_t>& mapping);

/// A reference to input column `column`.
ExprPtr MakeColumnRef(uint32_t column, DataType type, std::string text);

}  // namespace stria::query
