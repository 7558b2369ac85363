// Rows of single values to a sink: the answers of SHOW, DESCRIBE and EXPLAIN.

#pragma once

#include <vector>

#include "query/exec/result_sink.h"
#include "storage/types/value.h"

namespace stria::query {

/// Hands `columns` and `rows` to `sink`, without OnEnd(). Returns the number of rows handed over.
uint64_t SendRows(const std::vector<OutputColumn>& columns,
                  const std::vector<std::vector<Value>>& rows, ResultSink& sink);

}  // namespace stria::query
