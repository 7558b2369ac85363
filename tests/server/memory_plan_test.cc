#include "server/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::server {
namespace {

constexpr uint64_t kMi = 1 << 20, kGi = 1 << 30;

TEST(MemoryPlanTest, TheCeilingIsAShareOfWhatThereIs) {
  Settings settings;
  ASSERT_TRUE(ShareMemory(100 * kGi, settings).ok());
  EXPECT_EQ(settings.Size("server.memory"), 60 * kGi);
  EXPECT_EQ(settings.Size("storage.memory"), 2 * kGi);  // Its default is less than its share.
  EXPECT_EQ(QueriesMemory(settings), 15 * kGi);
}

TEST(MemoryPlanTest, EachUseHasAShareOfTheCeilingAtMost) {
  Settings settings;
  ASSERT_TRUE(settings.Set("server.memory", "1GiB").ok());
  ASSERT_TRUE(settings.Set("storage.cache", "16MiB").ok());
  ASSERT_TRUE(ShareMemory(100 * kGi, settings).ok());
  EXPECT_EQ(settings.Size("server.memory"), kGi);
  EXPECT_EQ(settings.Size("storage.memory"), 256 * kMi);
  EXPECT_EQ(settings.Size("storage.cache"), 16 * kMi);
  EXPECT_EQ(settings.Size("query.memory"), 256 * kMi);
  EXPECT_EQ(settings.Size("ingest.max_in_flight"), 64 * kMi);
  EXPECT_LE(settings.Size("ingest.max_batch"), settings.Size("ingest.max_in_flight"));
}

TEST(MemoryPlanTest, ATinyMachineStillHasTheLeast) {
  Settings settings;
  ASSERT_TRUE(ShareMemory(64 * kMi, settings).ok());
  EXPECT_EQ(settings.Size("server.memory"), 128 * kMi);
}

TEST(MemoryPlanTest, RefusesACeilingThatIsTooLow) {
  Settings settings;
  ASSERT_TRUE(settings.Set("server.memory", "64MiB").ok());
  const Status status = ShareMemory(100 * kGi, settings);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("128.0 MiB is the least"));
}

}  // namespace
}  // namespace stria::server
