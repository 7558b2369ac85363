// What an engine does by itself every second, but for compaction: log segments ahead, memtables
// that are old, files that nobody names.

#pragma once

#include "storage/engine/engine_core.h"
#include "storage/engine/log_task.h"

namespace stria::storage {

/// Thread safety: Start() once.
class Housekeeping {
 public:
  Housekeeping(EngineCore& core, LogTask& log_task) : core_(core), log_task_(log_task) {}

  /// Begins to do it, until the engine is closed.
  void Start();

 private:
  void Run();

  EngineCore& core_;
  LogTask& log_task_;
};

}  // namespace stria::storage
