#include "bench/stria_bench/bodies.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

namespace stria::bench {
namespace {

std::vector<std::string> BytesOf(const CutText& cut) {
  std::vector<std::string> bytes;
  for (const auto& body : cut.bodies)
    bytes.emplace_back(body.bytes);
  return bytes;
}

TEST(CutBodiesTest, CutsAfterSoManyRows) {
  const auto cut = CutBodies("a f=1 1\na f=2 2\na f=3,g=4 3\n", 2);
  EXPECT_THAT(BytesOf(cut), testing::ElementsAre("a f=1 1\na f=2 2\n", "a f=3,g=4 3\n"));
  EXPECT_EQ(cut.num_rows, 3U);
  EXPECT_EQ(cut.num_values, 4U);
  EXPECT_EQ(cut.bodies[0].num_rows, 2U);
  EXPECT_EQ(cut.bodies[1].num_rows, 1U);
}

TEST(CutBodiesTest, LosesNoByteWithAnyNumberOfRows) {
  std::string text;
  for (int i = 0; i < 37; ++i)
    text += "m,host=h" + std::to_string(i) + " value=" + std::to_string(i * 3) + "i 10\n";
  for (uint64_t rows = 1; rows < 40; ++rows) {
    const auto cut = CutBodies(text, rows);
    std::string joined;
    for (const auto& body : cut.bodies) {
      EXPECT_EQ(body.bytes.back(), '\n');
      joined += body.bytes;
    }
    EXPECT_EQ(joined, text);
    EXPECT_EQ(cut.num_rows, 37U);
    EXPECT_EQ(cut.num_values, 37U);
    EXPECT_EQ(cut.bodies.size(), (37 + rows - 1) / rows);
  }
}

TEST(CutBodiesTest, KeepsARowWithANewlineInAText) {
  const auto cut = CutBodies("a f=\"x\ny=1\" 1\na f=2 2\n", 1);
  EXPECT_THAT(BytesOf(cut), testing::ElementsAre("a f=\"x\ny=1\" 1\n", "a f=2 2\n"));
  EXPECT_EQ(cut.num_values, 2U);
}

TEST(CutBodiesTest, KnowsEscapes) {
  const auto cut = CutBodies("a\\ b,t=c\\=d f=\"\\\"\n\",g=1 1\nb f=2\n", 1);
  EXPECT_THAT(BytesOf(cut), testing::ElementsAre("a\\ b,t=c\\=d f=\"\\\"\n\",g=1 1\n", "b f=2\n"));
  EXPECT_EQ(cut.num_values, 3U);
}

TEST(CutBodiesTest, DoesNotCountCommentsAndBlankLines) {
  const auto cut = CutBodies("# it's \"so\n\na f=1 1\n  \na f=2 2\n# end", 1);
  EXPECT_EQ(cut.num_rows, 2U);
  EXPECT_EQ(cut.bodies.size(), 2U);
}

TEST(CutBodiesTest, TakesALastRowWithoutANewline) {
  const auto cut = CutBodies("a f=1 1\na f=2 2", 1);
  EXPECT_THAT(BytesOf(cut), testing::ElementsAre("a f=1 1\n", "a f=2 2"));
}

TEST(CutBodiesTest, MakesNothingOfNothing) {
  EXPECT_TRUE(CutBodies("", 10).bodies.empty());
  EXPECT_TRUE(CutBodies("\n\n", 10).bodies.empty());
}

TEST(GzipTest, IsWhatUnpacksToTheBody) {
  const std::string body(100'000, 'x');
  const std::string packed = Gzip(body);
  EXPECT_LT(packed.size(), 2000U);
  std::string unpacked(body.size(), '\0');
  libdeflate_decompressor* const decompressor = libdeflate_alloc_decompressor();
  EXPECT_EQ(libdeflate_gzip_decompress(decompressor, packed.data(), packed.size(), unpacked.data(),
                                       unpacked.size(), nullptr),
            LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(decompressor);
  EXPECT_EQ(unpacked, body);
}

class TextFileTest : public testing::Test {
 protected:
  TextFileTest() {
    char name[] = "/tmp/stria-bench-XXXXXX";
    EXPECT_NE(::mkdtemp(name), nullptr);
    directory_ = name;
  }
  ~TextFileTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& bytes) {
    const std::string path = directory_ + "/file";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  static std::string Pack(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
    return packed;
  }

  static std::vector<std::string> Pieces(const std::string& path, size_t target_bytes) {
    const auto file = TextFile::Open(path);
    EXPECT_TRUE(file);
    std::vector<std::string> pieces;
    for (std::string piece; file;) {
      const Status status = (*file)->Next(target_bytes, piece);
      EXPECT_TRUE(status.ok()) << status.ToString();
      if (!status.ok() || piece.empty()) break;
      pieces.push_back(piece);
    }
    return pieces;
  }

  std::string directory_;
};

TEST_F(TextFileTest, GivesPiecesThatEndWhereALineDoes) {
  std::string text;
  while (text.size() < 5'000'000)
    text += "row " + std::to_string(text.size()) + "\n";
  text += "the last has no end";
  for (const auto& bytes : {text, Pack(text)}) {
    const auto pieces = Pieces(Write(bytes), 100'000);
    EXPECT_GE(pieces.size(), 2U);
    std::string joined;
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_TRUE(i + 1 == pieces.size() || pieces[i].back() == '\n');
      joined += pieces[i];
    }
    EXPECT_EQ(joined, text);
  }
}

TEST_F(TextFileTest, RefusesACompressedFileThatIsCutShort) {
  const std::string packed = Pack("a f=1 1\na f=2 2\n");
  const auto file = TextFile::Open(Write(packed.substr(0, packed.size() - 1)));
  ASSERT_TRUE(file);
  std::string piece;
  EXPECT_EQ((*file)->Next(100, piece).code(), StatusCode::kCorruption);
}

TEST_F(TextFileTest, SaysWhatItCannotOpen) {
  EXPECT_EQ(TextFile::Open(directory_ + "/none").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(TextFile::Open(directory_).error().code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace stria::bench
