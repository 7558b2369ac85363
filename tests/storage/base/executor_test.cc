#include "storage/base/executor.h"

#include <atomic>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/mutex.h"

namespace stria {
namespace {

TEST(ExecutorTest, TasksOfTheLogLaneRunOneAfterTheOtherInOrder) {
  std::vector<int> order;
  {
    const auto executor = MakeThreadExecutor({});
    for (int i = 0; i < 1000; ++i)
      executor->Post(Lane::kLog, [&order, i] { order.push_back(i); });
  }
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected) << "and the destructor finishes what was posted";
}

TEST(ExecutorTest, WaitUntilSeesWhatATaskDidBeforeItNotified) {
  const auto executor = MakeThreadExecutor({});
  for (int round = 0; round < 200; ++round) {
    std::atomic<bool> done = false;
    int value = 0;
    executor->Post(Lane::kBackground, [&] {
      value = round;
      done.store(true, std::memory_order_release);
      executor->Notify();
    });
    executor->WaitUntil([&] { return done.load(std::memory_order_acquire); });
    ASSERT_EQ(value, round);
  }
}

TEST(ExecutorTest, ParallelForRunsEachIndexOnceAndReturnsWhenAllHaveEnded) {
  const auto executor = MakeThreadExecutor({.num_foreground = 3});
  for (const size_t count : {0U, 1U, 2U, 1000U}) {
    std::vector<int> runs(count);
    executor->ParallelFor(count, [&](size_t i) { ++runs[i]; });
    for (const int num_runs : runs)
      ASSERT_EQ(num_runs, 1);
  }
}

TEST(ExecutorTest, ParallelForWorksFromAForegroundTask) {
  const auto executor = MakeThreadExecutor({.num_foreground = 1});
  std::atomic<int> sum = 0;
  std::atomic<bool> done = false;
  executor->Post(Lane::kForeground, [&] {
    executor->ParallelFor(100, [&](size_t i) { sum += static_cast<int>(i); });
    done = true;
    executor->Notify();
  });
  executor->WaitUntil([&] { return done.load(); });
  EXPECT_EQ(sum, 4950);
}

TEST(ExecutorTest, DelayedTasksRunInTheOrderOfTheirTimesAndAreDroppedAtTheEnd) {
  std::vector<int> order;
  std::atomic<int> num_run = 0;
  {
    const auto executor = MakeThreadExecutor({});
    const auto note = [&](int i) {
      return [&, i] {
        order.push_back(i);
        num_run.fetch_add(1);
        executor->Notify();
      };
    };
    executor->PostAfter(Lane::kLog, 20'000'000, note(2));
    executor->PostAfter(Lane::kLog, 1'000'000, note(1));
    executor->PostAfter(Lane::kLog, int64_t{3600} * 1'000'000'000, note(3));
    executor->WaitUntil([&] { return num_run.load() == 2; });
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(ExecutorTest, ATaskMayPostOthers) {
  std::atomic<int> num_run = 0;
  {
    const auto executor = MakeThreadExecutor({.num_foreground = 2, .num_background = 2});
    Executor* borrowed = executor.get();
    for (int i = 0; i < 50; ++i) {
      executor->Post(Lane::kForeground, [&, borrowed] {
        borrowed->Post(Lane::kForeground, [&] { num_run.fetch_add(1); });
      });
    }
    executor->WaitUntil([&] {
      if (num_run.load() < 50)
        executor->Post(Lane::kBackground, [borrowed] { borrowed->Notify(); });
      return num_run.load() == 50;
    });
  }
  EXPECT_EQ(num_run, 50);
}

}  // namespace
}  // namespace stria
