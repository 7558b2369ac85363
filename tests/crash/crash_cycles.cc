#include "tests/crash/crash_cycles.h"

#include <array>
#include <random>

#include <fmt/core.h>

namespace stria::storage {
namespace {

using Unsynced = FaultFileSystem::Unsynced;

constexpr std::array kFates = {Unsynced::kDropNames, Unsynced::kKeepNames, Unsynced::kKeepAll,
                               Unsynced::kTorn,      Unsynced::kTorn,      Unsynced::kTorn};
// Those that a random call meets seldom, more often.
constexpr std::array kSteps = {
    Step::kAppend,     Step::kRoll,       Step::kRoll,     Step::kFlush,    Step::kCommit,
    Step::kCompaction, Step::kCompaction, Step::kSnapshot, Step::kSnapshot, Step::kDelete,
    Step::kDelete,     Step::kDrop,       Step::kDrop};

class Cycle {
 public:
  Cycle(CrashWorld& world, std::mt19937_64& random, StepCounts& counts)
      : world_(world), random_(random), counts_(counts) {}

  Status Run() {
    STRIA_RETURN_IF_ERROR(ActUntilBroken());
    world_.Close();
    ++counts_[static_cast<size_t>(world_.DiedIn())];
    LosePower();
    // Dies again while it recovers, perhaps more than once.
    for (Step step = Step::kRecovery; random_() % 3 == 0; step = Step::kRecoveryInRecovery) {
      if (random_() % 2 == 0) {
        world_.files().FailAt(1 + random_() % 30, StatusCode::kIoError, /*dies=*/true);
      } else {
        world_.DieIn(Step::kRecovery);
      }
      static_cast<void>(world_.Open());
      const bool died = world_.files().failed();
      world_.Close();
      if (died) ++counts_[static_cast<size_t>(step)];
      LosePower();
      if (!died) break;
    }
    return ReopenAndVerify(world_);
  }

 private:
  Status ActUntilBroken() {
    const uint64_t kind = random_() % 8;
    if (kind < 3) {
      world_.files().FailAt(1 + random_() % 150, StatusCode::kIoError, /*dies=*/true);
    } else if (kind < 6) {
      return DieInStep(kSteps[random_() % kSteps.size()]);
    } else if (kind == 6) {
      const StatusCode code = random_() % 4 == 0 ? StatusCode::kDiskFull : StatusCode::kIoError;
      world_.files().FailAt(1 + random_() % 150, code, /*dies=*/false);
    } else if (random_() % 2 == 0) {
      world_.SqueezeDisk(random_() % 300'000);
    }
    STRIA_RETURN_IF_ERROR(Act(static_cast<int>(random_() % 50)));
    return LookAtTheRest();
  }

  Status DieInStep(Step step) {
    STRIA_RETURN_IF_ERROR(Act(static_cast<int>(random_() % 20)));
    world_.DieIn(step);
    if (random_() % 3 == 0) STRIA_RETURN_IF_ERROR(Act(static_cast<int>(random_() % 20)));
    world_.Provoke(step);
    return LookAtTheRest();
  }

  Status Act(int num_actions) {
    for (int i = 0; i < num_actions; ++i)
      STRIA_RETURN_IF_ERROR(world_.Act());
    return Status::Ok();
  }

  // An engine that goes on, with or without a fault behind it, still answers what it should.
  Status LookAtTheRest() {
    if (!world_.is_open() || random_() % 2 == 0) return Status::Ok();
    world_.Settle();
    if (world_.files().dead()) return Status::Ok();
    const bool quiet = !world_.files().failed() && !world_.squeezed();
    return world_.Verify(quiet ? Look::kQuiet : Look::kRunning).WithContext("while running");
  }

  void LosePower() {
    world_.ReleaseDisk();
    if (random_() % 3 == 0) {
      world_.Restart();
    } else {
      world_.Crash(kFates[random_() % kFates.size()]);
    }
  }

  CrashWorld& world_;
  std::mt19937_64& random_;
  StepCounts& counts_;
};

}  // namespace

Status ReopenAndVerify(CrashWorld& world) {
  STRIA_RETURN_IF_ERROR(world.Open().WithContext("start"));
  STRIA_RETURN_IF_ERROR(world.Verify(Look::kRestarted).WithContext("after the start"));
  STRIA_RETURN_IF_ERROR(world.WriteOne().WithContext("write after the start"));
  return world.Verify(Look::kQuiet).WithContext("after a write");
}

Status RunCrashCycles(uint64_t seed, uint32_t num_shards, int num_cycles, StepCounts& counts) {
  std::mt19937_64 random(seed);
  CrashWorld world({.seed = seed, .num_shards = num_shards});
  STRIA_RETURN_IF_ERROR(world.Open());
  for (int cycle = 0; cycle < num_cycles; ++cycle) {
    STRIA_RETURN_IF_ERROR(
        Cycle(world, random, counts).Run().WithContext(fmt::format("cycle {}", cycle)));
  }
  return Status::Ok();
}

}  // namespace stria::storage
