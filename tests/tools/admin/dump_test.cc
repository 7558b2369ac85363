// The dumps of the golden files: one of every kind of log, and a part with every type.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/admin/log_dump.h"
#include "tools/admin/part_dump.h"
#include "tools/admin/time_text.h"

namespace stria::admin {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kGolden = STRIA_GOLDEN_DIR;

std::string FirstFile(const std::string& folder) {
  std::string first;
  for (const auto& entry : fs::directory_iterator(kGolden + "/" + folder)) {
    if (first.empty() || entry.path().string() < first) first = entry.path().string();
  }
  return first;
}

TEST(DumpTest, APartShowsWhereItsBytesAre) {
  const auto text = DumpPartFile(storage::PosixFileSystem(), kGolden + "/part/v1.part");
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr("1 parts\n"));
  EXPECT_THAT(*text, HasSubstr("part at offset 0, "));
  EXPECT_THAT(*text, HasSubstr("directory of runs"));
  EXPECT_THAT(*text, HasSubstr("zone maps"));
  EXPECT_THAT(*text, HasSubstr(" vectors\n"));
}

TEST(DumpTest, PartsThatShareAFileAreAllFound) {
  std::ifstream file(kGolden + "/part/v1.part", std::ios::binary);
  const std::string part{std::istreambuf_iterator<char>(file), {}};
  const auto path = fs::temp_directory_path() / ("stria-dump-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << part << part << part;
  const auto text = DumpPartFile(storage::PosixFileSystem(), path.string());
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr("3 parts\n"));
  EXPECT_THAT(*text, HasSubstr("part at offset " + std::to_string(2 * part.size())));
  std::ofstream(path, std::ios::binary) << part.substr(0, part.size() - 1);
  EXPECT_EQ(DumpPartFile(storage::PosixFileSystem(), path.string()).error().code(),
            StatusCode::kCorruption);
  fs::remove(path);
}

TEST(DumpTest, ASegmentOfTheLogShowsItsRecords) {
  const auto text = DumpWalSegment(storage::PosixFileSystem(), kGolden + "/wal/v1.wal");
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr("epoch "));
  EXPECT_THAT(*text, HasSubstr("rows, batch "));
  EXPECT_THAT(*text, HasSubstr("no frame from offset"));
}

TEST(DumpTest, AManifestShowsItsEdit) {
  const auto text = DumpManifestRecord(storage::PosixFileSystem(), FirstFile("manifest/v1"));
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr("record 1, "));
  EXPECT_THAT(*text, HasSubstr("  part "));
  EXPECT_THAT(*text, HasSubstr("  tombstone 4001: table 300 from "));
  EXPECT_THAT(*text, HasSubstr("tag \"host\" by operator 0 \"a\" \"b\""));
}

TEST(DumpTest, ACatalogShowsTablesAndColumns) {
  const auto text = DumpCatalogRecord(storage::PosixFileSystem(), FirstFile("catalog/v1"));
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr(" shards, lineage "));
}

TEST(DumpTest, AFileOfSeriesShowsItsKeys) {
  const auto text = DumpSeriesFile(storage::PosixFileSystem(), kGolden + "/series/v1.series");
  ASSERT_TRUE(text.has_value()) << text.error().ToString();
  EXPECT_THAT(*text, HasSubstr(" series "));
}

TEST(DumpTest, AFileOfAnotherKindIsRefused) {
  auto& files = storage::PosixFileSystem();
  const std::string series = kGolden + "/series/v1.series";
  EXPECT_EQ(DumpPartFile(files, series).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(DumpWalSegment(files, series).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(DumpManifestRecord(files, series).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(DumpSeriesFile(files, kGolden + "/part/v1.part").error().code(),
            StatusCode::kCorruption);
}

TEST(TimeTextTest, TimesBefore1970RoundDown) {
  EXPECT_EQ(TimeText(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(TimeText(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(TimeText(1'732'449'600'000'000'123), "2024-11-24T12:00:00.000000123Z");
  EXPECT_EQ(TimeText(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
}

}  // namespace
}  // namespace stria::admin
