// Every file of the fuzzers' corpora, and every beginning of one.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fuzz/line_protocol_check.h"

namespace stria::ingest {
namespace {

std::vector<std::filesystem::path> FilesOf(const std::string& corpus) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(STRIA_FUZZ_CORPUS "/" + corpus))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

TEST(CorpusTest, LineProtocolIsDecodedAsByTheReference) {
  const auto files = FilesOf("line_protocol");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(stream), {}};
    for (size_t size = 1; size <= whole.size(); ++size) {
      // A copy of the exact size, so that the address sanitizer sees any read past its end.
      const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      ASSERT_EQ(DifferenceFromReference({exact.data(), exact.size()}), "")
          << file << ", its first " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace stria::ingest
