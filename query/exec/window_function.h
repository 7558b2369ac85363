// One call of a window function over one partition: arrays of arguments in, an array of results
// out, both by position.

#pragma once

#include <vector>

#include "query/exec/window_rows.h"
#include "query/expr/window.h"
#include "storage/base/status.h"

namespace stria::query {

/// What a call reads. Outlives the computation.
struct WindowInput {
  const WindowCall& call;
  const WindowRows& rows;
  std::vector<Column> args;        ///< by position, flat
  const Column* key = nullptr;     ///< of a RANGE with an offset: the ORDER BY value, flat
  const SortKey* order = nullptr;  ///< of a RANGE with an offset
};

/// Fills the positions of `partition` in `result`, which has NULL there. Different partitions may
/// be computed at once. Fails with kInvalidArgument on an argument that makes no sense, and with
/// kOutOfRange when a sum does not fit.
Status ComputeWindow(const WindowInput& input, WindowPartition partition, Column& result);

}  // namespace stria::query
