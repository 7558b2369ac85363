// Rows brought into an order: what ORDER BY, ORDER BY with LIMIT and DISTINCT ON have in common.
//
// Batches are kept as they come, with the sort keys of their rows as words that compare unsigned
// (strings by their first eight bytes, and by the rest where those are equal). What is sorted are
// 16-byte entries that point to rows. When only the first rows, or the first row of each key, are
// wanted, the entries are cut down to those whenever they have doubled, and the rows that are left
// are copied together; a row that sorts after the last one wanted is not even kept.
//
// Rows with equal keys stay in the order of the input, whatever the number of workers.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "query/exec/operator.h"
#include "query/plan/logical_plan.h"

namespace stria::query {

/// The order, and which rows of it are wanted.
struct RowOrder {
  std::vector<SortKey> keys;
  std::optional<uint64_t> top;  ///< the first so many
  /// > 0: of rows that agree in so many of the first keys, the first one.
  size_t num_distinct_keys = 0;
};

/// Thread safety: thread-compatible.
class OrderedRows {
 public:
  /// `order` outlives the object.
  OrderedRows(const RowOrder& order, QueryContext& context);
  ~OrderedRows();

  /// Adds a batch of `morsel`; those of one morsel come one after another. Fails like the
  /// expressions of the keys do, and with kResourceExhausted.
  Status Add(size_t morsel, Batch&& batch);

  /// Takes over the rows of `other`, which has the same order.
  Status Absorb(OrderedRows&& other);

  /// Sorts. Nothing is added afterwards. Fails with kCancelled, kDeadlineExceeded and
  /// kResourceExhausted.
  Status Finish();

  uint64_t num_rows() const;

  /// Hands the rows out in their order.
  Result<bool> Emit(const BatchConsumer& consume) const;

 private:
  struct StoredBatch;
  struct Entry;

  Result<StoredBatch> Encode(Batch&& batch, uint64_t first_position) const;
  void KeepBestOfRuns(const StoredBatch& stored, std::vector<uint32_t>& rows) const;
  Status Store(StoredBatch&& stored, const std::vector<uint32_t>& rows);
  bool IsTooLate(const StoredBatch& stored, uint32_t row) const;
  int CompareKeys(const StoredBatch& a, uint32_t a_row, const StoredBatch& b, uint32_t b_row,
                  size_t begin, size_t end) const;
  bool IsBefore(const Entry& a, const Entry& b) const;
  bool HasSameKeys(const Entry& a, const Entry& b) const;
  Status CutIfDoubled();
  void KeepWanted();
  Status SortEntries();
  void Rebuild();
  StoredBatch CopyOf(const Entry* begin, const Entry* end) const;
  Batch Gather(const Entry* begin, const Entry* end) const;

  const RowOrder& order_;
  QueryContext& context_;
  MemoryUse memory_;
  uint64_t stored_bytes_ = 0;
  std::vector<StoredBatch> batches_;
  std::vector<Entry> entries_;
  size_t cut_at_;           // Number of entries at which they are cut down.
  bool has_limit_ = false;  // entries_[limit] is the last row wanted so far.
  uint64_t limit_word_ = 0;
  uint8_t limit_rank_ = 0;
  size_t morsel_ = 0;
  uint64_t num_rows_of_morsel_ = 0;
};

/// Reads all of `input`, which is open, with as many workers as it is worth.
Result<std::unique_ptr<OrderedRows>> ReadOrdered(Operator& input, const RowOrder& order,
                                                 QueryContext& context);

}  // namespace stria::query
