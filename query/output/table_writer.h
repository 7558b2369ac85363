// Answers as a table for people.
//
//    site    | samples | avg_c
//   ---------+---------+-------
//    hamburg |   12000 |  21.3
//   (1 row, 1.2 ms, 1.4 M rows scanned)
//
// Columns are as wide as the widest of their first kRowsMeasured cells; what comes later is written
// as it comes, so that an answer of any length needs little memory. Times lose the zeros at their
// end. Line ends and other control characters are shown as escapes: text of the database must not
// steer the terminal.

#pragma once

#include <memory>

#include "query/output/row_writer.h"

namespace stria::query {

/// Rows that are looked at before the first is written.
inline constexpr size_t kRowsMeasured = 1000;

std::unique_ptr<RowWriter> MakeTableWriter(TimeForm times);

}  // namespace stria::query
