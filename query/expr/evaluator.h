// Evaluates bound expressions over batches, one vector at a time.
//
// Conditions are three-valued and live in bytes until somebody wants a column of them. A filter
// narrows a list of row numbers condition by condition, so that the second one sees only the rows
// that passed the first. AND, OR and CASE evaluate a branch only for the rows that reach it when
// the branch could fail (a division, a cast): `b <> 0 AND a / b > 2` is safe.
//
// Numbers: int64 and uint64 arithmetic fails with kOutOfRange instead of wrapping; division and
// modulo by zero fail with kInvalidArgument, also of float64; NaN equals itself and is greater than
// every other number (PostgreSQL).

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "query/expr/batch.h"
#include "query/expr/expression.h"
#include "storage/base/status.h"

namespace stria::query {

/// A truth value in a byte.
enum Truth : uint8_t { kFalse = 0, kTrue = 1, kUnknown = 2 };

/// The value of `expr` for each row of `batch`, in any form. A plain column is copied.
Result<Column> Evaluate(const Expr& expr, const Batch& batch);

/// Fills `truth[batch.num_rows]` with the values of `expr`, which has type bool (or is NULL).
Status EvaluateTruth(const Expr& expr, const Batch& batch, std::span<uint8_t> truth);

/// Leaves in `rows` the numbers of the rows, ascending, for which `predicate` is true.
Status SelectRows(const Expr& predicate, const Batch& batch, std::vector<uint32_t>& rows);

/// The value of an expression without columns.
Result<Value> EvaluateConstant(const Expr& expr);

/// Whether evaluating `expr` can fail for some values of its columns.
bool CanFail(const Expr& expr);

/// -1, 0 or 1 as `a` sorts before, with or after `b`, both bits of `type` (not a string).
int CompareBits(DataType type, uint64_t a, uint64_t b);

/// -1, 0 or 1; NULL sorts after everything and with NULL. Both of one type.
int CompareValues(const Value& a, const Value& b);

/// Adds to `columns`, once each, the input columns that `expr` reads.
void CollectColumns(const Expr& expr, std::vector<uint32_t>& columns);

}  // namespace stria::query
