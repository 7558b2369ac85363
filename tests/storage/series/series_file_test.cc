#include "storage/series/series_file.h"

#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"

namespace stria::storage {
namespace {

const std::vector<NewSeries> kSeries = {{TableId(1), SeriesId(0), ""},
                                        {TableId(300), SeriesId(70'000),
                                         "\x01h\x01"
                                         "a"},
                                        {TableId(1), SeriesId(1),
                                         "\x01h\x01"
                                         "b"}};

TEST(SeriesFileTest, SeriesComeBackInOrder) {
  const auto decoded = DecodeSeriesFile(EncodeSeriesFile(kSeries));
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->size(), kSeries.size());
  for (size_t i = 0; i < kSeries.size(); ++i) {
    EXPECT_EQ((*decoded)[i].table, kSeries[i].table);
    EXPECT_EQ((*decoded)[i].id, kSeries[i].id);
    EXPECT_EQ((*decoded)[i].key, kSeries[i].key);
  }
  EXPECT_TRUE(DecodeSeriesFile(EncodeSeriesFile({}))->empty());
}

TEST(SeriesFileTest, HasTheDocumentedBytes) {
  std::vector<std::byte> expected;
  AppendBytes(AsBytes("STRIASER"), expected);
  AppendInteger<uint32_t>(1, expected);
  AppendInteger<uint32_t>(0, expected);
  AppendVarint(1, expected);
  AppendVarint(300, expected);
  AppendVarint(2, expected);
  AppendString("key", expected);
  AppendInteger(Checksum(expected), expected);
  const NewSeries one{TableId(300), SeriesId(2), "key"};
  EXPECT_EQ(EncodeSeriesFile({&one, 1}), expected);
}

TEST(SeriesFileTest, EveryPrefixAndEveryChangedBitIsRefused) {
  const auto file = EncodeSeriesFile(kSeries);
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_FALSE(DecodeSeriesFile(std::span(file).first(size))) << size;
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    auto damaged = file;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto decoded = DecodeSeriesFile(damaged);
    ASSERT_FALSE(decoded) << bit;
    EXPECT_EQ(decoded.error().code(), StatusCode::kCorruption);
  }
}

}  // namespace
}  // namespace stria::storage
