// The contract of operators.
//
//   made -> Open() -> Read(0) ... Read(num_morsels() - 1), each once, from any threads -> destroyed
//
// An operator hands its rows out in morsels, independent pieces that different workers may take.
// Those that stream (scan, filter, project) have the morsels of their input; those that must see
// every row first (aggregates, sort, distinct on) read their input in Open(), with as many workers
// as it is worth, and have one morsel. The answer is the rows of morsel 0, then of morsel 1, ...

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "query/exec/query_context.h"
#include "query/expr/batch.h"
#include "storage/base/status.h"

namespace stria::query {

/// Takes a batch of 1 to kMaxBatchRows rows; false: wants no more.
using BatchConsumer = std::function<Result<bool>(Batch&&)>;

/// Thread safety: Read() of different morsels may run at once; the rest is confined to the thread
/// that executes the plan.
class Operator {
 public:
  virtual ~Operator() = default;

  virtual Status Open() = 0;

  /// Meaningful after Open().
  virtual size_t num_morsels() const = 0;

  /// About how many rows Read() will go through; decides whether other threads are worth waking.
  virtual uint64_t estimated_rows() const = 0;

  /// Hands the batches of one morsel to `consume`. False when the consumer wanted no more.
  virtual Result<bool> Read(size_t morsel, const BatchConsumer& consume) = 0;
};

/// Waking a thread costs 30-70 us, in which one core goes through about this many rows of a filter.
inline constexpr uint64_t kParallelRows = 100'000;

/// Calls `body(worker, morsel)` for each of `num_morsels`, on up to `num_workers` workers at once,
/// each taking the next morsel when it is done with one; one worker's calls do not overlap. Returns
/// the failure with the smallest morsel; after a failure or a stop (false) no new morsel is begun.
Status ForEachMorsel(QueryContext& context, size_t num_morsels, size_t num_workers,
                     const std::function<Result<bool>(size_t worker, size_t morsel)>& body);

/// The number of workers for an input of this size: 1, or one for each core.
size_t NumWorkers(const Operator& input);

/// The same for `num_pieces` of work over `num_rows` rows.
size_t NumWorkers(size_t num_pieces, uint64_t num_rows);

}  // namespace stria::query
