// Answers as JSON: one object for all rows, or one for each.
//
//   {"columns":[{"name":"site","type":"string"},...],
//   "rows":[
//   ["hamburg",21.5],
//   ["lyon",null]],
//   "stats":{"elapsed_ms":1.234,"rows":2,"rows_scanned":1400,...}}
//
// NULL is null, and so are NaN and infinities, which JSON has no numbers for. Integers are written
// with all their digits, also where a reader that knows doubles only would round them. Times are
// strings or whole numbers (see TimeForm), intervals strings.

#pragma once

#include <memory>

#include "query/output/row_writer.h"

namespace stria::query {

std::unique_ptr<RowWriter> MakeJsonWriter(TimeForm times);

/// {"site":"hamburg","avg":21.5} and a line end for each row; nothing else.
std::unique_ptr<RowWriter> MakeJsonLinesWriter(TimeForm times);

}  // namespace stria::query
