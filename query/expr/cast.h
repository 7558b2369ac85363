// CAST: every pair of types that has a meaning.
//
// Rules follow PostgreSQL: float64 to an integer rounds half to even and fails with kOutOfRange
// where it does not fit; text that is no number, time or bool fails with kInvalidArgument. A
// timestamp and an interval as int64 are their nanoseconds.

#pragma once

#include "query/expr/batch.h"
#include "storage/base/status.h"
#include "storage/types/data_type.h"

namespace stria::query {

/// Whether CAST(from AS to) exists.
bool CanCast(DataType from, DataType to);

/// `column` as `to`; NULL stays NULL. Requires CanCast(column.type, to).
Result<Column> CastColumn(const Column& column, DataType to, uint32_t num_rows);

/// The text that CAST(value AS string) gives.
std::string FormatValue(const Value& value);

}  // namespace stria::query
