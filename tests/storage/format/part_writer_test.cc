// Checks that rows written as a part are the rows read from it, for all types, NULLs, times and
// numbers of series, and that a part takes no more bytes than it should.

#include "storage/format/part_writer.h"

#include "tests/storage/format/part_fixture.h"

namespace stria::storage {
namespace {

void ExpectRoundTrip(const TestRows& test) {
  const TestPart part = WriteTestPart(test, 100);
  const Status status = CompareAll(part, test);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

TEST(PartWriterTest, WritesRowsOfEveryTypeThatReadBackTheSame) {
  auto random = SeededRandom();
  for (int round = 0; round < 10; ++round)
    ExpectRoundTrip(RandomTestRows(1 + random() % 40, 1 + random() % 800, random));
}

TEST(PartWriterTest, WritesOneRow) {
  TestRows test;
  test.AddRun(0, {-1});
  test.AddColumn(3, DataType::kInt64).bits = {static_cast<uint64_t>(-7)};
  ExpectRoundTrip(test);
}

TEST(PartWriterTest, WritesManySeriesOfOneRow) {
  TestRows test;
  auto& column = test.AddColumn(1, DataType::kInt64);
  for (uint32_t series = 0; series < 100'000; ++series) {
    test.AddRun(series, {1000 + series});
    column.bits.push_back(series % 500);
  }
  ExpectRoundTrip(test);
  // A tenth of a key of 13 bytes, a byte or two of a value and of a time; id and the rest packed.
  EXPECT_LT(WriteTestPart(test).bytes.size(), 100'000U * 16);
}

TEST(PartWriterTest, CutsRunsAtTheEndOfARowGroup) {
  auto random = SeededRandom();
  TestRows test;
  test.AddRun(2, RandomTimes(200'000, random));
  std::vector<int64_t> irregular = {0};
  for (int i = 1; i < 350'000; ++i)
    irregular.push_back(irregular.back() + 1 + static_cast<int64_t>(random() % 1000));
  test.AddRun(0, irregular);
  test.AddRun(1, {-5, 5, 6});
  FillColumn(test, test.AddColumn(1, DataType::kInt64), test.rows.num_rows(), 0, random);
  FillColumn(test, test.AddColumn(2, DataType::kBool), test.rows.num_rows(), 3, random);
  const TestPart part = WriteTestPart(test);
  EXPECT_EQ(part.meta.num_rows, 550'003U);
  EXPECT_EQ(part.meta.num_runs, 5U);  // The irregular one is cut twice.
  const Status status = CompareAll(part, test);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

TEST(PartWriterTest, WritesTimesAtTheEndsOfInt64) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
  TestRows test;
  test.AddRun(0, {kLeast, kGreatest});
  test.AddRun(1, {kLeast, -1, kGreatest - 1});
  test.AddRun(2, {kLeast});
  test.AddRun(3, {0, kGreatest});
  test.AddColumn(1, DataType::kInt64).bits = {1, 2, 3, 4, 5, 6, 7, 8};
  ExpectRoundTrip(test);
  const TestPart part = WriteTestPart(test);
  EXPECT_EQ(part.meta.min_time, kLeast);
  EXPECT_EQ(part.meta.max_time, kGreatest);
}

TEST(PartWriterTest, DescribesThePart) {
  TestRows test;
  test.AddRun(1, {-20, -10, 0});
  test.AddRun(0, {5});
  test.AddColumn(4, DataType::kFloat64).bits = {1, 2, 3, 4};
  const TestPart part = WriteTestPart(test, 64);
  const PartMeta expected{.file = "test.part",
                          .offset = 64,
                          .length = part.bytes.size() - 64,
                          .table = TableId(7),
                          .num_rows = 4,
                          .num_runs = 2,
                          .min_time = -20,
                          .max_time = 5,
                          .seq_min = 5,
                          .seq_max = 9,
                          .level = 1};
  EXPECT_EQ(part.meta, expected);

  const auto reader = OpenTestPart(part);
  ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
  const PartFooter& footer = (*reader)->footer();
  EXPECT_EQ(footer.lineage, (Lineage{0x1111, 0x2222}));
  EXPECT_EQ(footer.database_name, "plant");
  EXPECT_EQ(footer.table_name, "readings");
  EXPECT_EQ(footer.seq_min, 5U);
  EXPECT_EQ(footer.seq_max, 9U);
  ASSERT_EQ(footer.columns.size(), 1U);
  EXPECT_EQ(footer.columns[0].name, "field4");
  EXPECT_EQ(footer.columns[0].type, DataType::kFloat64);
  EXPECT_EQ(footer.directory[0].first_key, test.keys[1]);
}

TEST(PartWriterTest, NullsTakeNoBytes) {
  TestRows with, without;
  for (auto* test : {&with, &without}) {
    std::vector<int64_t> times(100'000);
    for (size_t i = 0; i < times.size(); ++i)
      times[i] = static_cast<int64_t>(i);
    test->AddRun(0, times);
    test->AddColumn(1, DataType::kInt64).bits.assign(times.size(), 1);
  }
  auto& null = with.AddColumn(2, DataType::kInt64);
  null.bits.assign(100'000, 0);
  null.validity.assign(100'000, 0);
  const size_t bytes = WriteTestPart(without).bytes.size();
  EXPECT_LT(WriteTestPart(with).bytes.size(), bytes + 20);  // The column's name and a count.

  // One page with values, six without: the other pages take an offset and a length.
  null.validity[20'000] = 1;
  const TestPart part = WriteTestPart(with);
  EXPECT_LT(part.bytes.size(), bytes + 400);
  EXPECT_TRUE(CompareAll(part, with).ok());
}

TEST(PartWriterTest, RegularTimesTakeNoBytesARow) {
  TestRows test;
  for (uint32_t series = 0; series < 100; ++series) {
    std::vector<int64_t> times(1000);
    for (size_t i = 0; i < times.size(); ++i)
      times[i] = static_cast<int64_t>(i) * 10'000'000'000;
    test.AddRun(series, times);
  }
  EXPECT_LT(WriteTestPart(test).bytes.size(), 2000U);
}

TEST(PartWriterTest, WritesTheSameBytesForTheSameRows) {
  auto random = SeededRandom();
  const TestRows test = RandomTestRows(20, 100, random);
  const TestPart first = WriteTestPart(test);
  const TestPart second = WriteTestPart(test, 77);
  EXPECT_TRUE(std::equal(first.bytes.begin(), first.bytes.end(), second.bytes.begin() + 77,
                         second.bytes.end()));
}

}  // namespace
}  // namespace stria::storage
