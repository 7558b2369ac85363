// + - * / % and negation over columns, with checks.

#pragma once

#include <cstdint>

#include "query/expr/batch.h"
#include "query/expr/expression.h"
#include "storage/base/status.h"

namespace stria::query {

/// `left op right` as `type`. Numbers have one type on both sides. Also: timestamp ± interval,
/// timestamp - timestamp, interval ± interval, interval * int64 (either order), interval * float64
/// (either order), interval / int64, interval / float64, interval / interval (float64).
///
/// Fails with kOutOfRange where an integer or time overflows, kInvalidArgument on division by zero;
/// never for rows that are NULL.
Result<Column> ComputeArithmetic(ExprOp op, const Column& left, const Column& right, DataType type,
                                 uint32_t num_rows);

/// -`column`, as `type`.
Result<Column> NegateColumn(const Column& column, DataType type, uint32_t num_rows);

/// The type of `left op right` as ComputeArithmetic() takes it, kNull if it takes no such pair.
DataType ArithmeticType(ExprOp op, DataType left, DataType right);

}  // namespace stria::query
