// Checks that a reader reads only what it is asked for, and that no bytes on disk, damaged or made
// up, give a wrong answer or a crash.

#include "storage/format/part_reader.h"

#include <atomic>
#include <thread>

#include "storage/base/checksum.h"
#include "tests/storage/format/part_fixture.h"

namespace stria::storage {
namespace {

// 20 series of 4,000 rows at a step of 10, one after the other in time; two int columns.
TestRows RegularRows() {
  TestRows test;
  for (uint32_t series = 0; series < 20; ++series) {
    std::vector<int64_t> times(4000);
    for (size_t i = 0; i < times.size(); ++i)
      times[i] = static_cast<int64_t>(series * 40'000 + i * 10);
    test.AddRun(series, times);
  }
  for (const uint32_t id : {1U, 2U}) {
    auto& column = test.AddColumn(id, DataType::kInt64);
    for (uint64_t row = 0; row < test.rows.num_rows(); ++row)
      column.bits.push_back(row * id % 10'000 + row / 16'384 * 100'000);
  }
  return test;
}

// Small, and with something of everything: each type, NULLs, irregular times, several runs.
TestRows SmallRows() {
  TestRows test;
  test.AddRun(1, {-30, -20, -10, 0});
  test.AddRun(0, {1, 5, 1000});
  test.AddRun(2, {42});
  test.AddColumn(1, DataType::kInt64).bits = {1, 2, 3, 4, 5, 6, 7, 300};
  test.AddColumn(2, DataType::kFloat64).bits = {0, 1, 2, 3, 4, 5, 6, uint64_t{1} << 63};
  auto& text = test.AddColumn(3, DataType::kString);
  text.strings = {"a", "b", "a", "", "a", "b", "a", "a"};
  text.validity = {1, 1, 1, 0, 1, 1, 1, 1};
  auto& flags = test.AddColumn(4, DataType::kBool);
  flags.bits = {1, 0, 0, 0, 1, 1, 1, 1};
  flags.validity = {1, 1, 0, 0, 1, 1, 1, 1};
  auto& none = test.AddColumn(5, DataType::kUint64);
  none.bits.assign(8, 0);
  none.validity.assign(8, 0);
  return test;
}

std::unique_ptr<RunSource> MustOpen(PartReader& reader, size_t group, const RunFilter& filter) {
  auto source = reader.OpenRowGroup(group, filter);
  EXPECT_TRUE(source.has_value()) << source.error().ToString();
  return source.has_value() ? *std::move(source) : nullptr;
}

std::vector<uint32_t> SeriesOf(const RunSource& source) {
  std::vector<uint32_t> series;
  for (const auto& run : source.runs())
    series.push_back(run.series.value());
  return series;
}

TEST(PartReaderTest, GivesTheRunsOfTheWantedSeries) {
  const TestRows test = RegularRows();
  const auto reader = OpenTestPart(WriteTestPart(test));
  ASSERT_TRUE(reader.has_value());
  const SeriesSubset wanted(std::vector<SeriesId>{SeriesId(3), SeriesId(5)}, 6);
  const auto source = MustOpen(**reader, 0, {.time = {}, .series = &wanted});
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(SeriesOf(*source), (std::vector<uint32_t>{3, 5}));
  EXPECT_EQ(source->runs()[0].row_begin, 12'000U);
  EXPECT_EQ(source->runs()[0].row_end, 16'000U);
  EXPECT_EQ(source->runs()[1].first_time, 200'000);
  const SeriesSubset none({}, 3);
  EXPECT_EQ(MustOpen(**reader, 0, {.time = {}, .series = &none}), nullptr);
}

TEST(PartReaderTest, PassesOverRowGroupsWithoutTheWantedKeys) {
  const auto reader = OpenTestPart(WriteTestPart(RegularRows()));
  ASSERT_TRUE(reader.has_value());
  auto keys = (*reader)->ReadKeys(0);
  ASSERT_TRUE(keys.has_value());
  ASSERT_GE(keys->size(), 2U);
  const std::vector<std::string> one = {keys->at(1)};
  EXPECT_NE(MustOpen(**reader, 0, {.time = {}, .keys = &one}), nullptr);
  const std::vector<std::string> both = {std::string(), keys->back()};
  EXPECT_NE(MustOpen(**reader, 0, {.time = {}, .keys = &both}), nullptr);
  const std::vector<std::string> before = {std::string()};
  EXPECT_EQ(MustOpen(**reader, 0, {.time = {}, .keys = &before}), nullptr);
  const std::vector<std::string> none;
  EXPECT_EQ(MustOpen(**reader, 0, {.time = {}, .keys = &none}), nullptr);
}

TEST(PartReaderTest, GivesTheRunsThatOverlapATimeRange) {
  const auto reader = OpenTestPart(WriteTestPart(RegularRows()));
  ASSERT_TRUE(reader.has_value());
  const auto source = MustOpen(**reader, 0, {.time = {.begin = 39'990, .end = 80'001}});
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(SeriesOf(*source), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(MustOpen(**reader, 0, {.time = {.begin = 800'000}}), nullptr);
  EXPECT_EQ(MustOpen(**reader, 0, {.time = {.begin = -10, .end = 0}}), nullptr);
}

TEST(PartReaderTest, DecodesIrregularTimesOfTheRunsThatAreLeft) {
  auto random = SeededRandom();
  const TestRows test = RandomTestRows(300, 400, random);
  const auto reader = OpenTestPart(WriteTestPart(test));
  ASSERT_TRUE(reader.has_value());
  std::vector<SeriesId> some;
  for (uint32_t id = 0; id < 300; ++id) {
    if (random() % 5 == 0) some.emplace_back(id);
  }
  const SeriesSubset wanted(some, 300);
  const auto source = MustOpen(**reader, 0, {.time = {}, .series = &wanted});
  ASSERT_NE(source, nullptr);
  for (size_t i = source->runs().size(); i-- > 0;) {  // From the last, so that nothing is lucky.
    const SourceRun run = source->runs()[i];
    const auto times = source->Times(i);
    ASSERT_TRUE(times.has_value()) << times.error().ToString();
    EXPECT_TRUE(std::equal(times->begin(), times->end(), test.rows.times.begin() + run.row_begin,
                           test.rows.times.begin() + run.row_end));
  }
}

TEST(PartReaderTest, CountsEachBlockThatASourceUsesOnce) {
  auto random = SeededRandom();
  const TestPart part = WriteTestPart(RandomTestRows(300, 20, random));
  const auto reader =
      PartReader::Open(std::make_shared<MemoryFile>(part.bytes), part.meta, nullptr);
  ASSERT_TRUE(reader.has_value());
  std::atomic<uint64_t> bytes_read = 0;
  const auto source =
      MustOpen(**reader, 0, {.time = {}, .series = nullptr, .bytes_read = &bytes_read});
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(bytes_read, 0U);
  // Hundreds of runs without a step share a block of times or two.
  for (size_t run = 0; run < source->runs().size(); ++run)
    ASSERT_TRUE(source->Times(run).has_value());
  const uint64_t for_times = bytes_read;
  EXPECT_GT(for_times, 0U);
  ASSERT_TRUE(source->ReadVector(ColumnId(2), DataType::kInt64, 0).has_value());
  EXPECT_GT(bytes_read, for_times);
  EXPECT_LT(bytes_read, part.bytes.size());
}

TEST(PartReaderTest, ReadsOnlyThePagesItIsAskedFor) {
  const TestPart part = WriteTestPart(RegularRows());
  const auto file = std::make_shared<MemoryFile>(part.bytes);
  const auto reader = PartReader::Open(file, part.meta, nullptr);
  ASSERT_TRUE(reader.has_value());
  const uint64_t to_open = file->num_bytes_read;
  EXPECT_LT(to_open, 1500U);
  const auto source = MustOpen(**reader, 0, {});
  ASSERT_NE(source, nullptr);
  EXPECT_LT(file->num_bytes_read - to_open, 1000U);  // A page of the directory.

  uint64_t num_reads = file->num_reads;
  ASSERT_TRUE(source->ReadVector(ColumnId(2), DataType::kInt64, 17).has_value());
  EXPECT_EQ(file->num_reads, num_reads + 1);
  // Vectors 16..31 lie in the same page.
  ASSERT_TRUE(source->ReadVector(ColumnId(2), DataType::kInt64, 31).has_value());
  ASSERT_TRUE(source->ReadVector(ColumnId(2), DataType::kInt64, 17).has_value());
  EXPECT_EQ(file->num_reads, num_reads + 1);
  ASSERT_TRUE(source->ReadVector(ColumnId(2), DataType::kInt64, 32).has_value());
  EXPECT_EQ(file->num_reads, num_reads + 2);
  // Times at a step are not read at all.
  ASSERT_TRUE(source->Times(3).has_value());
  EXPECT_EQ(file->num_reads, num_reads + 2);
}

TEST(PartReaderTest, ReadsCachedBlocksFromMemory) {
  const TestRows test = RegularRows();
  const TestPart part = WriteTestPart(test);
  BlockCache cache(16 * kMiB);
  const auto file = std::make_shared<MemoryFile>(part.bytes);
  const auto reader = PartReader::Open(file, part.meta, &cache);
  ASSERT_TRUE(reader.has_value());
  ASSERT_TRUE(CompareSource(*MustOpen(**reader, 0, {}), test, 0).ok());
  const uint64_t num_reads = file->num_reads;
  ASSERT_TRUE(CompareSource(*MustOpen(**reader, 0, {}), test, 0).ok());
  EXPECT_EQ(file->num_reads, num_reads);
}

TEST(PartReaderTest, TwoPartsDoNotMixInOneCache) {
  auto random = SeededRandom();
  BlockCache cache(16 * kMiB);
  for (int round = 0; round < 3; ++round) {
    const TestRows test = RandomTestRows(5, 2000, random);
    const Status status = CompareAll(WriteTestPart(test), test, &cache);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
}

TEST(PartReaderTest, AColumnThatThePartLacksIsNull) {
  const auto reader = OpenTestPart(WriteTestPart(SmallRows()));
  ASSERT_TRUE(reader.has_value());
  const auto source = MustOpen(**reader, 0, {});
  ASSERT_NE(source, nullptr);
  const auto absent = source->ReadVector(ColumnId(99), DataType::kString, 0);
  ASSERT_TRUE(absent.has_value());
  EXPECT_TRUE(absent->all_null);
  EXPECT_EQ(absent->type, DataType::kString);
  EXPECT_EQ(absent->num_rows, 8U);
  const auto null = source->ReadVector(ColumnId(5), DataType::kUint64, 0);
  ASSERT_TRUE(null.has_value());
  EXPECT_TRUE(null->all_null);
}

TEST(PartReaderTest, ZoneMapsExcludeWhatNoValueSatisfies) {
  const auto reader = OpenTestPart(WriteTestPart(RegularRows()));
  ASSERT_TRUE(reader.has_value());
  const auto source = MustOpen(**reader, 0, {});
  ASSERT_NE(source, nullptr);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  // Column 1 is row % 10,000, and 100,000 more from vector 16 on.
  EXPECT_TRUE(source->ZoneExcludes(ColumnId(1), 0, 1024, kInfinity));
  EXPECT_FALSE(source->ZoneExcludes(ColumnId(1), 0, 1023, kInfinity));
  EXPECT_TRUE(source->ZoneExcludes(ColumnId(1), 1, -kInfinity, 1023));
  EXPECT_FALSE(source->ZoneExcludes(ColumnId(1), 1, -kInfinity, 1024));
  EXPECT_TRUE(source->ZoneExcludes(ColumnId(1), 16, 0, 99'999));
  EXPECT_FALSE(source->ZoneExcludes(ColumnId(1), 16, 0, 110'000));
  EXPECT_FALSE(source->ZoneExcludes(ColumnId(99), 0, 1, 2));
}

TEST(PartReaderTest, AReadThatFailsIsReportedAndLeavesNothingBehind) {
  const TestRows test = SmallRows();
  const TestPart part = WriteTestPart(test);
  BlockCache cache(16 * kMiB);
  const auto file = std::make_shared<MemoryFile>(part.bytes);
  const auto reader = PartReader::Open(file, part.meta, &cache);
  ASSERT_TRUE(reader.has_value());
  file->fails = true;
  EXPECT_EQ((*reader)->OpenRowGroup(0, {}).error().code(), StatusCode::kIoError);
  EXPECT_EQ((*reader)->ReadKeys(0).error().code(), StatusCode::kIoError);
  file->fails = false;
  const auto source = MustOpen(**reader, 0, {});
  ASSERT_NE(source, nullptr);
  file->fails = true;
  const auto failed = source->ReadVector(ColumnId(1), DataType::kInt64, 0);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code(), StatusCode::kIoError);
  EXPECT_EQ(source->Times(1).error().code(), StatusCode::kIoError);
  EXPECT_FALSE(source->ZoneExcludes(ColumnId(1), 0, 1e9, 2e9));
  file->fails = false;
  EXPECT_TRUE(CompareSource(*source, test, 0).ok());
}

TEST(PartReaderTest, ManyThreadsReadOnePart) {
  auto random = SeededRandom();
  const TestRows test = RandomTestRows(50, 500, random);
  const TestPart part = WriteTestPart(test);
  BlockCache cache(256 * kKiB);  // Too small for all, so that blocks come and go.
  const auto reader = OpenTestPart(part, &cache);
  ASSERT_TRUE(reader.has_value());
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        const auto source = (*reader)->OpenRowGroup(0, {});
        ASSERT_TRUE(source.has_value());
        EXPECT_TRUE(CompareSource(**source, test, 0).ok());
      }
    });
  }
}

TEST(PartReaderTest, RefusesAPartThatIsNotTheOneInTheManifest) {
  const TestPart part = WriteTestPart(SmallRows());
  const auto open = [&](auto change) {
    TestPart other = part;
    change(other.meta);
    const auto reader = OpenTestPart(other);
    return reader.has_value() ? StatusCode::kOk : reader.error().code();
  };
  EXPECT_EQ(open([](PartMeta&) {}), StatusCode::kOk);
  EXPECT_EQ(open([](PartMeta& meta) { meta.table = TableId(8); }), StatusCode::kCorruption);
  EXPECT_EQ(open([](PartMeta& meta) { meta.num_rows += 1; }), StatusCode::kCorruption);
  EXPECT_EQ(open([](PartMeta& meta) { meta.num_runs += 1; }), StatusCode::kCorruption);
  EXPECT_EQ(open([](PartMeta& meta) { meta.offset += 1; }), StatusCode::kCorruption);
}

TEST(PartReaderTest, RefusesEveryPrefix) {
  const TestPart part = WriteTestPart(SmallRows());
  for (size_t size = 0; size < part.bytes.size(); ++size) {
    TestPart prefix = part;
    prefix.meta.length = size;
    const auto claimed = OpenTestPart(prefix);  // The manifest says less than there is.
    ASSERT_FALSE(claimed.has_value()) << size;
    ASSERT_EQ(claimed.error().code(), StatusCode::kCorruption);
    prefix.bytes.resize(size);
    prefix.meta.length = part.meta.length;
    const auto cut = OpenTestPart(prefix);  // The file is shorter than the manifest says.
    ASSERT_FALSE(cut.has_value()) << size;
    ASSERT_EQ(cut.error().code(), StatusCode::kCorruption);
  }
}

TEST(PartReaderTest, NoFlippedBitGivesAWrongAnswer) {
  const TestRows test = SmallRows();
  const TestPart part = WriteTestPart(test);
  ASSERT_TRUE(CompareAll(part, test).ok());
  for (size_t bit = 0; bit < part.bytes.size() * 8; ++bit) {
    TestPart flipped = part;
    flipped.bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const Status status = CompareAll(flipped, test);  // Fails the test where values differ.
    if (status.ok()) continue;                        // Zone maps are not read by it.
    ASSERT_EQ(status.code(), StatusCode::kCorruption) << "bit " << bit;
    ASSERT_FALSE(testing::Test::HasFailure()) << "bit " << bit;
  }
}

// Bytes that pass their checksum and still are nonsense, as a bug or an enemy would write them.
class MadeUpPartTest : public testing::Test {
 protected:
  void SetUp() override {
    part_ = WriteTestPart(SmallRows());
    const auto reader = OpenTestPart(part_);
    ASSERT_TRUE(reader.has_value());
    const PartFooter& footer = (*reader)->footer();
    for (const auto& group : footer.row_groups) {
      for (const auto& column : group.columns) {
        blocks_.insert(blocks_.end(), column.pages.begin(), column.pages.end());
        blocks_.push_back(column.zone_maps);
      }
      for (const auto& times : group.times)
        blocks_.push_back(times.block);
    }
    for (const auto& page : footer.directory) {
      blocks_.push_back(page.runs);
      blocks_.push_back(page.keys);
    }
    std::erase_if(blocks_, [](const BlockRef& ref) { return ref.length == 0; });
    uint32_t footer_bytes = 0;
    const size_t trailer = part_.bytes.size() - kPartTrailerBytes;
    std::memcpy(&footer_bytes, part_.bytes.data() + trailer, sizeof(footer_bytes));
    blocks_.push_back({trailer - footer_bytes, footer_bytes});
  }

  static void Seal(TestPart& part, const BlockRef& ref) {
    const size_t payload = ref.length - kBlockChecksumBytes;
    const uint64_t checksum =
        Checksum(std::span(part.bytes).subspan(ref.offset, payload), ref.offset);
    std::memcpy(part.bytes.data() + ref.offset + payload, &checksum, sizeof(checksum));
  }

  // Reads whatever can be read; values are looked at, so that a sanitizer sees where they lie.
  static uint64_t Touch(const TestPart& part) {
    uint64_t sum = 0;
    const auto reader = OpenTestPart(part);
    if (!reader.has_value()) return sum;
    for (size_t page = 0; page < (*reader)->footer().directory.size(); ++page) {
      if (const auto keys = (*reader)->ReadKeys(page)) {
        for (const auto& key : *keys)
          sum += key.size();
      }
    }
    for (size_t group = 0; group < (*reader)->num_row_groups(); ++group) {
      const auto opened = (*reader)->OpenRowGroup(group, {});
      if (!opened.has_value() || *opened == nullptr) continue;
      RunSource& source = **opened;
      for (size_t run = 0; run < source.runs().size(); ++run) {
        if (const auto times = source.Times(run)) sum += static_cast<uint64_t>(times->back());
      }
      for (const auto& column : (*reader)->footer().columns) {
        for (uint32_t vector = 0; vector * kVectorRows < source.num_rows(); ++vector) {
          sum += source.ZoneExcludes(column.id, vector, 1, 2) ? 1U : 0U;
          const auto view = source.ReadVector(column.id, column.type, vector);
          if (!view.has_value()) continue;
          for (uint32_t row = 0; row < view->num_rows; ++row) {
            if (!view->IsValid(row)) continue;
            sum += column.type == DataType::kString ? view->String(row).size() : view->Bits(row);
          }
        }
      }
    }
    return sum;
  }

  TestPart part_;
  std::vector<BlockRef> blocks_;
};

TEST_F(MadeUpPartTest, AnyByteInAnyBlockIsSurvived) {
  uint64_t sum = 0;
  for (const BlockRef& ref : blocks_) {
    for (size_t at = 0; at < ref.length - kBlockChecksumBytes; ++at) {
      for (const unsigned change : {0x01U, 0x80U, 0xffU, 0x0fU}) {
        TestPart made_up = part_;
        made_up.bytes[ref.offset + at] ^= static_cast<std::byte>(change);
        Seal(made_up, ref);
        sum += Touch(made_up);
      }
    }
  }
  EXPECT_NE(sum, 0U);
}

TEST_F(MadeUpPartTest, RandomBytesInAnyBlockAreSurvived) {
  auto random = SeededRandom();
  uint64_t sum = 0;
  for (int round = 0; round < 5000; ++round) {
    TestPart made_up = part_;
    for (uint64_t i = 0; i <= random() % 3; ++i) {
      const BlockRef& ref = blocks_[random() % blocks_.size()];
      for (uint64_t change = 0; change <= random() % 4; ++change) {
        const size_t at = random() % (ref.length - kBlockChecksumBytes);
        made_up.bytes[ref.offset + at] = static_cast<std::byte>(random() >> random() % 8);
      }
      Seal(made_up, ref);
    }
    sum += Touch(made_up);
  }
  EXPECT_NE(sum, 0U);
}

}  // namespace
}  // namespace stria::storage
