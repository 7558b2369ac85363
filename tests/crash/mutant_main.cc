// Runs worlds of faults against an engine with a bug planted in it, until the bug is seen. Succeeds
// when it is. STRIA_TEST_SEED is the first seed.

#include <cstdint>
#include <iostream>

#include "tests/crash/crash_cycles.h"
#include "tests/support/engine_rows.h"

/// Empty, or why the bug could not be planted.
extern const char* const mutant_problem;

int main() {
  constexpr uint64_t kMaxWorlds = 400;
  constexpr int kCyclesAWorld = 10;
  if (*mutant_problem != 0) {
    std::cout << "the bug could not be planted: " << mutant_problem << "; adapt the mutant\n";
    return 1;
  }
  const uint64_t seed = stria::storage::TestSeed();
  stria::storage::StepCounts counts = {};
  for (uint64_t world = 0; world < kMaxWorlds; ++world) {
    const auto status = stria::storage::RunCrashCycles(
        seed * 1'000'000 + world, world % 2 == 0 ? 4 : 1, kCyclesAWorld, counts);
    if (status.ok()) continue;
    std::cout << "caught in world " << world << ": " << status.ToString() << "\n";
    return 0;
  }
  std::cout << "not caught in " << kMaxWorlds * kCyclesAWorld
            << " cycles: " << stria::storage::ToString(counts) << "\n";
  return 1;
}
