// Worlds of faults, one after the other, for as long as it is asked: STRIA_SIM_SECONDS, else 60.

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include <gtest/gtest.h>

#include "tests/crash/crash_cycles.h"
#include "tests/support/engine_rows.h"

namespace stria::storage {
namespace {

constexpr int kCyclesAWorld = 15;

TEST(SimulatorTest, SurvivesRandomFaultsForAsLongAsAsked) {
  const char* text = std::getenv("STRIA_SIM_SECONDS");
  const std::chrono::seconds budget(text == nullptr ? 60 : std::strtol(text, nullptr, 10));
  const uint64_t seed = TestSeed();
  const auto begin = std::chrono::steady_clock::now();
  std::array<StepCounts, 2> counts = {};  // With 1 and with 4 shards.
  uint64_t world = 0;
  for (; std::chrono::steady_clock::now() - begin < budget; ++world) {
    const uint32_t num_shards = world % 2 == 0 ? 1 : 4;
    const Status status =
        RunCrashCycles(seed * 1'000'000 + world, num_shards, kCyclesAWorld, counts[world % 2]);
    ASSERT_TRUE(status.ok()) << "STRIA_TEST_SEED=" << seed << ", world " << world << " of "
                             << num_shards << " shards: " << status.ToString();
  }
  std::cout << "deaths with 1 shard: " << ToString(counts[0]) << "\n"
            << "deaths with 4 shards: " << ToString(counts[1]) << "\n";
}

}  // namespace
}  // namespace stria::storage
