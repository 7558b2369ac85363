// What an engine does by itself every second: log segments ahead, memtables that are old, parts
// that have become many, files that nobody names.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>

#include "storage/base/status.h"
#include "storage/compaction/compaction_picker.h"
#include "storage/engine/engine_core.h"
#include "storage/engine/log_task.h"

namespace stria::storage {

/// Thread safety: Start() once; CompactAll() from anywhere.
class Housekeeping {
 public:
  Housekeeping(EngineCore& core, LogTask& log_task) : core_(core), log_task_(log_task) {}

  /// Begins to do it, until the engine is closed.
  void Start();

  /// Merges each partition's parts into few, in all tables. A table with damaged parts is left as
  /// it is, and is what the status tells of.
  Status CompactAll();

 private:
  // A table as housekeeping saw it last.
  struct WatchedTable {
    std::shared_ptr<const TableParts> parts;
    int64_t since_ns = 0;
    bool seen_busy = false, seen_idle = false;  // Was compacted by that policy since.
    Status damage = Status::Ok();  // Not ok: it cannot be compacted, because parts are damaged.
  };

  void Run();
  Status CompactTables(Shard& shard, std::span<const TableSchemaPtr> tables,
                       const CompactionPolicy& policy, std::map<TableId, Status>& damaged);
  Status CompactDue(Shard& shard);

  EngineCore& core_;
  LogTask& log_task_;
  // By shard; of the background task.
  std::unordered_map<uint32_t, std::unordered_map<TableId, WatchedTable>> watched_;
};

}  // namespace stria::storage
