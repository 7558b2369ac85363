// The recent rows of one table in one shard, in arrival order, column by column.
//
// One writer appends and publishes; any number of readers see a prefix that does not change. Rows
// lie in chunks that start at 64 rows, double to 65,536 and never move. A chunk holds only the
// columns that occur in it. A full chunk is sorted and packed once, in the background, and then
// read like a row group of a part; the rows of the open chunk are sorted when a query asks.

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "storage/base/mutex.h"
#include "storage/format/run_source.h"
#include "storage/memtable/row_placement.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// Thread safety: Append() and Publish() are confined to the shard's log task; the rest is
/// thread-safe and sees published rows only.
class Memtable : public std::enable_shared_from_this<Memtable> {
 public:
  explicit Memtable(TableId table) : table_(table) {}
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  /// Appends rows of log record `seq`; nobody sees them before Publish(). Strings are copied.
  void Append(const TableRows& rows, uint64_t seq, int64_t now_ns);

  /// Makes all appended rows visible.
  void Publish();

  TableId table() const { return table_; }
  uint64_t visible_rows() const { return visible_rows_.load(std::memory_order_acquire); }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  // What the writer knows of all appended rows; confined to it, or to whoever holds a memtable that
  // is written no more.
  uint64_t num_rows() const { return num_rows_; }
  uint64_t first_seq() const { return first_seq_; }
  uint64_t last_seq() const { return last_seq_; }
  int64_t oldest_append_ns() const { return oldest_append_ns_; }

  /// Least and greatest time of all appended rows; wider than the visible ones at most.
  int64_t min_time() const { return min_time_.load(std::memory_order_relaxed); }
  int64_t max_time() const { return max_time_.load(std::memory_order_relaxed); }

  /// The first `num_visible` rows as sorted sources, oldest chunk first; the sources keep the
  /// memtable alive. Sorts what is not sorted yet.
  std::vector<std::unique_ptr<RunSource>> Sources(uint64_t num_visible) const;

  /// Sorts and packs full chunks, for queries to come. Confined to one thread at a time.
  void PackFullChunks();

  // For the flush of a memtable that is written no more: all of its rows.

  /// Series and times, in the order of arrival; valid as long as the memtable lives.
  std::vector<RowPiece> Pieces() const;

  /// Every column that occurs in some row, by id.
  std::vector<std::pair<ColumnId, DataType>> Columns() const;

  /// Sets bits or strings, and validity, of `column`, whose id and type say which it is, to the
  /// rows of `part`, which was made of Pieces(). What is in a NULL slot is not defined. Memory that
  /// `column` has is used again.
  void PlaceColumn(const PlacedPart& part, ColumnRows& column) const;

 private:
  class Chunk;
  class SortedSource;

  Chunk& WritableChunk(size_t num_rows_wanted, bool is_sparse);
  std::vector<std::shared_ptr<Chunk>> Chunks() const;
  size_t NumRowsIn(const Chunk& chunk) const;

  const TableId table_;
  mutable Mutex mutex_;  // Guards the list, not the chunks.
  std::vector<std::shared_ptr<Chunk>> chunks_ STRIA_GUARDED_BY(mutex_);
  std::atomic<uint64_t> visible_rows_ = 0;  // Release in Publish() pairs with acquire in readers.
  std::atomic<uint64_t> bytes_ = 0;         // A counter.
  std::atomic<int64_t> min_time_ = std::numeric_limits<int64_t>::max();
  std::atomic<int64_t> max_time_ = std::numeric_limits<int64_t>::min();
  uint64_t num_rows_ = 0;
  uint64_t first_seq_ = 0;
  uint64_t last_seq_ = 0;
  int64_t oldest_append_ns_ = 0;
  Chunk* open_chunk_ = nullptr;  // Of the writer.
};

}  // namespace stria::storage
