// What a plan means, the slow and obvious way: rows are vectors of values, and every node looks at
// one row after the other. Operators are compared with it.
//
// It knows the nodes all, and of expressions what plan_builder.h makes: columns, literals,
// comparisons, + - *, AND, OR, NOT, IS NULL and time_bucket().

#pragma once

#include <string>
#include <vector>

#include "query/plan/logical_plan.h"
#include "storage/types/schema.h"
#include "storage/types/value.h"

namespace stria::query {

using ReferenceRow = std::vector<Value>;

/// A stored table: a row has a value for each column, no two rows have the same tags and time.
struct ReferenceTable {
  std::vector<ColumnSchema> columns;
  std::vector<ReferenceRow> rows;
};

/// The value of `expr` for one row.
Value ReferenceValue(const Expr& expr, const ReferenceRow& row);

/// The rows of `plan` over `table`; system tables are not for it. Rows whose order is not decided
/// stand in the order of the input.
std::vector<ReferenceRow> ReferenceRows(const PlanNode& plan, const ReferenceTable& table);

/// -1, 0 or 1 as `a` sorts before, with or after `b` under `keys`, applied to rows.
int ReferenceOrder(const std::vector<SortKey>& keys, const ReferenceRow& a, const ReferenceRow& b);

/// -1, 0 or 1 as `a` is less than, equal to or greater than `b`; neither is NULL. NaN is the
/// greatest number and equals itself.
int ReferenceOrderOf(const Value& a, const Value& b);

/// Whether both are keys of one group: NULL is with NULL.
bool SameReferenceKeys(const ReferenceRow& a, const ReferenceRow& b);

/// Whether both are the same, doubles within `tolerance` of the greater one; NaN is NaN.
bool SameValue(const Value& a, const Value& b, double tolerance = 1e-12);

/// "(1, NULL, 'a')", for failures.
std::string RowText(const ReferenceRow& row);

}  // namespace stria::query
