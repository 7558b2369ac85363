#include "storage/engine/housekeeping.h"

#include "storage/base/mutex.h"

namespace stria::storage {
namespace {

constexpr int64_t kHousekeepingNs = 1'000'000'000;
// Of a busy table, so that each row is rewritten a few times at most.
constexpr CompactionPolicy kBusyPolicy = {.min_parts = 4};
// Of a table to which nothing was added for a while: as few parts as are worth their rewriting.
constexpr CompactionPolicy kIdlePolicy = {.min_parts = 2, .min_overlay_percent = 10};
// Of whoever asks: as few parts as can be.
constexpr CompactionPolicy kFullPolicy = {.min_parts = 2};

}  // namespace

void Housekeeping::Start() {
  core_.PostAfter(Lane::kBackground, kHousekeepingNs, [this] {
    Run();
    Start();
  });
}

void Housekeeping::Run() {
  const Status disk = core_.CheckDisk();
  if (disk.ok()) core_.disk_full.store(false, std::memory_order_relaxed);
  log_task_.FlushDue();
  for (auto& shard : core_.shards) {
    // Space that is short is for what must be written.
    if (disk.ok())
      core_.Report("the next log segment is made when it is needed", shard->PrepareLog());
    shard->SortMemtables();
    core_.Report("parts stay as they are", CompactDue(*shard));
    shard->CollectGarbage();
  }
}

Status Housekeeping::CompactAll() {
  const auto tables = core_.catalog.current()->Tables();
  std::map<TableId, Status> damaged;
  for (auto& shard : core_.shards) {
    std::map<TableId, Status> damaged_here;
    STRIA_RETURN_IF_ERROR(CompactTables(*shard, tables, kFullPolicy, damaged_here));
    damaged.merge(damaged_here);
  }
  return damaged.empty() ? Status::Ok() : damaged.begin()->second;
}

Status Housekeeping::CompactTables(Shard& shard, std::span<const TableSchemaPtr> tables,
                                   const CompactionPolicy& policy,
                                   std::map<TableId, Status>& damaged) {
  while (!core_.closed()) {
    STRIA_ASSIGN_OR_RETURN(const size_t num_done, shard.Compact(tables, policy, damaged));
    if (num_done == 0) break;
    core_.num_compactions.fetch_add(num_done, std::memory_order_relaxed);
  }
  return Status::Ok();
}

// Compacts the tables that have new parts, and those that have had none for a while.
Status Housekeeping::CompactDue(Shard& shard) {
  if (shard.manifest_failed()) return core_.Refusal();
  const int64_t now_ns = core_.env.clock->MonotonicNs();
  const auto catalog = core_.catalog.current();
  auto& watched = watched_[shard.number()];
  std::vector<TableSchemaPtr> busy, idle;
  std::map<TableId, Status> damaged;
  for (const auto version = shard.version(); const auto& [id, parts] : version->tables) {
    WatchedTable& table = watched[id];
    if (table.parts != parts) table = {.parts = parts, .since_ns = now_ns};
    const auto schema = catalog->Find(id);
    if (schema == nullptr || parts->parts.size() < 2) continue;
    if (!table.damage.ok()) {
      damaged.emplace(id, table.damage);
      continue;
    }
    if (!table.seen_busy) busy.push_back(schema);
    // Half of the time to wait, half to do it in.
    if (!table.seen_idle && now_ns - table.since_ns >= core_.options.compact_after_ns / 2) {
      idle.push_back(schema);
    }
  }
  // Marked when it has succeeded; a failure is tried again at the next turn.
  STRIA_RETURN_IF_ERROR(CompactTables(shard, busy, kBusyPolicy, damaged));
  for (const auto& schema : busy)
    watched[schema->id].seen_busy = true;
  STRIA_RETURN_IF_ERROR(CompactTables(shard, idle, kIdlePolicy, damaged));
  for (const auto& schema : idle)
    watched[schema->id].seen_idle = true;
  for (const auto& [id, status] : damaged)
    watched[id].damage = status;
  return damaged.empty() ? Status::Ok() : damaged.begin()->second;
}

}  // namespace stria::storage
