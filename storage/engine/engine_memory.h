// What an engine holds of the process's memory, and what follows when that is nearly all.
//
// Of the limit, memtables are flushed early above 50 %, new series are refused above 55 % and rows
// of any kind above 90 %. The rest is for what is under way: bodies, flushes, compactions. Only new
// series stay in memory for good; so they are refused first, and rows of known series go on.

#pragma once

#include <cstdint>

#include "storage/base/memory_budget.h"
#include "storage/base/mutex.h"
#include "storage/base/status.h"

namespace stria::storage {

/// Thread safety: thread-safe.
class EngineMemory {
 public:
  /// `process` outlives this; null: the engine counts by itself, and has no limit.
  explicit EngineMemory(MemoryBudget* process);

  /// What a new series takes beside its key, about: places in the index, its rank, and the time of
  /// its last flush.
  static constexpr uint64_t kBytesASeries = 128;

  // What the engine holds now.
  void SetRows(uint64_t bytes);
  void SetSeries(uint64_t bytes);
  void SetCache(uint64_t bytes);
  void Measure() { process_->Measure(); }

  /// Whether memtables should be flushed before they are due.
  bool is_tight() const { return process_->FreeBelow(kTightPercent) == 0; }
  /// Memtables below it are not worth a flush.
  uint64_t least_flush_bytes() const { return process_->limit() / 64; }
  /// Bytes that new series may take now.
  uint64_t RoomForSeries();
  /// Fails with kResourceExhausted when rows cannot be taken now.
  Status CheckRows() const;

  const MemoryBudget& process() const { return *process_; }

 private:
  static constexpr unsigned kTightPercent = 50, kSeriesPercent = 55, kRowsPercent = 90;

  MemoryBudget own_;
  MemoryBudget* const process_;
  MemoryBudget rows_, series_, cache_;
  Mutex mutex_;
  MemoryCharge rows_charge_ STRIA_GUARDED_BY(mutex_);
  MemoryCharge series_charge_ STRIA_GUARDED_BY(mutex_);
  MemoryCharge cache_charge_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::storage
