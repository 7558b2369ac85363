#include "storage/compaction/compaction_picker.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kDay = 1000;  // The partition width here.

PartMeta Part(uint64_t seq_min, uint64_t seq_max, int64_t min_time, int64_t max_time,
              uint64_t num_rows = 100) {
  PartMeta part;
  part.file = "f" + std::to_string(seq_min);
  part.num_rows = num_rows;
  part.min_time = min_time;
  part.max_time = max_time;
  part.seq_min = seq_min;
  part.seq_max = seq_max;
  return part;
}

std::vector<std::string> Pick(const std::vector<PartMeta>& parts, CompactionPolicy policy = {}) {
  std::vector<std::string> files;
  for (const auto& part : PickCompaction(parts, kDay, policy))
    files.push_back(part.file);
  return files;
}

TEST(CompactionPickerTest, LeavesFewPartsAlone) {
  EXPECT_THAT(Pick({}), IsEmpty());
  EXPECT_THAT(Pick({Part(1, 1, 0, 9), Part(2, 2, 0, 9), Part(3, 3, 0, 9)}), IsEmpty());
  EXPECT_THAT(Pick({Part(1, 1, 0, 9)}, {.min_parts = 1}), IsEmpty()) << "one is as few as can be";
}

TEST(CompactionPickerTest, MergesThePartsOfOnePartition) {
  EXPECT_THAT(Pick({Part(1, 1, 0, 9), Part(2, 2, 10, 19), Part(3, 3, 5, 9), Part(4, 4, 0, 999),
                    Part(5, 5, 1000, 1001)}),
              ElementsAre("f1", "f2", "f3", "f4"));
}

TEST(CompactionPickerTest, PartitionsBefore1970AreNotMixedWithThoseAfter) {
  EXPECT_THAT(Pick({Part(1, 1, -5, -1), Part(2, 2, 0, 5), Part(3, 3, -9, -2), Part(4, 4, 1, 5)},
                   {.min_parts = 2}),
              ElementsAre("f1", "f3"));
}

TEST(CompactionPickerTest, APartThatWouldChangeItsPlaceAmongThoseItOverlapsStops) {
  // f2, of the partition before, reaches into this one and lies between f1 and f3 in order.
  const std::vector<PartMeta> parts = {Part(1, 1, 1000, 1100), Part(2, 2, 900, 1050),
                                       Part(3, 3, 1000, 1100)};
  EXPECT_THAT(Pick(parts, {.min_parts = 2}), IsEmpty());
  auto apart = parts;
  apart[1].max_time = 999;
  EXPECT_THAT(Pick(apart, {.min_parts = 2}), ElementsAre("f1", "f3"));
}

TEST(CompactionPickerTest, ResultsStayBelowTheGreatestNumberOfRows) {
  EXPECT_THAT(Pick({Part(1, 1, 0, 9, 900), Part(2, 2, 0, 9, 500), Part(3, 3, 0, 9, 400),
                    Part(4, 4, 0, 9, 300)},
                   {.min_parts = 2, .max_rows = 1000}),
              ElementsAre("f2", "f3"));
}

TEST(CompactionPickerTest, TakesAtMostTheGreatestNumberOfParts) {
  std::vector<PartMeta> parts;
  for (uint64_t seq = 1; seq <= 100; ++seq)
    parts.push_back(Part(seq, seq, 0, 9));
  EXPECT_EQ(Pick(parts, {.max_parts = 16}).size(), 16U);
}

TEST(CompactionPickerTest, ATrickleDoesNotRewriteALargePart) {
  const CompactionPolicy idle{.min_parts = 2, .min_overlay_percent = 10};
  const PartMeta large = Part(1, 1, 0, 9, 1'000'000);
  EXPECT_THAT(Pick({large, Part(2, 2, 0, 9, 10)}, idle), IsEmpty());
  EXPECT_THAT(Pick({large, Part(2, 2, 0, 9, 100'000)}, idle), ElementsAre("f1", "f2"));
  std::vector<PartMeta> many = {large};
  for (uint64_t seq = 2; seq <= 9; ++seq)
    many.push_back(Part(seq, seq, 0, 9, 10));
  EXPECT_EQ(Pick(many, idle).size(), 9U) << "eight overlays cost each scan";
  EXPECT_THAT(Pick({Part(1, 1, 0, 9, 1000), Part(2, 2, 0, 9, 1)}, idle), ElementsAre("f1", "f2"));
}

// Merging what is picked, again and again, ends, and never brings an overlapping pair out of order.
TEST(CompactionPickerTest, KeepsTheOrderOfLaterWritesWhateverThePartsAre) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<PartMeta> parts;
    uint64_t seq = 1;
    for (uint64_t i = random() % 15; i > 0; --i) {
      const auto begin = static_cast<int64_t>(random() % 4000) - 1000;
      const uint64_t last = seq + random() % 3;
      parts.push_back(Part(seq, last, begin, begin + static_cast<int64_t>(random() % 1500)));
      seq = last + 1;
    }
    for (int step = 0;; ++step) {
      ASSERT_LT(step, 20) << "does not end";
      const auto picked = PickCompaction(parts, kDay, {.min_parts = 2});
      if (picked.empty()) break;
      PartMeta merged = picked[0];
      for (const auto& part : picked) {
        merged.min_time = std::min(merged.min_time, part.min_time);
        merged.max_time = std::max(merged.max_time, part.max_time);
        merged.seq_min = std::min(merged.seq_min, part.seq_min);
        merged.seq_max = std::max(merged.seq_max, part.seq_max);
        std::erase(parts, part);
      }
      for (const auto& other : parts) {
        const bool overlap = other.min_time <= merged.max_time && other.max_time >= merged.min_time;
        ASSERT_TRUE(!overlap || other.seq_max < merged.seq_min || other.seq_min > merged.seq_max)
            << "round " << round;
      }
      parts.push_back(merged);
      std::ranges::sort(parts, {}, &PartMeta::seq_min);
    }
  }
}

}  // namespace
}  // namespace stria::storage
