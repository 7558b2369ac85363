// Ways to break a CrashWorld and look at it again.

#pragma once

#include <cstdint>

#include "storage/base/status.h"
#include "tests/crash/crash_steps.h"
#include "tests/crash/crash_world.h"

namespace stria::storage {

/// Starts the engine again after Crash() or Restart() of the disk and compares with the ledger;
/// then one more batch must be stored.
Status ReopenAndVerify(CrashWorld& world);

/// One world of `num_cycles` cycles: random actions, a death at a random call or in a step that is
/// due, or a call that fails, a restart or a loss of power, sometimes another in the midst of
/// recovery, and a look at what is there. Everything follows from `seed`. Adds each death to
/// `counts`.
Status RunCrashCycles(uint64_t seed, uint32_t num_shards, int num_cycles, StepCounts& counts);

}  // namespace stria::storage
