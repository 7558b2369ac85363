#include "storage/engine/engine_memory.h"

#include "storage/base/errors.h"
#include "storage/base/units.h"

namespace stria::storage {

EngineMemory::EngineMemory(MemoryBudget* process)
    : own_("process", MemoryBudget::kNoLimit),
      process_(process != nullptr ? process : &own_),
      rows_("rows", MemoryBudget::kNoLimit, process_),
      series_("series", MemoryBudget::kNoLimit, process_),
      cache_("cache", MemoryBudget::kNoLimit, process_),
      rows_charge_(rows_),
      series_charge_(series_),
      cache_charge_(cache_) {}

void EngineMemory::SetRows(uint64_t bytes) {
  const MutexLock lock(mutex_);
  rows_charge_.Set(bytes);
}

void EngineMemory::SetSeries(uint64_t bytes) {
  const MutexLock lock(mutex_);
  series_charge_.Set(bytes);
}

void EngineMemory::SetCache(uint64_t bytes) {
  const MutexLock lock(mutex_);
  cache_charge_.Set(bytes);
}

uint64_t EngineMemory::RoomForSeries() {
  Measure();
  return process_->FreeBelow(kSeriesPercent);
}

Status EngineMemory::CheckRows() const {
  if (process_->FreeBelow(kRowsPercent) != 0) return Status::Ok();
  return ResourceExhausted(
      "memory is short: {} of {} are in use. Nothing of the write is stored; send it again in a "
      "moment, or raise server.memory",
      FormatSize(process_->used()), FormatSize(process_->limit()));
}

}  // namespace stria::storage
