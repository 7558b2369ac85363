// The tests damage the files of a real engine, one way at a time, and look at what is explained.

#include "tools/admin/data_check.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"
#include "storage/format/overlap_set.h"
#include "storage/format/part_layout.h"
#include "storage/io/file_system.h"
#include "tests/storage/engine/engine_fixture.h"

namespace stria::admin {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteText(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary)
      .write(text.data(), static_cast<std::streamsize>(text.size()));
}

/// Two tables with parts that were flushed and compacted, and rows that are only in the log.
class DataCheckTest : public testing::Test {
 protected:
  DataCheckTest() {
    std::string lines;
    for (int i = 0; i < 3000; ++i) {
      lines += "cpu,host=h" + std::to_string(i % 7) + " usage=" + std::to_string(i % 100) +
               "i,note=\"n" + std::to_string(i % 5) + "\" " + std::to_string(i * 1000 + i % 3) +
               "\n";
    }
    Write(lines);
    Write("mem,host=a free=1.5 5000");
    EXPECT_TRUE(engine_->engine().Flush().ok());
    Write("cpu,host=h1 usage=7i 1001\ncpu,host=new usage=8i 99");
    EXPECT_TRUE(engine_->engine().Flush().ok());
    Write("mem,host=b free=2.5 6000");
    Write("mem,host=c free=3.5 7000");
    Write("mem,host=d free=4.5 8000");
    directory_ = fs::temp_directory_path() / ("stria-check-" + std::to_string(::getpid()));
    fs::remove_all(directory_);
    fs::copy(engine_->options().directory, directory_, fs::copy_options::recursive);
    engine_.reset();
  }
  ~DataCheckTest() override { fs::remove_all(directory_); }

  void Write(const std::string& lines) { EXPECT_TRUE(engine_->Write(lines).status.ok()); }

  CheckReport Check() const { return CheckData(storage::PosixFileSystem(), directory_.string()); }

  /// Files of a folder, with bytes in them, by name.
  std::vector<fs::path> Files(const std::string& folder) const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(directory_ / folder)) {
      if (entry.is_regular_file() && entry.file_size() > 0) paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
  }

  fs::path directory_;

 private:
  std::unique_ptr<storage::EngineFixture> engine_ = std::make_unique<storage::EngineFixture>();
};

TEST_F(DataCheckTest, AHealthyDirectoryHasNoFindings) {
  const CheckReport report = Check();
  EXPECT_FALSE(report.has_errors());
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.counts.shards, 1U);
  EXPECT_EQ(report.counts.tables, 2U);
  EXPECT_EQ(report.counts.parts, 3U);
  EXPECT_EQ(report.counts.series, 7U + 1 + 1 + 3);
  EXPECT_EQ(report.counts.rows, 3000U + 1 + 2 + 3);
  EXPECT_GT(report.counts.blocks, 10U);
  EXPECT_GE(report.counts.log_records, 3U);
}

TEST_F(DataCheckTest, NothingIsChanged) {
  const auto contents = [this] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      files[entry.path().string()] = entry.is_regular_file() ? ReadText(entry.path()) : "";
    }
    return files;
  };
  WriteText(directory_ / "shard/0/part/orphan.part", "x");
  const auto before = contents();
  static_cast<void>(Check());
  EXPECT_EQ(contents(), before);
}

TEST_F(DataCheckTest, EveryFlippedBitOfAPartIsFound) {
  const uint64_t seed = storage::TestSeed();
  std::mt19937_64 random(seed);
  for (const auto& path : Files("shard/0/part")) {
    const std::string good = ReadText(path);
    // All of a small file, some of a large one.
    const size_t step = good.size() > 2000 ? good.size() / 100 : 1;
    for (size_t offset = 0; offset < good.size(); offset += 1 + random() % step) {
      std::string bad = good;
      bad[offset] = static_cast<char>(bad[offset] ^ (1 << (random() % 8)));
      WriteText(path, bad);
      EXPECT_THAT(Check().findings,
                  Contains(Field(&Finding::file, "shard/0/part/" + path.filename().string())))
          << path << " at " << offset;
    }
    WriteText(path, good);
  }
  EXPECT_FALSE(Check().has_errors());
}

TEST_F(DataCheckTest, AFlippedBitOfACatalogManifestOrSeriesFileIsFound) {
  for (const char* folder : {"catalog", "shard/0/manifest", "shard/0/series"}) {
    for (const auto& path : Files(folder)) {
      const std::string good = ReadText(path);
      for (size_t offset = 0; offset < good.size(); ++offset) {
        std::string bad = good;
        bad[offset] = static_cast<char>(bad[offset] ^ 4);
        WriteText(path, bad);
        EXPECT_TRUE(Check().has_errors()) << path << " at " << offset;
      }
      WriteText(path, good);
    }
  }
}

TEST_F(DataCheckTest, DamageOfAnAcknowledgedRecordIsFoundAndATornTailIsNotDamage) {
  const auto segments = Files("shard/0/wal");
  ASSERT_FALSE(segments.empty());
  const fs::path& path = segments.front();
  const std::string good = ReadText(path);
  // Five groups of one record each: that of the second flush is the second.
  std::vector<size_t> groups;
  for (size_t block = 4096; block < good.size(); block += 4096) {
    if (good[block] != 0) groups.push_back(block);
  }
  ASSERT_GE(groups.size(), 5U);
  std::string bad = good;
  bad[groups[groups.size() - 2] + 40] ^= 1;
  WriteText(path, bad);
  EXPECT_THAT(Check().findings,
              ElementsAre(AllOf(Field(&Finding::severity, Severity::kError),
                                Field(&Finding::what, HasSubstr("acknowledged")))));
  bad = good;
  bad[groups.back() + 40] ^= 1;
  WriteText(path, bad);
  EXPECT_THAT(Check().findings, ElementsAre(AllOf(Field(&Finding::severity, Severity::kNote),
                                                  Field(&Finding::what, HasSubstr("torn")))));
}

TEST_F(DataCheckTest, APartThatIsMissingOrCutSaysSo) {
  const auto path = Files("shard/0/part").front();
  fs::resize_file(path, fs::file_size(path) - 1);
  EXPECT_THAT(Check().findings, Contains(Field(&Finding::what, HasSubstr("The file was cut"))));
  fs::remove(path);
  const auto report = Check();
  EXPECT_THAT(report.findings, Contains(Field(&Finding::what, HasSubstr("The file is missing"))));
  EXPECT_THAT(report.findings, Contains(Field(&Finding::advice, HasSubstr("backup"))));
}

// Of the second part, which has a late row of h1 and the first row of another host.
TEST_F(DataCheckTest, AnOverlapSetThatLeavesOutALateRunIsFound) {
  const uint32_t late = 0, other = 1;
  const auto listed = storage::EncodeOverlapSet({&late, 1});
  const auto wrong = storage::EncodeOverlapSet({&other, 1});
  ASSERT_EQ(listed.size(), wrong.size());
  int num_changed = 0;
  for (const auto& path : Files("shard/0/part")) {
    std::string text = ReadText(path);
    const size_t found = text.find(AsText(listed));
    if (found == std::string::npos) continue;
    // Only this part has late rows; it has a file of its own.
    uint32_t footer_bytes = 0;
    std::memcpy(&footer_bytes, text.data() + text.size() - storage::kPartTrailerBytes,
                sizeof(footer_bytes));
    const size_t footer = text.size() - storage::kPartTrailerBytes - footer_bytes;
    ASSERT_GT(found, footer);
    text.replace(found, wrong.size(), AsText(wrong));
    const size_t payload_bytes = footer_bytes - storage::kBlockChecksumBytes;
    const uint64_t checksum =
        Checksum(AsBytes(std::string_view(text).substr(footer, payload_bytes)), footer);
    std::memcpy(text.data() + footer + payload_bytes, &checksum, sizeof(checksum));
    WriteText(path, text);
    ++num_changed;
  }
  ASSERT_EQ(num_changed, 1);
  EXPECT_THAT(Check().findings,
              ElementsAre(Field(&Finding::what, HasSubstr("its overlap set leaves out a run of "
                                                          "series"))));
}

TEST_F(DataCheckTest, AFileThatNobodyNamesIsOnlyANote) {
  WriteText(directory_ / "shard/0/part/orphan.part", "x");
  const auto report = Check();
  EXPECT_FALSE(report.has_errors());
  EXPECT_THAT(report.findings, ElementsAre(Field(&Finding::file, "shard/0/part/orphan.part")));
}

TEST_F(DataCheckTest, PartsWithoutAManifestAreAnError) {
  fs::remove_all(directory_ / "shard/0/manifest");
  EXPECT_THAT(Check().findings, Contains(AllOf(Field(&Finding::severity, Severity::kError),
                                               Field(&Finding::file, "shard/0/manifest"))));
}

TEST_F(DataCheckTest, ADirectoryWithoutACatalogIsNone) {
  const auto report = CheckData(storage::PosixFileSystem(), directory_.string() + "/shard");
  EXPECT_THAT(report.findings, ElementsAre(Field(&Finding::what, HasSubstr("no data directory"))));
}

}  // namespace
}  // namespace stria::admin
