// The engine dies, or one call fails, at every call in turn (or at every STRIA_CRASH_STRIDE-th);
// then it starts again, and everything that was acknowledged is there, and nothing else.

#include <cstdint>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/crash/crash_cycles.h"
#include "tests/crash/crash_world.h"
#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

using Unsynced = FaultFileSystem::Unsynced;

constexpr int kNumActions = 70;
constexpr uint64_t kSeed = 7;  // A workload with flushes, rolls, compactions and a restart.

struct Fault {
  const char* name;
  uint32_t num_shards = 1;
  bool dies = true;
  StatusCode code = StatusCode::kIoError;
  Unsynced unsynced = Unsynced::kDropNames;
  bool reads = false;  ///< one that reads, opens, lists or asks for a size
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) {
  return out << fault.name;
}

// Whoever reads, or keeps a part apart, may say so when it is the read that was made to fail.
bool NamesTheFault(const Status& status) {
  return status.message().find("made to fail") != std::string::npos;
}

class PowerLossTest : public testing::TestWithParam<Fault> {
 protected:
  // Returns whether call `call` was reached.
  bool FailAt(uint64_t call) {
    const Fault& fault = GetParam();
    CrashWorld world({.seed = kSeed, .num_shards = fault.num_shards});
    if (fault.reads) {
      world.files().FailReadAt(call, fault.code);
    } else {
      world.files().FailAt(call, fault.code, fault.dies);
    }
    const Status while_running = world.Run(kNumActions);
    const bool reached = world.files().failed();
    const std::string where =
        reached ? "call " + std::to_string(call) + ", " + world.files().failed_call() : "no fault";
    EXPECT_TRUE(while_running.ok() || NamesTheFault(while_running))
        << where << ", running: " << while_running.ToString();
    if (!fault.dies && world.is_open()) {
      const Status status = world.Verify(Look::kRunning);
      EXPECT_TRUE(status.ok() || NamesTheFault(status))
          << where << ", still running: " << status.ToString();
    }
    world.Close();
    if (!fault.dies) {
      // What a failed sync lost is still in the page cache of the machine.
      world.Restart();
      const Status status = ReopenAndVerify(world);
      EXPECT_TRUE(status.ok()) << where << ", restarted: " << status.ToString();
      world.Close();
    }
    world.Crash(fault.unsynced);
    const Status status = ReopenAndVerify(world);
    EXPECT_TRUE(status.ok()) << where << ", after the loss of power: " << status.ToString();
    return reached;
  }
};

TEST_P(PowerLossTest, LeavesEveryAcknowledgedRowAndNothingElse) {
  uint64_t call = 1 + TestSeed() % STRIA_CRASH_STRIDE;
  while (FailAt(call) && !HasFailure())
    call += STRIA_CRASH_STRIDE;
  EXPECT_GT(call, GetParam().reads ? 150U : 300U)
      << "the workload has become too small to mean anything";
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PowerLossTest,
    testing::Values(
        Fault{"DiesAndLosesAllUnsynced", 1}, Fault{"DiesAndLosesAllUnsyncedOf4Shards", 4},
        Fault{"DiesAndKeepsNames", 1, true, StatusCode::kIoError, Unsynced::kKeepNames},
        Fault{"DiesAndKeepsNamesOf4Shards", 4, true, StatusCode::kIoError, Unsynced::kKeepNames},
        Fault{"DiesAndKeepsAll", 1, true, StatusCode::kIoError, Unsynced::kKeepAll},
        Fault{"DiesAndKeepsAllOf4Shards", 4, true, StatusCode::kIoError, Unsynced::kKeepAll},
        Fault{"DiesAndTears", 1, true, StatusCode::kIoError, Unsynced::kTorn},
        Fault{"DiesAndTears4Shards", 4, true, StatusCode::kIoError, Unsynced::kTorn},
        Fault{"OneCallFails", 1, false}, Fault{"OneCallFailsOf4Shards", 4, false},
        Fault{"OneCallFindsTheDiskFull", 1, false, StatusCode::kDiskFull},
        Fault{"OneCallFindsTheDiskFullOf4Shards", 4, false, StatusCode::kDiskFull},
        Fault{"OneReadFails", 1, false, StatusCode::kIoError, Unsynced::kDropNames, true},
        Fault{"OneReadFailsOf4Shards", 4, false, StatusCode::kIoError, Unsynced::kDropNames, true}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SimulatorSliceTest, SurvivesCyclesOfFaultsAndRestarts) {
  const uint64_t seed = TestSeed();
  for (uint64_t world = 0; world < 12; ++world) {
    StepCounts counts = {};
    const Status status =
        RunCrashCycles(seed * 1'000'000 + world, world % 2 == 0 ? 1 : 4, 10, counts);
    ASSERT_TRUE(status.ok()) << "world " << world << ": " << status.ToString();
  }
}

}  // namespace
}  // namespace stria::storage
