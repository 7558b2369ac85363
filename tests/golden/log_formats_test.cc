// Checks that logs, manifests, catalogs and series files which are on somebody's disk stay
// readable, and that today's bytes are the same.
//
// The files beside this one were written by version 1 of each format. Where this fails, do not
// write them again: add a version, and go on reading the old one. (STRIA_TEST_WRITE_GOLDEN=1 writes
// them when a new version gets its own.) Text is short or random, so that none is packed: the bytes
// that LZ4 writes may change with its version.

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lz4.h>

#include "storage/base/bytes.h"
#include "storage/catalog/catalog.h"
#include "storage/manifest/version_set.h"
#include "storage/series/series_file.h"
#include "storage/wal/delete_record.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seeded_random.h"

namespace stria::storage {
namespace {

using testing::ElementsAre;

constexpr const char* kFirst = "00000000000000000001";
constexpr const char* kSecond = "00000000000000000002";
constexpr const char* kThird = "00000000000000000003";

std::vector<std::byte> ReadGolden(const std::string& name) {
  std::ifstream file(STRIA_GOLDEN_DIR + ("/" + name), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_FALSE(text.empty()) << name << " is not there";
  const auto bytes = AsBytes(text);
  return {bytes.begin(), bytes.end()};
}

// Today's bytes are those of the golden file.
void ExpectGolden(const std::string& name, std::span<const std::byte> today) {
  const std::string path = STRIA_GOLDEN_DIR + ("/" + name);
  if (std::getenv("STRIA_TEST_WRITE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary)
        .write(AsText(today).data(), static_cast<std::streamsize>(today.size()));
  }
  EXPECT_TRUE(std::ranges::equal(ReadGolden(name), today)) << name << ": the bytes have changed";
}

// Every type, NULLs, each width of lanes, series, places of a batch.
RowsRecord GoldenRecord() {
  static std::vector<std::string> kept;
  kept.clear();
  kept.reserve(64);
  RowsRecord record;
  record.batch_id = 0xfedcba9876543210;
  record.shards = {{0, 301}, {3, 17}};
  record.series = {{TableId(7), SeriesId(3),
                    "\x04host\x01"
                    "a"},
                   {TableId(300), SeriesId(0), ""}};
  std::mt19937_64 random(1);  // Its numbers are fixed by the standard.
  TableRows rows;
  rows.table = TableId(7);
  ColumnRows floats{ColumnId(1), DataType::kFloat64, {}, {}, {}};
  ColumnRows integers{ColumnId(2), DataType::kInt64, {}, {}, {}};
  ColumnRows naturals{ColumnId(3), DataType::kUint64, {}, {}, {}};
  ColumnRows flags{ColumnId(4), DataType::kBool, {}, {}, {}};
  ColumnRows text{ColumnId(500), DataType::kString, {}, {}, {}};
  for (int row = 0; row < 60; ++row) {
    rows.series.push_back(static_cast<uint32_t>(random() % 4));
    rows.times.push_back(static_cast<int64_t>(random() >> 12) - 1'000'000);
    floats.bits.push_back(random());
    integers.bits.push_back(static_cast<uint64_t>(-5) + random() % 250);
    naturals.bits.push_back(random() >> 33);
    const bool valid = random() % 3 != 0;
    flags.validity.push_back(valid ? 1 : 0);
    flags.bits.push_back(valid ? random() % 2 : 0);
    kept.push_back(
        {static_cast<char>(random()), static_cast<char>(random()), static_cast<char>(random())});
    text.strings.emplace_back(kept.back());
  }
  rows.columns = {floats, integers, naturals, flags, text};
  record.tables = {rows};
  return record;
}

// The same payload with a body that is not packed.
std::vector<std::byte> Unpacked(std::span<const std::byte> payload) {
  ByteReader reader(payload);
  const bool is_packed = *reader.Read<uint8_t>() == 1;
  const uint64_t size = *reader.ReadVarint();
  std::vector<std::byte> body(reader.rest().begin(), reader.rest().end());
  if (is_packed) {
    body.resize(size);
    EXPECT_EQ(LZ4_decompress_safe(reinterpret_cast<const char*>(reader.rest().data()),
                                  reinterpret_cast<char*>(body.data()),
                                  static_cast<int>(reader.num_remaining()), static_cast<int>(size)),
              static_cast<int>(size));
  }
  std::vector<std::byte> unpacked = {std::byte{0}};
  AppendVarint(size, unpacked);
  AppendBytes(body, unpacked);
  return unpacked;
}

TEST(LogFormatsTest, TheLog) {
  const RowsRecord record = GoldenRecord();
  std::vector<std::byte> encoded;
  const TableRows* table = record.tables.data();
  EncodeRowsRecord(record, {&table, 1}, encoded);
  const auto payload = Unpacked(encoded);
  FaultFileSystem files;
  FakeClock clock;
  SeededRandom random(1);
  ASSERT_TRUE(files.CreateDirectories("wal").ok());
  WalWriter writer(files, clock, random,
                   {.directory = "wal",
                    .shard = 3,
                    .epoch = 5,
                    .segment_bytes = 16 << 10,
                    .next_segment = 1,
                    .next_seq = 17},
                   {});
  const std::vector<WalRecord> records = {{WalRecordType::kRows, payload},
                                          {WalRecordType::kRows, payload}};
  ASSERT_TRUE(writer.AppendGroup(records));
  ASSERT_TRUE(writer.AppendGroup({&records[0], 1}));
  ExpectGolden("wal/v1.wal", files.BytesOf(std::string("wal/") + kFirst));

  FaultFileSystem old;
  old.Put(std::string("wal/") + kFirst, ReadGolden("wal/v1.wal"));
  std::vector<uint64_t> seqs;
  const auto recovery = RecoverWal(old, "wal", 3, {}, 17, [&](const WalFrame& frame) -> Status {
    seqs.push_back(frame.seq);
    STRIA_ASSIGN_OR_RETURN(const auto decoded, DecodeRowsRecord(frame.payload));
    EXPECT_EQ(decoded.batch_id, record.batch_id);
    EXPECT_EQ(decoded.shards, record.shards);
    EXPECT_EQ(decoded.series[0].key, record.series[0].key);
    const auto& got = decoded.tables[0];
    const auto& want = record.tables[0];
    EXPECT_EQ(got.series, want.series);
    EXPECT_EQ(got.times, want.times);
    for (size_t i = 0; i < want.columns.size(); ++i) {
      EXPECT_EQ(got.columns[i].id, want.columns[i].id);
      EXPECT_EQ(got.columns[i].type, want.columns[i].type);
      EXPECT_EQ(got.columns[i].bits, want.columns[i].bits);
      EXPECT_EQ(got.columns[i].strings, want.columns[i].strings);
      EXPECT_EQ(got.columns[i].validity, want.columns[i].validity);
    }
    return Status::Ok();
  });
  ASSERT_TRUE(recovery) << recovery.error().ToString();
  EXPECT_THAT(seqs, ElementsAre(17, 18, 19));
}

// Every operator, bounds of both kinds.
Tombstone GoldenTombstone() {
  return {.seq = 4001,
          .table = TableId(300),
          .time = {-5, 1'700'000'000'000'000'000},
          .tags = {{.tag = "host", .op = TagOp::kIn, .values = {"a", "b"}},
                   {.tag = "host", .op = TagOp::kNotIn, .values = {""}},
                   {.tag = "rack", .op = TagOp::kLike, .values = {"r%_"}},
                   {.tag = "rack", .op = TagOp::kNotLike, .values = {"%"}},
                   {.tag = "os", .op = TagOp::kIsNull},
                   {.tag = "arch", .op = TagOp::kIsNotNull},
                   {.tag = "unit", .op = TagOp::kRegex, .values = {"^k[WV]$"}},
                   {.tag = "unit", .op = TagOp::kNotRegex, .values = {"h"}},
                   {.tag = "zone",
                    .op = TagOp::kRange,
                    .has_low = true,
                    .has_high = true,
                    .high_exclusive = true,
                    .low = "a",
                    .high = "m"},
                   {.tag = "zone",
                    .op = TagOp::kRange,
                    .has_low = true,
                    .low_exclusive = true,
                    .low = "b"}}};
}

TEST(LogFormatsTest, TheDeleteRecord) {
  const DeleteRecord record{.batch_id = 0xfedcba9876543210,
                            .shards = {{0, 301}, {3, 4001}},
                            .tombstone = GoldenTombstone()};
  std::vector<std::byte> payload;
  EncodeDeleteRecord(record, payload);
  ExpectGolden("wal/v1.delete", payload);
  auto decoded = DecodeDeleteRecord(ReadGolden("wal/v1.delete"));
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  EXPECT_EQ(decoded->batch_id, record.batch_id);
  EXPECT_EQ(decoded->shards, record.shards);
  decoded->tombstone.seq = 4001;  // The frame has it.
  EXPECT_EQ(decoded->tombstone, record.tombstone);
}

VersionEdit GoldenEdit() {
  VersionEdit edit;
  edit.start = EpochStart{
      .epoch = 300, .owner = 0x0123456789abcdef, .accepted_seq = 5000, .void_seqs = {4100, 4999}};
  edit.wal_low = 4000;
  edit.flushed_seqs = {{TableId(1), 3999}};
  edit.added = {{.file = "0123.part",
                 .offset = 1 << 20,
                 .length = 4096,
                 .table = TableId(1),
                 .num_rows = 70'000,
                 .num_runs = 12,
                 .min_time = -5,
                 .max_time = 1'700'000'000'000'000'000,
                 .seq_min = 17,
                 .seq_max = 3999,
                 .deletes_seq = 3999,
                 .level = 1}};
  edit.series_files = {"a.series", "b.series"};
  edit.replaces_series_files = true;
  edit.accepted_seqs = {{1, 10}, {299, 400}};
  edit.tombstones = {GoldenTombstone()};
  return edit;
}

TEST(LogFormatsTest, TheManifest) {
  FaultFileSystem files;
  VersionSet versions(files, "manifest");
  ASSERT_TRUE(versions.Open().ok());
  ASSERT_TRUE(versions.Commit(GoldenEdit()).ok());
  ASSERT_TRUE(versions
                  .Commit({.removed = {{"0123.part", 1 << 20}},
                           .removed_tombstones = {4001},
                           .dropped_tables = {TableId(300)}})
                  .ok());
  ExpectGolden(std::string("manifest/v1/") + kFirst,
               files.BytesOf(std::string("manifest/") + kFirst));
  ExpectGolden(std::string("manifest/v1/") + kSecond,
               files.BytesOf(std::string("manifest/") + kSecond));

  FaultFileSystem old;
  old.Put(std::string("manifest/") + kFirst, ReadGolden(std::string("manifest/v1/") + kFirst));
  VersionSet read(old, "manifest");
  const Status status = read.Open();
  ASSERT_TRUE(status.ok()) << status.ToString();
  const auto version = read.current();
  EXPECT_EQ(version->epoch, 300U);
  EXPECT_EQ(version->wal_low, 4000U);
  EXPECT_THAT(version->void_seqs, ElementsAre(4100, 4999));
  EXPECT_THAT(version->series_files, ElementsAre("a.series", "b.series"));
  EXPECT_EQ(version->accepted_seqs, (std::map<uint64_t, uint64_t>{{1, 10}, {299, 400}}));
  EXPECT_THAT(version->PartsOf(TableId(1)).parts, ElementsAre(GoldenEdit().added[0]));
  EXPECT_EQ(version->PartsOf(TableId(1)).flushed_seq, 3999U);
  EXPECT_THAT(version->PartsOf(TableId(300)).tombstones, ElementsAre(GoldenTombstone()));

  old.Put(std::string("manifest/") + kSecond, ReadGolden(std::string("manifest/v1/") + kSecond));
  VersionSet both(old, "manifest");
  ASSERT_TRUE(both.Open().ok());
  EXPECT_TRUE(both.current()->PartsOf(TableId(1)).parts.empty());
  EXPECT_FALSE(both.current()->tables.contains(TableId(300)));
}

TEST(LogFormatsTest, TheCatalog) {
  constexpr Lineage kLineage{0x0123456789abcdef, 0xfedcba9876543210};
  const CatalogEdit edit{.databases = {"empty"},
                         .tables = {{.database = "plant",
                                     .table = "readings",
                                     .partition_ns = 86'400'000'000'000,
                                     .columns = {{"host", ColumnRole::kTag, DataType::kString},
                                                 {"f", ColumnRole::kField, DataType::kFloat64},
                                                 {"i", ColumnRole::kField, DataType::kInt64},
                                                 {"u", ColumnRole::kField, DataType::kUint64},
                                                 {"b", ColumnRole::kField, DataType::kBool},
                                                 {"s", ColumnRole::kField, DataType::kString}}}}};
  FaultFileSystem files;
  Catalog catalog(files, "catalog");
  ASSERT_TRUE(catalog.Open(4, kLineage).ok());
  ASSERT_TRUE(catalog.Commit(edit, 100).ok());
  const TableOptionsChange options{
      .partition_ns = 3'600'000'000'000, .max_series = 5'000'000'000, .max_columns = 300};
  ASSERT_TRUE(catalog.SetOptions("plant", "readings", options, 1).ok());
  FaultFileSystem old;
  for (const char* number : {kFirst, kSecond, kThird}) {
    ExpectGolden(std::string("catalog/v1/") + number,
                 files.BytesOf(std::string("catalog/") + number));
    old.Put(std::string("catalog/") + number, ReadGolden(std::string("catalog/v1/") + number));
  }
  Catalog read(old, "catalog");
  const Status status = read.Open(0, {});
  ASSERT_TRUE(status.ok()) << status.ToString();
  const auto snapshot = read.current();
  EXPECT_EQ(snapshot->num_shards(), 4U);
  EXPECT_EQ(snapshot->lineage(), kLineage);
  EXPECT_EQ(snapshot->databases().size(), 2U);
  const auto table = snapshot->Find("plant", "readings");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->partition_ns, 3'600'000'000'000);
  EXPECT_EQ(table->limits, (TableLimits{.max_series = 5'000'000'000, .max_columns = 300}));
  ASSERT_EQ(table->columns.size(), 7U);
  EXPECT_EQ(table->columns[0].role, ColumnRole::kTime);
  for (size_t i = 1; i < 7; ++i) {
    const auto& want = edit.tables[0].columns[i - 1];
    EXPECT_EQ(table->columns[i],
              (ColumnSchema{ColumnId(static_cast<uint32_t>(i)), want.name, want.role, want.type}));
  }
}

void ExpectGoldenSeries(const std::string& name) {
  const auto decoded = DecodeSeriesFile(ReadGolden(name));
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  ASSERT_EQ(decoded->size(), 3U);
  EXPECT_EQ((*decoded)[0].table, TableId(1));
  EXPECT_EQ((*decoded)[0].key, "");
  EXPECT_EQ((*decoded)[2].table, TableId(300));
  EXPECT_EQ((*decoded)[2].id, SeriesId(1));
  EXPECT_EQ((*decoded)[2].key,
            "\x04host\x01"
            "b");
}

TEST(LogFormatsTest, TheSeriesFile) {
  TableSeriesIndex one, other;
  bool added = false;
  one.FindOrAdd("", added);
  other.FindOrAdd(
      "\x04host\x01"
      "a",
      added);
  other.FindOrAdd(
      "\x04host\x01"
      "b",
      added);
  std::vector<std::byte> file;
  SeriesFileWriter writer([&](std::span<const std::byte> bytes) {
    AppendBytes(bytes, file);
    return Status::Ok();
  });
  ASSERT_TRUE(writer.Add({TableId(1), 0, 1}, one).ok());
  ASSERT_TRUE(writer.Add({TableId(300), 0, 2}, other).ok());
  ASSERT_TRUE(writer.Finish().ok());
  ExpectGolden("series/v2.series", file);
  ExpectGoldenSeries("series/v2.series");
}

TEST(LogFormatsTest, TheSeriesFileOfVersion1) {
  ExpectGoldenSeries("series/v1.series");
}

}  // namespace
}  // namespace stria::storage
