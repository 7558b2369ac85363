// Every file of the fuzzers' corpora, and every beginning of one.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fuzz/encoding_check.h"
#include "tests/fuzz/line_protocol_check.h"
#include "tests/fuzz/reader_check.h"

namespace stria {
namespace {

std::vector<std::filesystem::path> FilesOf(const std::string& corpus) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(STRIA_FUZZ_CORPUS "/" + corpus))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string ReadWhole(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(CorpusTest, LineProtocolIsDecodedAsByTheReference) {
  const auto files = FilesOf("line_protocol");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string whole = ReadWhole(file);
    for (size_t size = 1; size <= whole.size(); ++size) {
      // A copy of the exact size, so that the address sanitizer sees any read past its end.
      const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      ASSERT_EQ(ingest::DifferenceFromReference({exact.data(), exact.size()}), "")
          << file << ", its first " << size << " bytes";
    }
  }
}

class ReaderCorpusTest : public testing::TestWithParam<storage::ReaderCheck> {};

// Beginnings, and for each byte some that have another value there.
TEST_P(ReaderCorpusTest, IsReadWithoutHarm) {
  const auto files = FilesOf(GetParam().name);
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string whole = ReadWhole(file);
    const auto check = [&](std::string_view input) {
      const std::vector<char> exact(input.begin(), input.end());
      return GetParam().check(std::as_bytes(std::span(exact)));
    };
    for (size_t size = 0; size <= whole.size(); ++size)
      ASSERT_EQ(check(std::string_view(whole).substr(0, size)), "") << file << ", first " << size;
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
        std::string changed = whole;
        changed[at] = value;
        ASSERT_EQ(check(changed), "") << file << ", byte " << at << " is " << int{value};
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, ReaderCorpusTest, testing::ValuesIn(storage::ReaderChecks()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(CorpusTest, ColumnsAreDecodedOrRefused) {
  const auto files = FilesOf("encoding");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const std::string whole = ReadWhole(file);
    for (size_t size = 0; size <= whole.size(); ++size) {
      const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      ASSERT_EQ(storage::FaultOfDecoding(std::as_bytes(std::span(exact))), "")
          << file << ", its first " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace stria
