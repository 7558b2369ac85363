#include "storage/engine/engine_core.h"

#include <utility>

#include "storage/base/errors.h"
#include "storage/base/log.h"

namespace stria::storage {

EngineCore::EngineCore(const EngineOptions& engine_options, const Env& engine_env)
    : options(engine_options),
      env(engine_env),
      memory(engine_options.memory),
      cache(engine_options.cache_bytes),
      part_files(*engine_env.files, engine_options.max_open_files),
      health(*engine_env.clock),
      catalog(*engine_env.files, engine_options.directory + "/catalog"),
      series_texts(engine_options.series_cache_bytes, engine_env.random->Next()) {}

void EngineCore::TaskEnded() {
  Executor& executor = *env.executor;  // The engine may be gone after the next line.
  num_tasks_.fetch_sub(1);
  executor.Notify();
}

void EngineCore::Post(Lane lane, Task task) {
  num_tasks_.fetch_add(1);
  env.executor->Post(lane, [this, task = std::move(task)] {
    task();
    TaskEnded();
  });
}

void EngineCore::PostAfter(Lane lane, int64_t delay_ns, Task task) {
  env.executor->PostAfter(lane, delay_ns, [this, gate = gate_, task = std::move(task)] {
    {
      const MutexLock lock(gate->mutex);
      if (gate->closed) return;
      num_tasks_.fetch_add(1);
    }
    task();
    TaskEnded();
  });
}

void EngineCore::Close() {
  closed_.store(true);
  {
    const MutexLock lock(gate_->mutex);
    gate_->closed = true;
  }
  // Everything posted holds a count; what is delayed finds the gate closed. A second call waits
  // too: a write that was let in before the first may have been posted after it. An executor that
  // went before the engine has run everything, and must not be touched.
  if (num_tasks_.load() == 0) return;
  env.executor->WaitUntil([this] { return num_tasks_.load() == 0; });
}

Status EngineCore::Refusal() const {
  if (closed()) return Unavailable("the server is stopping; send the request again later");
  if (failed.load(std::memory_order_relaxed)) {
    return IoError(
        "the log or a manifest in {} failed, so no more writes are taken; reads go on. Check the "
        "disk and restart",
        options.directory);
  }
  return Status::Ok();
}

Status EngineCore::CheckDisk() const {
  const auto space = env.files->Space(options.directory);
  if (!space || space->free_bytes >= options.disk_reserve_bytes) return Status::Ok();
  return DiskFull(
      "the disk is full: {} bytes are free below {}, less than the reserve of {}; free some space, "
      "and writes go on by themselves",
      space->free_bytes, options.directory, options.disk_reserve_bytes);
}

uint64_t EngineCore::MemtableBytes() const {
  uint64_t bytes = 0;
  for (const auto& shard : shards)
    bytes += shard->memtable_bytes();
  return bytes;
}

uint64_t EngineCore::SeriesBytes() const {
  uint64_t bytes = series_texts.bytes();
  for (const auto& shard : shards)
    bytes += shard->series_bytes();
  return bytes;
}

void EngineCore::Report(HealthComponent component, const char* consequence, const Status& status) {
  if (status.ok()) return health.Clear(component, consequence);
  health.Report({.component = component,
                 .state = failed.load() ? HealthState::kFailed : HealthState::kDegraded,
                 .what = consequence,
                 .detail = status.ToString(),
                 .since_ns = 0,
                 .advice = failed.load() ? "check the disk and restart"
                                         : "it is tried again; look at the reason"});
}

void EngineCore::ReportDisk(const Status& status) {
  disk_full.store(!status.ok(), std::memory_order_relaxed);
  if (status.ok()) return health.Clear(HealthComponent::kDisk);
  health.Report({.component = HealthComponent::kDisk,
                 .state = HealthState::kDegraded,
                 .what = {},
                 .detail = std::string(status.message()),
                 .since_ns = 0,
                 .advice = "free some space; reads and deletes go on, and writes go on by "
                           "themselves when there is room"});
}

}  // namespace stria::storage
