#include "storage/engine/housekeeping.h"

namespace stria::storage {
namespace {

constexpr int64_t kHousekeepingNs = 1'000'000'000;

}  // namespace

void Housekeeping::Start() {
  core_.PostAfter(Lane::kBackground, kHousekeepingNs, [this] {
    Run();
    Start();
  });
}

void Housekeeping::Run() {
  const Status disk = core_.CheckDisk();
  if (disk.ok()) core_.ReportDisk(disk);
  core_.memory.SetSeries(core_.SeriesBytes());
  core_.memory.SetCache(core_.cache.bytes());
  core_.memory.SetRows(core_.MemtableBytes());
  core_.memory.Measure();
  log_task_.FlushDue();
  for (auto& shard : core_.shards) {
    // Space that is short is for what must be written.
    if (disk.ok())
      core_.Report(HealthComponent::kLog, "the next log segment is made when it is needed",
                   shard->PrepareLog());
    shard->SortMemtables();
    if (!shard->manifest_failed()) {
      core_.Report(HealthComponent::kPart, "the parts of dropped tables stay for now",
                   shard->FreeDropped(*core_.catalog.current()));
    }
    shard->CollectGarbage();
  }
}

}  // namespace stria::storage
