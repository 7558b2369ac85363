#include "storage/manifest/version.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

PartMeta Part(const std::string& file, uint32_t table, uint64_t seq_min, uint64_t seq_max,
              int64_t min_time = 0, int64_t max_time = 10) {
  return {.file = file,
          .offset = 0,
          .length = 100,
          .table = TableId(table),
          .num_rows = 5,
          .num_runs = 2,
          .min_time = min_time,
          .max_time = max_time,
          .seq_min = seq_min,
          .seq_max = seq_max,
          .level = 0};
}

Tombstone Deletes(uint64_t seq, uint32_t table, TimeRange time = {}) {
  return {.seq = seq, .table = TableId(table), .time = time, .tags = {}};
}

// Every field, each with values that need several bytes.
VersionEdit FullEdit() {
  VersionEdit edit;
  edit.start = EpochStart{
      .epoch = 300, .owner = 0x0123456789abcdef, .accepted_seq = 5000, .void_seqs = {17, 4999}};
  edit.wal_low = 4000;
  edit.flushed_seqs = {{TableId(1), 3000}, {TableId(70'000), 12}};
  edit.added = {Part("a.part", 1, 1, 2, -5, 7), Part("b.part", 2, 300, 70'000)};
  edit.removed = {{"c.part", 0}, {"c.part", 1 << 20}};
  edit.series_files = {"x.series", "y.series"};
  edit.replaces_series_files = true;
  edit.accepted_seqs = {{1, 10}, {2, 400}};
  edit.added[0].deletes_seq = 70'001;
  edit.tombstones = {Deletes(300, 1, {-5, 1 << 20}), Deletes(70'000, 70'000)};
  edit.tombstones[0].tags = {{.tag = "host", .op = TagOp::kIn, .values = {"a", "b"}}};
  edit.removed_tombstones = {17, 90'000};
  edit.dropped_tables = {TableId(3), TableId(70'001)};
  return edit;
}

std::vector<std::byte> Encode(const VersionEdit& edit) {
  std::vector<std::byte> encoded;
  EncodeVersionEdit(edit, encoded);
  return encoded;
}

void ExpectEqual(const VersionEdit& got, const VersionEdit& want) {
  ASSERT_EQ(got.start.has_value(), want.start.has_value());
  if (want.start.has_value()) {
    EXPECT_EQ(got.start->epoch, want.start->epoch);
    EXPECT_EQ(got.start->owner, want.start->owner);
    EXPECT_EQ(got.start->accepted_seq, want.start->accepted_seq);
    EXPECT_EQ(got.start->void_seqs, want.start->void_seqs);
  }
  EXPECT_EQ(got.wal_low, want.wal_low);
  EXPECT_EQ(got.flushed_seqs, want.flushed_seqs);
  EXPECT_EQ(got.added, want.added);
  EXPECT_EQ(got.removed, want.removed);
  EXPECT_EQ(got.series_files, want.series_files);
  EXPECT_EQ(got.replaces_series_files, want.replaces_series_files);
  EXPECT_EQ(got.accepted_seqs, want.accepted_seqs);
  EXPECT_EQ(got.tombstones, want.tombstones);
  EXPECT_EQ(got.removed_tombstones, want.removed_tombstones);
  EXPECT_EQ(got.dropped_tables, want.dropped_tables);
}

TEST(VersionEditTest, ComesBack) {
  for (const auto& edit : {FullEdit(), VersionEdit{}}) {
    const auto decoded = DecodeVersionEdit(Encode(edit));
    ASSERT_TRUE(decoded) << decoded.error().ToString();
    ExpectEqual(*decoded, edit);
  }
}

TEST(VersionEditTest, APrefixIsRefusedOrEndsBetweenFields) {
  const auto encoded = Encode(FullEdit());
  int num_accepted = 0;
  for (size_t size = 0; size < encoded.size(); ++size)
    num_accepted += DecodeVersionEdit(std::span(encoded).first(size)).has_value() ? 1 : 0;
  EXPECT_EQ(num_accepted, 11) << "before each of the eleven fields";
}

TEST(VersionEditTest, AnyChangedByteIsRefusedOrReadAsSomething) {
  // The record around it has the checksum; this is about bytes that never end or lead elsewhere.
  const auto encoded = Encode(FullEdit());
  for (size_t i = 0; i < encoded.size(); ++i) {
    for (const int flip : {1, 0x80, 0xff}) {
      auto damaged = encoded;
      damaged[i] ^= static_cast<std::byte>(flip);
      const auto decoded = DecodeVersionEdit(damaged);
      if (!decoded) {
        EXPECT_EQ(decoded.error().code(), StatusCode::kCorruption);
      }
    }
  }
}

TEST(VersionEditTest, AFileNameThatLeadsElsewhereIsRefused) {
  for (const char* name : {"", ".", "..", "../wal/x", "a/b"}) {
    VersionEdit part, series;
    part.added = {Part(name, 1, 1, 1)};
    series.series_files = {name};
    EXPECT_FALSE(DecodeVersionEdit(Encode(part))) << name;
    EXPECT_FALSE(DecodeVersionEdit(Encode(series))) << name;
  }
}

TEST(VersionEditTest, APartWhoseRangesAreBackwardsIsRefused) {
  VersionEdit edit;
  edit.added = {Part("a", 1, 2, 1)};
  EXPECT_FALSE(DecodeVersionEdit(Encode(edit)));
  edit.added = {Part("a", 1, 1, 1, 5, 4)};
  EXPECT_FALSE(DecodeVersionEdit(Encode(edit)));
}

TEST(VersionTest, AnEditMakesANewVersionAndLeavesTheOldOne) {
  const auto first = std::make_shared<Version>();
  const auto second = first->Apply({.added = {Part("a", 1, 1, 5)}});
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->number, first->number + 1);
  EXPECT_EQ((*second)->PartsOf(TableId(1)).parts.size(), 1U);
  EXPECT_THAT(first->PartsOf(TableId(1)).parts, IsEmpty());
  EXPECT_THAT((*second)->PartsOf(TableId(2)).parts, IsEmpty());
}

TEST(VersionTest, PartsStandInTheOrderOfTheirSequenceNumbersWhateverTheOrderOfCommits) {
  auto version = std::make_shared<Version>();
  std::vector<PartMeta> parts;
  for (uint64_t seq = 1; seq <= 20; ++seq)
    parts.push_back(Part("f" + std::to_string(seq), 1, seq * 10, seq * 10 + 9));
  std::ranges::shuffle(parts, std::mt19937_64(1));
  for (const auto& part : parts)
    version = *version->Apply({.added = {part}});
  EXPECT_TRUE(std::ranges::is_sorted(version->PartsOf(TableId(1)).parts, {}, &PartMeta::seq_min));
}

TEST(VersionTest, RemovingAPartThatIsNotThereIsCorruption) {
  auto version = *Version().Apply({.added = {Part("a", 1, 1, 5)}});
  const auto wrong = version->Apply({.removed = {{"a", 1}}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), StatusCode::kCorruption);
  EXPECT_THAT((*version->Apply({.removed = {{"a", 0}}}))->PartsOf(TableId(1)).parts, IsEmpty());
}

TEST(VersionTest, WalLowAndFlushedSeqNeverGoBack) {
  auto version = *Version().Apply({.wal_low = 10, .flushed_seqs = {{TableId(1), 9}}});
  version = *version->Apply({.wal_low = 5, .flushed_seqs = {{TableId(1), 3}}});
  EXPECT_EQ(version->wal_low, 10U);
  EXPECT_EQ(version->PartsOf(TableId(1)).flushed_seq, 9U);
}

TEST(VersionTest, AStartEndsTheEpochBeforeIt) {
  auto version = *Version().Apply({.start = EpochStart{.epoch = 1}});
  EXPECT_THAT(version->accepted_seqs, IsEmpty()) << "there was none before";
  version = *version->Apply({.start = EpochStart{.epoch = 2, .accepted_seq = 17}});
  EXPECT_EQ(version->epoch, 2U);
  EXPECT_THAT(version->accepted_seqs, ElementsAre(Pair(1, 17)));
}

TEST(VersionTest, VoidRecordsAreKeptUntilTheLogNoLongerHasThem) {
  auto version = *Version().Apply(
      {.start = EpochStart{.epoch = 1, .accepted_seq = 20, .void_seqs = {7, 15, 21}}});
  EXPECT_THAT(version->void_seqs, ElementsAre(7, 15)) << "21 is given again, to another record";
  version = *version->Apply({.wal_low = 10});
  EXPECT_THAT(version->void_seqs, ElementsAre(15));
}

TEST(VersionTest, RemembersTheEndsOf64Epochs) {
  auto version = std::make_shared<Version>();
  for (uint64_t epoch = 1; epoch <= 100; ++epoch)
    version = *version->Apply({.start = EpochStart{.epoch = epoch, .accepted_seq = epoch}});
  EXPECT_EQ(version->accepted_seqs.size(), 64U);
  EXPECT_EQ(version->accepted_seqs.rbegin()->first, 99U);
}

TEST(VersionTest, TombstonesStandInTheOrderOfTheirNumbersUntilTheyAreRemoved) {
  auto version = *Version().Apply({.tombstones = {Deletes(9, 1), Deletes(5, 1), Deletes(7, 2)}});
  EXPECT_THAT(version->PartsOf(TableId(1)).tombstones, ElementsAre(Deletes(5, 1), Deletes(9, 1)));
  EXPECT_FALSE(version->Apply({.tombstones = {Deletes(5, 1)}})) << "5 is taken";
  EXPECT_FALSE(version->Apply({.removed_tombstones = {6}})) << "there is no 6";
  version = *version->Apply({.removed_tombstones = {5, 7}});
  EXPECT_THAT(version->PartsOf(TableId(1)).tombstones, ElementsAre(Deletes(9, 1)));
  EXPECT_THAT(version->PartsOf(TableId(2)).tombstones, IsEmpty());
}

TEST(VersionTest, ATombstoneIsNeededWhileTheLogOrAPartHasRowsForIt) {
  PartMeta older = Part("a", 1, 1, 5, 100, 200);
  const PartMeta newer = Part("b", 1, 10, 15, 100, 200);
  auto version =
      *Version().Apply({.wal_low = 16,
                        .added = {older, newer},
                        .tombstones = {Deletes(7, 1, {0, 101}), Deletes(8, 1, {0, 100}),
                                       Deletes(9, 1, {200, 300}), Deletes(16, 1, {300, 400})}});
  // 8 ends before the older part begins; nothing but the log may have rows for 16.
  EXPECT_THAT(version->ObsoleteTombstones(), ElementsAre(8));
  version = *version->Apply({.wal_low = 17});
  EXPECT_THAT(version->ObsoleteTombstones(), ElementsAre(8, 16));
  // The same part, to which they are applied now.
  older.deletes_seq = 9;
  version = *version->Apply({.added = {older}, .removed = {{"a", 0}}});
  EXPECT_THAT(version->ObsoleteTombstones(), ElementsAre(7, 8, 9, 16));
}

TEST(VersionTest, ADroppedTableLosesEverything) {
  auto version = *Version().Apply({.flushed_seqs = {{TableId(1), 9}},
                                   .added = {Part("a", 1, 1, 5), Part("b", 2, 1, 5)},
                                   .tombstones = {Deletes(7, 1), Deletes(8, 2)}});
  version = *version->Apply({.dropped_tables = {TableId(1), TableId(99)}});
  EXPECT_FALSE(version->tables.contains(TableId(1)));
  EXPECT_EQ(version->PartsOf(TableId(2)).parts.size(), 1U);
  EXPECT_THAT(version->PartsOf(TableId(2)).tombstones, ElementsAre(Deletes(8, 2)));
}

TEST(VersionTest, AsAnEditToNothingIsTheSameVersion) {
  auto version = *Version().Apply({.start = EpochStart{.epoch = 1, .accepted_seq = 3}});
  version =
      *version->Apply({.start = EpochStart{.epoch = 2, .accepted_seq = 40, .void_seqs = {30, 35}},
                       .wal_low = 20,
                       .flushed_seqs = {{TableId(1), 19}, {TableId(2), 18}},
                       .added = {Part("a", 1, 1, 5), Part("b", 1, 6, 9), Part("c", 2, 1, 9)},
                       .series_files = {"s1", "s2"},
                       .tombstones = {Deletes(12, 2), Deletes(14, 1), Deletes(11, 2)}});
  const auto decoded = DecodeVersionEdit(Encode(version->AsEdit()));
  ASSERT_TRUE(decoded);
  const auto again = *Version().Apply(*decoded);
  EXPECT_EQ(again->epoch, version->epoch);
  EXPECT_EQ(again->wal_low, version->wal_low);
  EXPECT_EQ(again->accepted_seqs, version->accepted_seqs);
  EXPECT_EQ(again->void_seqs, version->void_seqs);
  EXPECT_EQ(again->series_files, version->series_files);
  for (const uint32_t table : {1U, 2U}) {
    EXPECT_EQ(again->PartsOf(TableId(table)).parts, version->PartsOf(TableId(table)).parts);
    EXPECT_EQ(again->PartsOf(TableId(table)).flushed_seq,
              version->PartsOf(TableId(table)).flushed_seq);
    EXPECT_EQ(again->PartsOf(TableId(table)).tombstones,
              version->PartsOf(TableId(table)).tombstones);
  }
}

}  // namespace
}  // namespace stria::storage
