#include "storage/merge/apply_tombstones.h"

#include <cstdlib>
#include <iostream>
#include <limits>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// One run of times.
class TimesSource final : public RunSource {
 public:
  explicit TimesSource(std::vector<int64_t> times, int64_t step = 0) : times_(std::move(times)) {
    run_ = {.series = SeriesId(0),
            .row_begin = 0,
            .row_end = static_cast<uint32_t>(times_.size()),
            .first_time = times_.front(),
            .last_time = times_.back(),
            .step = step};
  }

  uint32_t num_rows() const override { return static_cast<uint32_t>(times_.size()); }
  std::span<const SourceRun> runs() const override { return {&run_, 1}; }
  Result<std::span<const int64_t>> Times(size_t) override {
    ++num_reads;
    return std::span<const int64_t>(times_);
  }
  Result<VectorView> ReadVector(ColumnId, DataType type, uint32_t) override {
    return VectorView{.type = type, .all_null = true};
  }

  RunSlice All() { return {this, 0, 0, num_rows()}; }

  int num_reads = 0;

 private:
  std::vector<int64_t> times_;
  SourceRun run_;
};

std::vector<std::pair<uint32_t, uint32_t>> Left(const RunSlice& slice,
                                                std::vector<TimeRange> deleted) {
  std::vector<RunSlice> left;
  EXPECT_TRUE(AppendSurviving(slice, deleted, left).ok());
  std::vector<std::pair<uint32_t, uint32_t>> rows;
  for (const auto& piece : left)
    rows.emplace_back(piece.row_begin, piece.row_end);
  return rows;
}

std::shared_ptr<TableSeriesIndex> Hosts(int count) {
  auto index = std::make_shared<TableSeriesIndex>();
  for (int i = 0; i < count; ++i) {
    const std::string name = "h" + std::to_string(i);
    std::vector<TagView> tags = {{"host", name}};
    bool added = false;
    index->FindOrAdd(*MakeSeriesKey(tags), added);
  }
  return index;
}

TagPredicate HostIn(std::vector<std::string> values) {
  return {.tag = "host", .op = TagOp::kIn, .values = std::move(values)};
}

TombstoneList ListOf(const std::shared_ptr<TableSeriesIndex>& index,
                     const std::vector<Tombstone>& tombstones) {
  TombstoneList list;
  for (const auto& tombstone : tombstones)
    list = list.With(std::make_shared<MatchedTombstone>(tombstone, index));
  return list;
}

TEST(AppendSurvivingTest, CutsADeletedRangeOutOfARun) {
  TimesSource source({10, 20, 30, 40, 50}, 10);
  EXPECT_THAT(Left(source.All(), {{20, 40}}), ElementsAre(std::pair(0U, 1U), std::pair(3U, 5U)));
  EXPECT_EQ(source.num_reads, 0);
}

TEST(AppendSurvivingTest, KeepsWhatLiesOutsideWithoutReadingTimes) {
  TimesSource source({10, 25, 30});
  EXPECT_THAT(Left(source.All(), {{kMin, 10}, {31, kMax}}), ElementsAre(std::pair(0U, 3U)));
  EXPECT_EQ(source.num_reads, 0);
}

TEST(AppendSurvivingTest, LeavesNothingOfARunThatIsDeletedWhole) {
  TimesSource source({10, 25, 30});
  EXPECT_THAT(Left(source.All(), {{kMin, kMax}}), IsEmpty());
  EXPECT_THAT(Left(source.All(), {{10, 31}}), IsEmpty());
}

TEST(AppendSurvivingTest, DeletesTheGreatestInstantOnlyWithoutAnUpperBound) {
  TimesSource source({kMax - 1, kMax});
  EXPECT_THAT(Left(source.All(), {{kMax - 1, kMax}}), IsEmpty());
  EXPECT_THAT(Left(source.All(), {{kMax - 2, kMax - 1}}), ElementsAre(std::pair(0U, 2U)));
  TimesSource least({kMin, kMin + 1});
  EXPECT_THAT(Left(least.All(), {{kMin, kMin + 1}}), ElementsAre(std::pair(1U, 2U)));
}

TEST(AppendSurvivingTest, CutsASliceAsItCutsItsRun) {
  TimesSource source({1, 2, 4, 8, 16, 32});
  const RunSlice slice{&source, 0, 1, 5};
  EXPECT_THAT(Left(slice, {{4, 9}}), ElementsAre(std::pair(1U, 2U), std::pair(4U, 5U)));
}

TEST(AppendSurvivingTest, AgreesWithAskingEachRow) {
  const char* const given = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  std::cout << "STRIA_TEST_SEED=" << seed << '\n';
  std::mt19937_64 random(seed);
  const auto number = [&](int64_t end) {
    return static_cast<int64_t>(random() % static_cast<uint64_t>(end));
  };
  for (int turn = 0; turn < 500; ++turn) {
    std::set<int64_t> times;
    for (int64_t i = number(20); i >= 0; --i)
      times.insert(number(60));
    std::vector<TimeRange> deleted;
    for (int64_t at = number(20); at < 60; at += 2 + number(20)) {
      deleted.push_back({at, at + 1 + number(10)});
      at = deleted.back().end;
    }
    const std::vector<int64_t> all(times.begin(), times.end());
    TimesSource source(all);
    std::set<int64_t> want = times, got;
    std::erase_if(want, [&](int64_t time) {
      return std::ranges::any_of(deleted, [&](TimeRange range) { return range.Contains(time); });
    });
    for (const auto& [begin, end] : Left(source.All(), deleted))
      got.insert(all.begin() + begin, all.begin() + end);
    EXPECT_EQ(got, want) << "turn " << turn;
  }
}

TEST(TombstoneListTest, AppliesToWhatIsOlderAndHasItNotApplied) {
  const auto index = Hosts(3);
  const auto list = ListOf(index, {{.seq = 5, .table = TableId(1), .time = {0, 10}, .tags = {}},
                                   {.seq = 9, .table = TableId(1), .time = {20, 30}, .tags = {}}});
  EXPECT_EQ(list.last_seq(), 9U);
  EXPECT_THAT(list.DeletedRanges(SeriesId(0), kMin, kMax, 4),
              ElementsAre(TimeRange{0, 10}, TimeRange{20, 30}));
  EXPECT_THAT(list.DeletedRanges(SeriesId(0), kMin, kMax, 5), ElementsAre(TimeRange{20, 30}));
  EXPECT_THAT(list.DeletedRanges(SeriesId(0), kMin, kMax, 9), IsEmpty());

  PartMeta part{.min_time = 10, .max_time = 25, .seq_min = 1, .seq_max = 4};
  EXPECT_TRUE(list.Touches(part));
  part.deletes_seq = 9;
  EXPECT_FALSE(list.Touches(part));
  part.deletes_seq = 5;
  EXPECT_TRUE(list.Touches(part));
  part.max_time = 19;
  EXPECT_FALSE(list.Touches(part));
}

TEST(TombstoneListTest, CoversAPartThatIsDeletedWholeWhateverItsSeries) {
  const auto index = Hosts(3);
  const PartMeta part{.min_time = 10, .max_time = 19, .seq_min = 1, .seq_max = 4};
  const auto covers = [&](TimeRange time, std::vector<TagPredicate> tags, uint64_t seq) {
    return ListOf(index, {{.seq = seq, .table = TableId(1), .time = time, .tags = std::move(tags)}})
        .Covers(part);
  };
  EXPECT_TRUE(covers({10, 20}, {}, 5));
  EXPECT_FALSE(covers({10, 19}, {}, 5));
  EXPECT_FALSE(covers({11, 20}, {}, 5));
  EXPECT_FALSE(covers({10, 20}, {HostIn({"h0", "h1", "h2"})}, 5));
  EXPECT_FALSE(covers({10, 20}, {}, 4));
}

TEST(TombstoneListTest, FindsSeriesByTheirTagsWhetherFewOrManyMatch) {
  const auto index = Hosts(100);
  std::vector<std::string> most;
  for (int i = 0; i < 90; ++i)
    most.push_back("h" + std::to_string(i));
  const auto list =
      ListOf(index, {{.seq = 1, .table = TableId(1), .time = {0, 5}, .tags = {HostIn({"h7"})}},
                     {.seq = 2, .table = TableId(1), .time = {7, 9}, .tags = {HostIn(most)}}});
  EXPECT_THAT(list.DeletedRanges(SeriesId(7), kMin, kMax, 0),
              ElementsAre(TimeRange{0, 5}, TimeRange{7, 9}));
  EXPECT_THAT(list.DeletedRanges(SeriesId(8), kMin, kMax, 0), ElementsAre(TimeRange{7, 9}));
  EXPECT_THAT(list.DeletedRanges(SeriesId(95), kMin, kMax, 0), IsEmpty());
  // A series that came after the tombstones.
  std::vector<TagView> tags = {{"host", "later"}};
  bool added = false;
  const SeriesId later = index->FindOrAdd(*MakeSeriesKey(tags), added);
  EXPECT_THAT(list.DeletedRanges(later, kMin, kMax, 0), IsEmpty());
}

TEST(TombstoneListTest, JoinsRangesThatTouchOrOverlap) {
  const auto list = ListOf(Hosts(1), {{.seq = 1, .table = TableId(1), .time = {20, 30}, .tags = {}},
                                      {.seq = 2, .table = TableId(1), .time = {0, 10}, .tags = {}},
                                      {.seq = 3, .table = TableId(1), .time = {10, 12}, .tags = {}},
                                      {.seq = 4, .table = TableId(1), .time = {25, 27}, .tags = {}},
                                      {.seq = 5, .table = TableId(1), .time = {5, 5}, .tags = {}}});
  EXPECT_THAT(list.DeletedRanges(SeriesId(0), kMin, kMax, 0),
              ElementsAre(TimeRange{0, 12}, TimeRange{20, 30}));
}

TEST(TombstoneListTest, LosesTheNumbersThatAreTakenOut) {
  const auto list = ListOf(Hosts(1), {{.seq = 1, .table = TableId(1), .time = {0, 1}, .tags = {}},
                                      {.seq = 2, .table = TableId(1), .time = {2, 3}, .tags = {}}});
  const std::vector<uint64_t> gone = {2, 7};
  EXPECT_EQ(list.Without(gone).last_seq(), 1U);
  EXPECT_EQ(list.size(), 2U);
}

// As a list of which each one is looked at.
struct PlainList {
  std::vector<Tombstone> tombstones;

  std::vector<Tombstone> Touching(int64_t first, int64_t last, uint64_t applied) const {
    std::vector<Tombstone> touching;
    std::ranges::copy_if(tombstones, std::back_inserter(touching), [&](const Tombstone& tombstone) {
      return tombstone.seq > applied && tombstone.time.Overlaps(first, last);
    });
    return touching;
  }
};

TEST(TombstoneListTest, OfThousandsAnswersAsAListThatLooksAtEachOne) {
  const char* const given = std::getenv("STRIA_TEST_SEED");
  const uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("STRIA_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto index = Hosts(5);
  TombstoneList list;
  PlainList plain;
  const auto time = [&] { return static_cast<int64_t>(random() % 100'000); };
  for (uint64_t seq = 1; seq <= 3000; ++seq) {
    Tombstone made{.seq = seq, .table = TableId(1), .time = {time(), 0}, .tags = {}};
    made.time.end = made.time.begin + static_cast<int64_t>(random() % 30);
    if (random() % 500 == 0) made.time.end = kMax;
    if (random() % 3 != 0) made.tags = {HostIn({"h" + std::to_string(random() % 5)})};
    list = list.With(std::make_shared<MatchedTombstone>(made, index));
    plain.tombstones.push_back(made);
    if (seq % 100 != 0) continue;
    std::vector<uint64_t> gone;
    for (const uint64_t there : list.Seqs()) {
      if (random() % 4 == 0) gone.push_back(there);
    }
    const TombstoneList before = list;
    list = list.Without(gone);
    EXPECT_EQ(before.size(), plain.tombstones.size()) << "a list does not change";
    std::erase_if(plain.tombstones, [&](const Tombstone& tombstone) {
      return std::ranges::binary_search(gone, tombstone.seq);
    });
    EXPECT_EQ(list.size(), plain.tombstones.size());
    EXPECT_EQ(list.empty(), plain.tombstones.empty());
    EXPECT_EQ(list.last_seq(), plain.tombstones.empty() ? 0 : plain.tombstones.back().seq);
    for (int i = 0; i < 50; ++i) {
      const int64_t first = time();
      const int64_t last = first + static_cast<int64_t>(random() % 200);
      const uint64_t applied = random() % (seq + 10);
      const auto want = plain.Touching(first, last, applied);
      EXPECT_EQ(list.Touches(first, last, applied), !want.empty());
      std::vector<uint64_t> seqs;
      for (const auto& tombstone : want)
        seqs.push_back(tombstone.seq);
      EXPECT_EQ(list.Touching(first, last, applied).Seqs(), seqs);
      EXPECT_EQ(list.Covers(first, last, applied),
                std::ranges::any_of(want, [&](const Tombstone& tombstone) {
                  return tombstone.tags.empty() && tombstone.time.Contains(first) &&
                         tombstone.time.Contains(last);
                }));
      const auto series = static_cast<uint32_t>(random() % 5);
      const auto ranges = list.DeletedRanges(SeriesId(series), first, last, applied);
      for (int64_t at = first; at <= last; ++at) {
        const auto is_in = [at](const TimeRange& range) { return range.Contains(at); };
        EXPECT_EQ(std::ranges::any_of(ranges, is_in),
                  std::ranges::any_of(want, [&](const Tombstone& tombstone) {
                    return is_in(tombstone.time) &&
                           (tombstone.tags.empty() ||
                            tombstone.tags[0].values[0] == "h" + std::to_string(series));
                  }));
      }
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace stria::storage
