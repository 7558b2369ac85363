// Where the rows of an answer go, and what making them took.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/expr/batch.h"
#include "query/expr/query_error.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

struct QueryStats {
  int64_t elapsed_ns = 0;
  uint64_t rows_returned = 0;
  uint64_t rows_scanned = 0;
  uint64_t parts = 0, parts_pruned = 0, vectors_pruned = 0, bytes_read = 0;
};

/// Receives an answer. Calls come from one thread: OnColumns() once, OnBatch() any number of times,
/// then OnEnd() or OnError() once; an error may also come first, or after rows.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual void OnColumns(const std::vector<OutputColumn>& columns) = 0;
  /// Returns false to stop (the client is gone).
  virtual bool OnBatch(const Batch& batch) = 0;
  /// `note` explains an empty answer ("0 rows: plant.readings has data from ... to ..."), else
  /// empty.
  virtual void OnEnd(const QueryStats& stats, const std::string& note) = 0;
  virtual void OnError(const QueryError& error) = 0;
};

}  // namespace stria::query
