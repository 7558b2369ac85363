#include "tests/crash/crash_cycles.h"

#include <array>
#include <random>

#include <fmt/core.h>

namespace stria::storage {
namespace {

using Unsynced = FaultFileSystem::Unsynced;

constexpr std::array kFates = {Unsynced::kDropNames, Unsynced::kKeepNames, Unsynced::kKeepAll,
                               Unsynced::kTorn,      Unsynced::kTorn,      Unsynced::kTorn};

}  // namespace

Status ReopenAndVerify(CrashWorld& world) {
  STRIA_RETURN_IF_ERROR(world.Open().WithContext("start"));
  STRIA_RETURN_IF_ERROR(world.Verify(/*settles=*/true).WithContext("after the start"));
  STRIA_RETURN_IF_ERROR(world.WriteOne().WithContext("write after the start"));
  return world.Verify(/*settles=*/true).WithContext("after a write");
}

Status RunCrashCycles(uint64_t seed, uint32_t num_shards, int num_cycles) {
  std::mt19937_64 random(seed);
  CrashWorld world({.seed = seed, .num_shards = num_shards});
  STRIA_RETURN_IF_ERROR(world.Open());
  for (int cycle = 0; cycle < num_cycles; ++cycle) {
    const std::string context = fmt::format("cycle {}", cycle);
    const bool dies = random() % 3 != 0;
    const StatusCode code = random() % 4 == 0 ? StatusCode::kDiskFull : StatusCode::kIoError;
    world.files().FailAt(1 + random() % 150, code, dies);
    const int num_actions = static_cast<int>(random() % 60);
    for (int i = 0; i < num_actions; ++i)
      world.Act();
    if (world.is_open() && !dies) {
      world.Settle();
      STRIA_RETURN_IF_ERROR(world.Verify(/*settles=*/false).WithContext(context));
    }
    world.Close();
    while (true) {
      if (random() % 3 == 0) {
        world.files().Restart();
      } else {
        world.files().Crash(kFates[random() % kFates.size()]);
      }
      if (random() % 3 != 0) break;
      // Dies again while it recovers.
      world.files().FailAt(1 + random() % 20, StatusCode::kIoError, /*dies=*/true);
      static_cast<void>(world.Open());
      world.Close();
    }
    STRIA_RETURN_IF_ERROR(ReopenAndVerify(world).WithContext(context));
  }
  return Status::Ok();
}

}  // namespace stria::storage
