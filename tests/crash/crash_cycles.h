// Ways to break a CrashWorld and look at it again.

#pragma once

#include <cstdint>

#include "storage/base/status.h"
#include "tests/crash/crash_world.h"

namespace stria::storage {

/// Starts the engine again after Crash() or Restart() of the disk and compares with the ledger;
/// then one more batch must be stored.
Status ReopenAndVerify(CrashWorld& world);

/// One world of `num_cycles` cycles: random actions, a fault at a random call, a restart or a loss
/// of power, sometimes another in the midst of recovery, and a look at what is there. Everything
/// follows from `seed`.
Status RunCrashCycles(uint64_t seed, uint32_t num_shards, int num_cycles);

}  // namespace stria::storage
