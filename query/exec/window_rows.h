// The rows of a window's input by partition, each in the order of the window.
//
//   rows, as they came      a 0 | b 0 | a 1 | a 1 | b 1        partition by letter, order by digit
//   positions               0     3     1     2     4
//   partitions              [0, 3) and [3, 5); 1 and 2 are peers
//
// Batches stay as they came, so that nothing of the input is copied; only what window functions
// look at is brought into the order of positions. Rows that come by series and time already have
// their order: partitions are found by hashing, and only those that are not in order are sorted.
// Rows that ORDER BY does not tell apart stay in the order of the input.

#pragma once

#include <cstdint>
#include <vector>

#include "query/exec/batch.h"
#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// Positions [begin, end).
struct WindowPartition {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Thread safety: thread-compatible.
class WindowRows {
 public:
  /// `node` is a kWindow and outlives the object.
  WindowRows(const PlanNode& node, QueryContext& context);

  /// Reads all of `input`, which is open, with as many workers as it is worth. Fails like the keys
  /// do, and with kResourceExhausted.
  Status Read(Operator& input);

  uint32_t num_rows() const { return num_rows_; }
  /// Those that have rows, in the order in which they appeared.
  const std::vector<WindowPartition>& partitions() const { return partitions_; }
  uint32_t PositionOf(uint32_t row) const { return positions_.empty() ? row : positions_[row]; }
  /// Whether the row at `position` is no peer of the one before it in its partition.
  bool IsFirstPeer(uint32_t position) const { return is_first_peer_[position] != 0; }

  /// The value of `expr` at each position, as a flat column.
  Result<Column> ValuesOf(const Expr& expr) const;

  /// As they came. May be moved from once nothing is computed any more.
  std::vector<Batch>& batches() { return batches_; }

 private:
  struct Keys;

  Status ReadBatches(Operator& input);
  Result<std::vector<uint32_t>> FindPartitions();
  Status EncodeKeys(std::vector<Keys>& keys) const;
  void SortPartitions(const std::vector<Keys>& keys, std::vector<uint32_t>& row_at) const;
  void MarkPeers(const std::vector<Keys>& keys, const std::vector<uint32_t>& row_at);
  static int Compare(const std::vector<Keys>& keys, uint32_t a, uint32_t b, size_t first_key);

  const PlanNode& node_;
  QueryContext& context_;
  MemoryUse batch_memory_, memory_;
  std::vector<Batch> batches_;
  uint32_t num_rows_ = 0;
  std::vector<WindowPartition> partitions_;
  std::vector<uint32_t> positions_;  // By row; empty: each row is at its own number.
  std::vector<uint8_t> is_first_peer_;
};

}  // namespace stria::query
