// What window functions mean, the slow and obvious way: for each row the rows of its partition are
// sorted, and each of them is asked whether it is in the frame.

#pragma once

#include <vector>

#include "tests/support/reference_query.h"

namespace stria::query {

/// `input` with a column more for each call of `node`, a kWindow. Rows that ORDER BY does not tell
/// apart are in the order of the input.
std::vector<ReferenceRow> ReferenceWindow(const PlanNode& node,
                                          const std::vector<ReferenceRow>& input);

}  // namespace stria::query
