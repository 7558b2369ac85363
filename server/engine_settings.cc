#include "server/engine_settings.h"

namespace stria::server {

storage::EngineOptions EngineOptionsOf(const Settings& settings) {
  return {.directory = settings.Text("server.data"),
          .num_shards = static_cast<uint32_t>(settings.Count("storage.shards")),
          .memtable_bytes = settings.Size("storage.memtable"),
          .memory_bytes = settings.Size("storage.memory"),
          .wal_bytes = settings.Size("storage.wal"),
          .wal_segment_bytes = settings.Size("storage.wal_segment"),
          .cache_bytes = settings.Size("storage.cache"),
          .disk_reserve_bytes = settings.Size("storage.disk_reserve"),
          .flush_after_ns = settings.DurationNs("storage.flush_after"),
          .compact_after_ns = settings.DurationNs("storage.compact_after"),
          .partition_ns = settings.DurationNs("storage.partition"),
          .max_columns = static_cast<uint32_t>(settings.Count("ingest.max_columns")),
          .create_databases = settings.Flag("ingest.create_databases")};
}

}  // namespace stria::server
          .series_cache_bytes = settings.Size("ingest.series_cache"),
