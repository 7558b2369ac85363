// Checks the footer: everything comes back, every prefix is refused, and so are counts that do not
// agree and blocks that lie outside.

#include "storage/format/part_footer.h"

#include "storage/format/part_layout.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

constexpr uint64_t kBlocksEnd = 10'000;

PartFooter SomeFooter() {
  PartFooter footer;
  footer.lineage = {1, 2};
  footer.table = TableId(3);
  footer.database_name = "plant";
  footer.table_name = "readings";
  footer.level = 1;
  footer.seq_min = 100;
  footer.seq_max = 200;
  footer.deletes_seq = 300;
  footer.num_rows = 20'001;
  footer.num_runs = 2;
  footer.columns = {{ColumnId(1), DataType::kFloat64, "temp"},
                    {ColumnId(5), DataType::kString, ""}};
  footer.directory = {{.runs = {500, 40},
                       .keys = {540, 30},
                       .num_runs = 2,
                       .first_key = "key",
                       .min_time = -7,
                       .max_time = 7}};
  footer.row_groups = {{.num_rows = 20'001,
                        .first_run = 0,
                        .num_runs = 2,
                        .min_time = -7,
                        .max_time = 7,
                        .times = {{{16, 100}, 1}},
                        .columns = {{{{116, 200}, {}}, {316, 50}}, {}}}};
  footer.overlap = Bytes({1, 2, 3});
  return footer;
}

std::vector<std::byte> Encode(const PartFooter& footer) {
  std::vector<std::byte> encoded;
  EncodePartFooter(footer, encoded);
  return encoded;
}

Status Decode(std::span<const std::byte> encoded) {
  const auto footer = DecodePartFooter(encoded, kBlocksEnd);
  return footer.has_value() ? Status::Ok() : footer.error();
}

TEST(PartFooterTest, DecodesWhatItEncoded) {
  const auto encoded = Encode(SomeFooter());
  const auto footer = DecodePartFooter(encoded, kBlocksEnd);
  ASSERT_TRUE(footer.has_value()) << footer.error().ToString();
  EXPECT_EQ(Encode(*footer), encoded);
  EXPECT_EQ(footer->table_name, "readings");
  EXPECT_EQ(footer->columns[1].type, DataType::kString);
  EXPECT_EQ(footer->directory[0].min_time, -7);
  EXPECT_EQ(footer->row_groups[0].times[0].first_run, 1U);
  EXPECT_EQ(footer->row_groups[0].columns[0].pages.size(), 2U);
  EXPECT_TRUE(footer->row_groups[0].columns[1].pages.empty());
  EXPECT_EQ(footer->overlap, Bytes({1, 2, 3}));
}

TEST(PartFooterTest, WritesTheDocumentedBytes) {
  PartFooter footer = SomeFooter();
  footer.table_name = "r";
  const auto encoded = Encode(footer);
  const auto int64 = [](int64_t value) { return Bytes(static_cast<uint64_t>(value), {}); };
  const auto expected =
      int64(1) + int64(2) + Bytes({3, 0, 0, 0, 5, 'p', 'l', 'a', 'n', 't', 1, 'r', 1}) +
      int64(100) + int64(200) + int64(300) + Bytes({0xa1, 0x9c, 1, 2}) +    // rows, runs
      Bytes({2, 1, 0, 0, 0, 1, 4, 't', 'e', 'm', 'p', 5, 0, 0, 0, 5, 0}) +  // columns
      Bytes({1, 0xf4, 3, 40, 0x9c, 4, 30, 2, 3, 'k', 'e', 'y'}) + int64(-7) + int64(7) +
      Bytes({1, 0xa1, 0x9c, 1, 0, 2}) + int64(-7) + int64(7) +    // the row group
      Bytes({1, 16, 100, 1}) +                                    // its times
      Bytes({2, 116, 0xc8, 1, 0, 0, 0xbc, 2, 50}) + Bytes({0}) +  // its columns
      Bytes({3, 1, 2, 3});                                        // overlap
  EXPECT_EQ(encoded, expected);
}

TEST(PartFooterTest, RefusesOtherLengths) {
  ExpectOtherLengthsRefused(Encode(SomeFooter()), Decode);
}

TEST(PartFooterTest, RefusesWhatCannotBeTrue) {
  const auto refused = [](auto change) {
    PartFooter footer = SomeFooter();
    change(footer);
    return Decode(Encode(footer)).code() == StatusCode::kCorruption;
  };
  EXPECT_FALSE(refused([](PartFooter&) {}));
  EXPECT_TRUE(refused([](PartFooter& f) { f.num_rows += 1; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.num_runs += 1; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.columns[0].type = DataType::kTimestamp; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.columns[0].type = DataType::kNull; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].num_runs = 1; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].runs.length = 0; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].keys = {kBlocksEnd - 10, 30}; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].keys = {UINT64_MAX - 5, 30}; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].keys = {600, kBlockChecksumBytes}; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.directory[0].keys = {kPartHeaderBytes - 1, 30}; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.row_groups[0].first_run = 1; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.row_groups[0].num_rows = kMaxRowGroupRows + 1; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.row_groups[0].times[0].first_run = 2; }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.row_groups[0].columns[0].pages.pop_back(); }));
  EXPECT_TRUE(refused([](PartFooter& f) { f.row_groups[0].columns[0].zone_maps = {}; }));
}

TEST(PartFooterTest, SurvivesGarbage) {
  auto random = SeededRandom();
  ExpectGarbageHandled(Encode(SomeFooter()), random, Decode);
}

}  // namespace
}  // namespace stria::storage
