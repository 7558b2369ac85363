// The oracle of the crash tests can fail: each bug planted here loses data at some crash, and is
// seen.

#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "tests/crash/crash_cycles.h"
#include "tests/crash/crash_world.h"

namespace stria::storage {
namespace {

using Lie = FaultFileSystem::Lie;
using Unsynced = FaultFileSystem::Unsynced;

constexpr uint64_t kMaxCalls = 700;
constexpr uint64_t kStride = 7;

struct PlantedBug {
  const char* name;
  std::optional<Lie> lie;
  const char* path_part = "";
  bool trusts_queued = false;
};

std::ostream& operator<<(std::ostream& out, const PlantedBug& bug) {
  return out << bug.name;
}

// What the oracle says of the first crash that it does not agree with.
std::optional<std::string> FindViolation(const PlantedBug& bug) {
  for (const auto unsynced : {Unsynced::kDropNames, Unsynced::kKeepNames}) {
    for (uint64_t call = 1; call < kMaxCalls; call += kStride) {
      CrashWorld world({.seed = 7, .num_shards = 1, .trusts_queued = bug.trusts_queued});
      if (bug.lie.has_value()) world.files().Plant(*bug.lie, bug.path_part);
      world.files().FailAt(call, StatusCode::kIoError, /*dies=*/true);
      const Status while_running = world.Run(70);
      if (!while_running.ok()) return while_running.ToString();
      world.Close();
      world.Crash(unsynced);
      const Status status = ReopenAndVerify(world);
      if (!status.ok()) return status.ToString();
    }
  }
  return std::nullopt;
}

class PlantedBugTest : public testing::TestWithParam<PlantedBug> {};

TEST_P(PlantedBugTest, IsCaught) {
  const auto violation = FindViolation(GetParam());
  ASSERT_TRUE(violation.has_value());
  std::cout << *violation << "\n";
}

INSTANTIATE_TEST_SUITE_P(
    Bugs, PlantedBugTest,
    testing::Values(PlantedBug{"NoSyncOfTheLog", Lie::kFileSync, "/wal/"},
                    PlantedBug{"NoDirectorySyncOfTheLog", Lie::kDirectorySync, "/wal"},
                    PlantedBug{"NoSyncOfTheManifest", Lie::kFileSync, "/manifest/"},
                    PlantedBug{"NoDirectorySyncOfTheManifest", Lie::kDirectorySync, "/manifest"},
                    PlantedBug{"NoSyncOfParts", Lie::kFileSync, "/part/"},
                    PlantedBug{"NoDirectorySyncOfParts", Lie::kDirectorySync, "/part"},
                    PlantedBug{"NoSyncOfSeriesFiles", Lie::kFileSync, "/series/"},
                    PlantedBug{"NoDirectorySyncOfSeriesFiles", Lie::kDirectorySync, "/series"},
                    PlantedBug{"NoSyncOfTheCatalog", Lie::kFileSync, "catalog/"},
                    PlantedBug{"NoDirectorySyncOfTheCatalog", Lie::kDirectorySync, "catalog"},
                    PlantedBug{"AcknowledgesWhatIsOnlyQueued", std::nullopt, "", true}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(PlantedBugTest, WithoutABugTheSameCrashesAreFine) {
  const auto violation = FindViolation({.name = "none", .lie = std::nullopt});
  EXPECT_FALSE(violation.has_value()) << *violation;
}

}  // namespace
}  // namespace stria::storage
