// What the tasks of an engine share: its shards and catalog, and whether they may still work.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "storage/base/executor.h"
#include "storage/base/mutex.h"
#include "storage/base/status.h"
#include "storage/catalog/catalog.h"
#include "storage/engine/engine.h"
#include "storage/engine/engine_memory.h"
#include "storage/engine/health.h"
#include "storage/engine/shard.h"
#include "storage/io/block_cache.h"
#include "storage/io/file_pool.h"

namespace stria::storage {

/// Called once, when the flush that was asked for has ended.
using FlushDone = std::function<void(const Status&)>;

/// Thread safety: thread-safe once the engine is open.
class EngineCore {
 public:
  EngineCore(const EngineOptions& engine_options, const Env& engine_env);

  /// Runs `task` on `lane`; Close() waits for it.
  void Post(Lane lane, Task task);
  /// The same after `delay_ns`, unless the engine is closed by then.
  void PostAfter(Lane lane, int64_t delay_ns, Task task);
  /// Lets no delayed task begin any more, and waits for those under way. May be called again.
  void Close();
  bool closed() const { return closed_.load(); }

  /// Why a write cannot be taken now: the engine is closed, or its log failed.
  Status Refusal() const;
  /// kDiskFull when the free space is less than the reserve.
  Status CheckDisk() const;
  uint64_t MemtableBytes() const;
  uint64_t SeriesBytes() const;

  /// Notes in `health` what failed in the background and is tried again, or that it works again.
  void Report(HealthComponent component, const char* consequence, const Status& status);
  /// Whether the disk has room, as the last look at it found.
  void ReportDisk(const Status& status);

  EngineOptions options;
  const Env env;
  EngineMemory memory;
  BlockCache cache;
  FilePool part_files;
  Health health;
  Catalog catalog;
  SeriesTextCache series_texts;
  std::vector<std::unique_ptr<Shard>> shards;
  /// A batch over several shards is seen in all of them or in none: shared by whoever takes a
  /// snapshot, exclusive for whoever publishes.
  std::shared_mutex publish_mutex;

  std::atomic<bool> failed = false;     ///< a log or a manifest: no writes until a restart
  std::atomic<bool> disk_full = false;  ///< as the last look at it found
  std::atomic<uint64_t> num_flushes = 0;
  std::atomic<uint64_t> num_compactions = 0;

 private:
  // What delayed tasks, which may outlive the engine, look at before they touch it.
  struct Gate {
    Mutex mutex;
    bool closed STRIA_GUARDED_BY(mutex) = false;
  };

  // Ends a task that was counted. The engine may be gone afterwards.
  void TaskEnded();

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::atomic<bool> closed_ = false;
  std::atomic<int64_t> num_tasks_ = 0;
};

}  // namespace stria::storage
