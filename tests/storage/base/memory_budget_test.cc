#include "storage/base/memory_budget.h"

#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace stria {
namespace {

TEST(MemoryBudgetTest, ChargesAllAbove) {
  MemoryBudget process("process", 100);
  MemoryBudget queries("queries", 50, &process);
  MemoryBudget query("query", 20, &queries);
  EXPECT_EQ(query.TryCharge(20), nullptr);
  EXPECT_EQ(query.used(), 20U);
  EXPECT_EQ(queries.used(), 20U);
  EXPECT_EQ(process.used(), 20U);
  query.Release(5);
  EXPECT_EQ(process.used(), 15U);
}

TEST(MemoryBudgetTest, RefusesWhereThereIsNoRoomAndThenChargesNobody) {
  MemoryBudget process("process", 100);
  MemoryBudget rows("rows", 90, &process);
  MemoryBudget queries("queries", 50, &process);
  MemoryBudget query("query", 20, &queries);
  EXPECT_EQ(query.TryCharge(21), &query);
  rows.Charge(85);
  EXPECT_EQ(query.TryCharge(16), &process);
  EXPECT_EQ(query.used(), 0U);
  EXPECT_EQ(queries.used(), 0U);
  EXPECT_EQ(process.used(), 85U);
  EXPECT_EQ(query.TryCharge(15), nullptr);
}

TEST(MemoryBudgetTest, HugeChargesDoNotWrapAround) {
  MemoryBudget process("process", 100);
  ASSERT_EQ(process.TryCharge(50), nullptr);
  EXPECT_EQ(process.TryCharge(UINT64_MAX - 10), &process);
  EXPECT_EQ(process.used(), 50U);
}

TEST(MemoryBudgetTest, WhatIsHeldAlreadyMayExceedTheLimit) {
  MemoryBudget process("process", 100);
  process.Charge(150);
  EXPECT_EQ(process.used(), 150U);
  EXPECT_EQ(process.TryCharge(1), &process);
  EXPECT_EQ(process.FreeBelow(100), 0U);
  process.Release(100);
  EXPECT_EQ(process.TryCharge(1), nullptr);
}

TEST(MemoryBudgetTest, WhatIsMeasuredBeyondTheChargesCounts) {
  uint64_t resident = 0;
  MemoryBudget process("process", 1000);
  process.SetProbe([&] { return resident; });
  process.Charge(100);
  resident = 700;
  process.Measure();
  EXPECT_EQ(process.used(), 700U);
  EXPECT_EQ(process.charged(), 100U);
  EXPECT_EQ(process.FreeBelow(80), 100U);
  EXPECT_EQ(process.TryCharge(301), &process);
  EXPECT_EQ(process.TryCharge(300), nullptr);  // Counts at once, not only when it is measured.
  EXPECT_EQ(process.used(), 1000U);
  resident = 50;  // Charged, and not touched yet.
  process.Measure();
  EXPECT_EQ(process.used(), 400U);
}

TEST(MemoryBudgetTest, WithoutALimitThereIsAlwaysRoom) {
  MemoryBudget process("process", MemoryBudget::kNoLimit);
  EXPECT_EQ(process.TryCharge(1ULL << 40), nullptr);
  EXPECT_EQ(process.FreeBelow(1), MemoryBudget::kNoLimit);
}

TEST(MemoryBudgetTest, ABudgetThatDiesGivesBackWhatItHeld) {
  MemoryBudget process("process", 100);
  {
    MemoryBudget query("query", 100, &process);
    query.Charge(30);
    EXPECT_EQ(process.used(), 30U);
  }
  EXPECT_EQ(process.used(), 0U);
}

TEST(MemoryChargeTest, GrowsShrinksAndIsGivenBack) {
  MemoryBudget process("process", 100);
  std::optional<MemoryCharge> charge(process);
  EXPECT_TRUE(charge->GrowTo(60));
  EXPECT_TRUE(charge->GrowTo(10));  // It is larger than that.
  EXPECT_EQ(process.used(), 60U);
  EXPECT_FALSE(charge->GrowTo(101));
  EXPECT_EQ(charge->bytes(), 60U);
  charge->Set(120);
  EXPECT_EQ(process.used(), 120U);
  charge->Set(40);
  EXPECT_EQ(process.used(), 40U);
  MemoryCharge other(*std::move(charge));
  charge.reset();
  EXPECT_EQ(process.used(), 40U);
  other.Release();
  EXPECT_EQ(process.used(), 0U);
}

TEST(MemoryChargeTest, AssignedToAnotherIsGivenBackOnce) {
  MemoryBudget process("process", 100);
  MemoryCharge charge(process);
  ASSERT_TRUE(charge.GrowTo(10));
  charge = MemoryCharge(process);
  EXPECT_EQ(process.used(), 0U);
  ASSERT_TRUE(charge.GrowTo(20));
  EXPECT_EQ(process.used(), 20U);
}

TEST(MemoryBudgetTest, ManyThreadsNeverHoldMoreThanTheLimitAndLeaveNothing) {
  constexpr uint64_t kLimit = 1000;
  constexpr int kThreads = 4;
  MemoryBudget process("process", kLimit);
  std::atomic<uint64_t> num_held = 0, num_refused = 0;
  std::atomic<bool> exceeded = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        MemoryBudget mine("query", kLimit, &process);
        for (int round = 0; round < 5000; ++round) {
          MemoryCharge charge(mine);
          if (!charge.GrowTo(400)) {
            num_refused.fetch_add(1);
            continue;
          }
          if (num_held.fetch_add(1) >= 2) exceeded.store(true);  // Three would be 1200.
          process.Measure();
          num_held.fetch_sub(1);
        }
      });
    }
  }
  EXPECT_FALSE(exceeded.load());
  EXPECT_LT(num_refused.load(), uint64_t{kThreads} * 5000);
  EXPECT_EQ(process.used(), 0U);
}

}  // namespace
}  // namespace stria
