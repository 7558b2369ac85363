#include "storage/series/series_file.h"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/types/series_key.h"

namespace stria::storage {
namespace {

using Tags = std::map<std::string, std::string>;
using Indexes = std::map<TableId, TableSeriesIndex>;

std::string Key(const Tags& tags) {
  std::vector<TagView> views(tags.begin(), tags.end());
  return *MakeSeriesKey(views);
}

void Add(TableSeriesIndex& index, const Tags& tags) {
  bool added = false;
  index.FindOrAdd(Key(tags), added);
}

std::vector<std::byte> Write(const Indexes& indexes, const std::vector<SeriesRange>& ranges) {
  std::vector<std::byte> file;
  SeriesFileWriter writer([&](std::span<const std::byte> bytes) {
    AppendBytes(bytes, file);
    return Status::Ok();
  });
  for (const auto& range : ranges)
    EXPECT_TRUE(writer.Add(range, indexes.at(range.table)).ok());
  EXPECT_TRUE(writer.Finish().ok());
  return file;
}

Status Load(std::span<const std::byte> file, Indexes& indexes) {
  return LoadSeriesFile(file, [&](TableId table) -> TableSeriesIndex& { return indexes[table]; });
}

void ExpectSame(const TableSeriesIndex& got, const TableSeriesIndex& want) {
  ASSERT_EQ(got.num_series(), want.num_series());
  for (uint32_t id = 0; id < want.num_series(); ++id) {
    const std::string key = want.KeyOf(SeriesId(id));
    ASSERT_EQ(got.KeyOf(SeriesId(id)), key);
    ASSERT_EQ(got.Find(key), SeriesId(id));
  }
}

// Table 1 has a little of everything, table 300 has series enough for several blocks.
Indexes TwoTables() {
  Indexes indexes;
  Add(indexes[TableId(1)], {{"host", "a"}, {"site", "eu"}});
  Add(indexes[TableId(1)], {});
  Add(indexes[TableId(1)], {{"host", "b"}, {"", std::string(5000, 'x')}});
  Add(indexes[TableId(1)], {{"site", "eu"}, {"\xff\0", "\0"}});
  for (uint32_t i = 0; i < 70'000; ++i) {
    Add(indexes[TableId(300)],
        {{"host", "host_" + std::to_string(i)}, {"rack", std::to_string(i * 7919 % 300)}});
  }
  return indexes;
}

TEST(SeriesFileTest, ASnapshotOfTablesComesBack) {
  const Indexes indexes = TwoTables();
  const auto file = Write(indexes, {{TableId(1), 0, 4}, {TableId(300), 0, 70'000}});
  Indexes loaded;
  const Status status = Load(file, loaded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(loaded.size(), 2U);
  ASSERT_NO_FATAL_FAILURE(ExpectSame(loaded[TableId(1)], indexes.at(TableId(1))));
  ASSERT_NO_FATAL_FAILURE(ExpectSame(loaded[TableId(300)], indexes.at(TableId(300))));
  EXPECT_LT(file.size(), 70'000 * 8) << "values once, and packed";
}

// What ten million series may take is 1 GB with everything: 100 bytes each.
TEST(SeriesFileTest, SeriesOfFourTagsTakeAtMostAHundredBytesAfterAStart) {
  constexpr uint32_t kNumSeries = 300'000;
  for (const bool is_shuffled : {false, true}) {
    Indexes indexes;
    uint64_t key_bytes = 0;
    for (uint32_t i = 0; i < kNumSeries; ++i) {
      const uint32_t host = is_shuffled ? static_cast<uint32_t>(i * 2'654'435'761ULL) : i;
      const Tags tags = {{"dc", fmt::format("dc-{:02}", host % 10)},
                         {"host", fmt::format("server-{:010}", host)},
                         {"rack", fmt::format("rack-{:04}", host / 40 % 2500)},
                         {"service", fmt::format("checkout-{:02}", host % 40)}};
      key_bytes += Key(tags).size();
      Add(indexes[TableId(1)], tags);
    }
    EXPECT_GE(key_bytes / kNumSeries, 60U);
    const auto file = Write(indexes, {{TableId(1), 0, kNumSeries}});
    Indexes loaded;
    ASSERT_TRUE(Load(file, loaded).ok());
    TableSeriesIndex& index = loaded[TableId(1)];
    ASSERT_EQ(index.num_series(), kNumSeries);
    EXPECT_LE(index.bytes(), uint64_t{kNumSeries} * 70) << "as loaded";
    index.Ranks();
    for (const char* tag : {"dc", "host", "rack", "service"}) {
      TagPredicate predicate;
      predicate.tag = tag;
      predicate.op = TagOp::kLike;
      predicate.values = {"%7"};
      EXPECT_FALSE(index.Match(std::span(&predicate, 1)).empty());
    }
    EXPECT_LE(index.bytes(), uint64_t{kNumSeries} * 100) << "with ranks, and postings of all tags";
    for (const uint32_t id : {0U, 65'535U, 65'536U, kNumSeries - 1}) {
      const std::string key = indexes[TableId(1)].KeyOf(SeriesId(id));
      EXPECT_EQ(index.KeyOf(SeriesId(id)), key);
      EXPECT_EQ(index.Find(key), SeriesId(id));
    }
  }
}

TEST(SeriesFileTest, RangesFollowEachOtherAndMayComeAgain) {
  const Indexes indexes = TwoTables();
  Indexes loaded;
  const std::vector<std::vector<SeriesRange>> files = {
      {{TableId(300), 0, 10}, {TableId(1), 0, 1}},
      {{TableId(300), 10, 66'000}},
      {{TableId(300), 5, 20}, {TableId(1), 1, 4}},  // What a replay of the log introduces again.
      {{TableId(300), 65'000, 70'000}}};
  for (const auto& ranges : files) {
    const Status status = Load(Write(indexes, ranges), loaded);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  ASSERT_NO_FATAL_FAILURE(ExpectSame(loaded[TableId(1)], indexes.at(TableId(1))));
  ASSERT_NO_FATAL_FAILURE(ExpectSame(loaded[TableId(300)], indexes.at(TableId(300))));
}

TEST(SeriesFileTest, IdsThatDoNotFitAreRefused) {
  Indexes indexes, loaded;
  for (const char* host : {"a", "b", "c"})
    Add(indexes[TableId(1)], {{"host", host}});
  EXPECT_EQ(Load(Write(indexes, {{TableId(1), 1, 3}}), loaded).code(), StatusCode::kCorruption)
      << "a gap";
  Indexes other;
  Add(other[TableId(1)], {{"host", "b"}});
  EXPECT_EQ(Load(Write(indexes, {{TableId(1), 0, 1}}), other).code(), StatusCode::kCorruption)
      << "an id that another key has";
  EXPECT_EQ(Load(Write(indexes, {{TableId(1), 1, 2}}), other).code(), StatusCode::kCorruption)
      << "a key that has another id";
}

TEST(SeriesFileTest, KeysAreListedWithTheirIds) {
  const Indexes indexes = TwoTables();
  const auto series = DecodeSeriesFile(Write(indexes, {{TableId(1), 2, 4}, {TableId(300), 7, 8}}));
  ASSERT_TRUE(series);
  ASSERT_EQ(series->size(), 3U);
  EXPECT_EQ((*series)[0].table, TableId(1));
  EXPECT_EQ((*series)[0].id, SeriesId(2));
  EXPECT_EQ((*series)[0].key, Key({{"host", "b"}, {"", std::string(5000, 'x')}}));
  EXPECT_EQ((*series)[2].table, TableId(300));
  EXPECT_EQ((*series)[2].id, SeriesId(7));
  EXPECT_EQ((*series)[2].key, Key({{"host", "host_7"}, {"rack", std::to_string(7 * 7919 % 300)}}));
  EXPECT_TRUE(DecodeSeriesFile(Write(indexes, {}))->empty());
}

void AppendBlock(uint8_t kind, const std::vector<std::byte>& payload,
                 std::vector<std::byte>& file) {
  std::vector<std::byte> checked;
  AppendInteger(static_cast<uint32_t>(payload.size()), checked);
  AppendInteger(static_cast<uint32_t>(payload.size()), checked);
  AppendInteger(kind, checked);
  AppendInteger<uint8_t>(0, checked);
  AppendInteger<uint16_t>(0, checked);
  const std::vector<std::byte> header = checked;
  AppendBytes(payload, checked);
  const uint64_t checksum = Checksum(checked, file.size());
  AppendBytes(header, file);
  AppendInteger(checksum, file);
  AppendBytes(payload, file);
}

std::vector<std::byte> Varints(std::initializer_list<uint64_t> values) {
  std::vector<std::byte> bytes;
  for (const uint64_t value : values)
    AppendVarint(value, bytes);
  return bytes;
}

TEST(SeriesFileTest, HasTheDocumentedBytes) {
  Indexes indexes;
  Add(indexes[TableId(300)], {{"h", "a"}});
  Add(indexes[TableId(300)], {{"h", "bc"}});
  Add(indexes[TableId(300)], {});
  std::vector<std::byte> expected;
  AppendBytes(AsBytes("STRIASER"), expected);
  AppendInteger<uint32_t>(2, expected);
  AppendInteger<uint32_t>(0, expected);
  // Table 300 from id 0 on, 3 series; 1 tag "h" of 2 values; shapes { h } and {}.
  std::vector<std::byte> table = Varints({300, 0, 3, 1});
  AppendString("h", table);
  AppendBytes(Varints({2, 2, 1, 0, 0}), table);
  AppendBlock(1, table, expected);
  std::vector<std::byte> values = Varints({0, 2, 1, 2});
  AppendBytes(AsBytes("abc"), values);
  AppendBlock(2, values, expected);
  // 3 series; shapes 0, 0, 1 and codes 0, 1, none: one more than each, in bytes.
  AppendBlock(3, Varints({3, 1, 1, 1, 2, 1, 1, 2, 0}), expected);
  AppendBlock(4, Varints({3}), expected);
  EXPECT_EQ(Write(indexes, {{TableId(300), 0, 3}}), expected);
}

TEST(SeriesFileTest, EveryPrefixAndEveryChangedBitIsRefusedBeforeAnythingIsLoaded) {
  Indexes indexes;
  for (const char* host : {"a", "b", "c"})
    Add(indexes[TableId(1)], {{"host", host}, {"site", "eu"}});
  Add(indexes[TableId(2)], {{"text", std::string(3000, 'x')}});
  const auto file = Write(indexes, {{TableId(1), 0, 3}, {TableId(2), 0, 1}});
  const auto expect_refused = [&](std::span<const std::byte> bytes, size_t where) {
    Indexes loaded;
    ASSERT_EQ(Load(bytes, loaded).code(), StatusCode::kCorruption) << where;
    ASSERT_TRUE(loaded.empty()) << where;
    ASSERT_FALSE(DecodeSeriesFile(bytes)) << where;
  };
  for (size_t size = 0; size < file.size(); ++size)
    ASSERT_NO_FATAL_FAILURE(expect_refused(std::span(file).first(size), size));
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto damaged = file;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    ASSERT_NO_FATAL_FAILURE(expect_refused(damaged, bit));
  }
}

// Blocks whose checksums are right, and that no writer would make.
TEST(SeriesFileTest, BlocksThatContradictEachOtherAreRefused) {
  const auto status = [](std::initializer_list<std::pair<uint8_t, std::vector<std::byte>>> blocks) {
    std::vector<std::byte> file;
    AppendBytes(AsBytes("STRIASER"), file);
    AppendInteger<uint32_t>(2, file);
    AppendInteger<uint32_t>(0, file);
    for (const auto& [kind, payload] : blocks)
      AppendBlock(kind, payload, file);
    Indexes loaded;
    return Load(file, loaded);
  };
  std::vector<std::byte> table = Varints({1, 0, 1, 1});
  AppendString("h", table);
  AppendBytes(Varints({1, 1, 1, 0}), table);
  std::vector<std::byte> values = Varints({0, 1, 1});
  AppendBytes(AsBytes("a"), values);
  const auto row = [](std::initializer_list<uint64_t> shape_and_code) {
    std::vector<std::byte> rows = Varints({1});
    for (const uint64_t value : shape_and_code) {
      AppendInteger<uint8_t>(0, rows);
      AppendInteger(static_cast<uint32_t>(value), rows);
    }
    return rows;
  };
  EXPECT_TRUE(status({{1, table}, {2, values}, {3, row({1, 1})}, {4, Varints({3})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {3, row({1, 1})}, {4, Varints({2})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {3, row({2, 1})}, {4, Varints({3})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {3, row({1, 2})}, {4, Varints({3})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {3, row({1, 0})}, {4, Varints({3})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {4, Varints({2})}}).ok());
  EXPECT_FALSE(status({{1, table}, {3, row({1, 1})}, {4, Varints({2})}}).ok());
  EXPECT_FALSE(status({{2, values}, {4, Varints({1})}}).ok());
  EXPECT_FALSE(
      status({{1, table}, {2, values}, {2, values}, {3, row({1, 1})}, {4, Varints({4})}}).ok());
  EXPECT_FALSE(status({{1, table}, {2, values}, {3, row({1, 1})}}).ok());
}

}  // namespace
}  // namespace stria::storage
