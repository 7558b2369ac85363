#include "server/engine_settings.h"

#include <algorithm>

#include <sys/resource.h>

namespace stria::server {
namespace {

// Half of what the process may open; connections, the log and spills have the other half. The soft
// limit, which is for programs that use select(), is raised to the hard one.
uint64_t MaxOpenPartFiles() {
  constexpr uint64_t kLeast = 16, kGreatest = 100'000;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = raised.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return std::clamp<uint64_t>(limit.rlim_cur / 2, kLeast, kGreatest);
}

}  // namespace

storage::EngineOptions EngineOptionsOf(const Settings& settings) {
  return {.directory = settings.Text("server.data"),
          .num_shards = static_cast<uint32_t>(settings.Count("storage.shards")),
          .memtable_bytes = settings.Size("storage.memtable"),
          .memory_bytes = settings.Size("storage.memory"),
          .wal_bytes = settings.Size("storage.wal"),
          .wal_segment_bytes = settings.Size("storage.wal_segment"),
          .cache_bytes = settings.Size("storage.cache"),
          .max_open_files = MaxOpenPartFiles(),
          .disk_reserve_bytes = settings.Size("storage.disk_reserve"),
          .flush_after_ns = settings.DurationNs("storage.flush_after"),
          .compact_after_ns = settings.DurationNs("storage.compact_after"),
          .partition_ns = settings.DurationNs("storage.partition"),
          .compaction_bytes_per_second = settings.Size("storage.compact_rate"),
          .series_cache_bytes = settings.Size("ingest.series_cache"),
          .max_columns = static_cast<uint32_t>(settings.Count("ingest.max_columns")),
          .max_series = static_cast<uint64_t>(settings.Count("ingest.max_series")),
          .create_databases = settings.Flag("ingest.create_databases")};
}

}  // namespace stria::server
