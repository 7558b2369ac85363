#include "storage/io/file_pool.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "tests/support/fault_file_system.h"

namespace stria::storage {
namespace {

struct TenFiles {
  TenFiles() {
    EXPECT_TRUE(files.CreateDirectories("d").ok());
    for (int i = 0; i < 10; ++i) {
      const auto text = AsBytes(names[static_cast<size_t>(i)]);
      files.Put("d/" + names[static_cast<size_t>(i)], {text.begin(), text.end()});
    }
  }
  std::vector<std::string> names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  FaultFileSystem files;
};

std::string FirstByte(const File& file) {
  std::array<std::byte, 1> bytes{};
  const Status status = file.ReadAt(0, bytes);
  return status.ok() ? std::string(AsText(bytes)) : status.ToString();
}

TEST(FilePoolTest, ManyFilesAreReadWithFewOpen) {
  TenFiles disk;
  FilePool pool(disk.files, 3);
  std::vector<std::shared_ptr<File>> opened;
  for (const auto& name : disk.names) {
    const auto file = pool.Open("d/" + name);
    ASSERT_TRUE(file) << file.error().ToString();
    opened.push_back(*file);
    EXPECT_LE(pool.num_open(), 3U);
  }
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < opened.size(); ++i) {
      EXPECT_EQ(FirstByte(*opened[i]), disk.names[i]);
      EXPECT_EQ(*opened[i]->Size(), 1U);
      EXPECT_LE(pool.num_open(), 3U);
    }
  }
}

TEST(FilePoolTest, AFileThatNobodyHoldsIsClosed) {
  TenFiles disk;
  FilePool pool(disk.files, 3);
  {
    const auto file = pool.Open("d/1");
    ASSERT_TRUE(file);
    EXPECT_EQ(pool.num_open(), 1U);
  }
  EXPECT_EQ(pool.num_open(), 0U);
}

TEST(FilePoolTest, AFileThatIsGoneSaysSo) {
  TenFiles disk;
  FilePool pool(disk.files, 1);
  EXPECT_EQ(pool.Open("d/none").error().code(), StatusCode::kNotFound);
  const auto first = pool.Open("d/1");
  const auto second = pool.Open("d/2");  // Closes the first.
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(disk.files.Remove("d/1").ok());
  std::array<std::byte, 1> bytes{};
  EXPECT_EQ((*first)->ReadAt(0, bytes).code(), StatusCode::kNotFound);
  EXPECT_FALSE((*second)->WriteAt(0, bytes).ok());
  EXPECT_FALSE((*second)->Sync().ok());
}

}  // namespace
}  // namespace stria::storage
