#include "storage/format/overlap_set.h"

#include <random>

#include "tests/storage/format/part_fixture.h"

namespace stria::storage {
namespace {

TEST(OverlapSetTest, GivesBackTheRunsThatAreListed) {
  const std::vector<uint32_t> runs = {0, 3, 70'000};
  const auto listed = DecodeOverlapSet(EncodeOverlapSet(runs), 70'001);
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->size(), 70'001U);
  for (uint32_t run = 0; run < listed->size(); ++run)
    ASSERT_EQ((*listed)[run] != 0, run == 0 || run == 3 || run == 70'000) << run;
}

TEST(OverlapSetTest, AnEmptySetIsKnownToBeEmpty) {
  const auto encoded = EncodeOverlapSet({});
  EXPECT_FALSE(encoded.empty());
  const auto listed = DecodeOverlapSet(encoded, 5);
  ASSERT_TRUE(listed.has_value());
  EXPECT_TRUE(listed->empty());
}

TEST(OverlapSetTest, RefusesRunsThatThePartHasNotAndBytesThatAreNoBitmap) {
  const std::vector<uint32_t> runs = {7};
  EXPECT_EQ(DecodeOverlapSet(EncodeOverlapSet(runs), 7).error().code(), StatusCode::kCorruption);
  auto encoded = EncodeOverlapSet(runs);
  encoded.resize(encoded.size() / 2);
  EXPECT_EQ(DecodeOverlapSet(encoded, 8).error().code(), StatusCode::kCorruption);
}

TEST(OverlapSetTest, APartTellsOfEachRunWhetherItMayOverlap) {
  auto random = SeededRandom();
  const TestRows test = RandomTestRows(20, 10, random);
  auto options = test.Options();
  const auto read = [&] {
    TestPart part;
    part.meta = WritePart(test.rows, options, part.bytes);
    part.meta.file = "test.part";
    const auto reader = OpenTestPart(part);
    EXPECT_TRUE(reader.has_value()) << reader.error().ToString();
    std::vector<uint32_t> listed;
    const auto source = (*reader)->OpenRowGroup(0, {});
    for (const auto& run : (*source)->runs()) {
      if (run.may_overlap) listed.push_back(run.series.value());
    }
    EXPECT_EQ((*reader)->may_overlap(), !listed.empty());
    return listed;
  };
  EXPECT_EQ(read().size(), 20U) << "nothing is known";
  options.may_overlap = [](SeriesId, int64_t) { return false; };
  EXPECT_EQ(read().size(), 0U);
  options.may_overlap = [](SeriesId series, int64_t) { return series.value() == 4; };
  EXPECT_EQ(read(), std::vector<uint32_t>{4});
}

// A reader that knows only one row group of a copy must find the same rows in it.
TEST(PartWriterTest, CopiesARowGroupOfAnotherPart) {
  auto random = SeededRandom();
  const TestRows test = RandomTestRows(30, 500, random);
  const TestPart part = WriteTestPart(test, 50);
  const auto reader = OpenTestPart(part);
  ASSERT_TRUE(reader.has_value());
  std::vector<PartColumn> columns;
  for (const auto& column : test.rows.columns)
    columns.push_back({column.id, column.type});
  TestPart copy;
  PartWriter writer(test.Options(), test.rows.table, columns, copy.bytes);
  ASSERT_TRUE(writer.CopyRowGroup(**reader, 0).ok());
  copy.meta = writer.Finish();
  copy.meta.file = "copy.part";
  EXPECT_EQ(copy.meta.num_rows, part.meta.num_rows);
  EXPECT_EQ(copy.meta.num_runs, part.meta.num_runs);
  EXPECT_EQ(copy.meta.min_time, part.meta.min_time);
  EXPECT_EQ(copy.meta.max_time, part.meta.max_time);
  const Status status = CompareAll(copy, test);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

}  // namespace
}  // namespace stria::storage
