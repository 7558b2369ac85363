#include "tools/cli/line_reader.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "tools/cli/interrupt.h"

namespace stria::cli {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() {
    directory_ = (std::filesystem::temp_directory_path() / "stria-lines-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    for (int i = 0; i < 5000; ++i)
      text_ += "m,device=d" + std::to_string(i % 7) + " v=" + std::to_string(i) + "\n";
  }
  ~LineReaderTest() override { std::filesystem::remove_all(directory_); }

  std::string Put(const std::string& name, const std::string& bytes) const {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string Gzip(const std::string& text) const {
    const std::string path = directory_ + "/packed";
    gzFile file = ::gzopen(path.c_str(), "wb");
    ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
    ::gzclose(file);
    std::ifstream packed(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(packed), {}};
  }
  static std::string Zstd(const std::string& text) {
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
    return packed;
  }

  // The pieces, and the failure that ended them.
  struct Pieces {
    std::vector<std::string> pieces;
    Status status;
    std::string whole() const {
      std::string all;
      for (const auto& piece : pieces)
        all += piece;
      return all;
    }
  };
  static Pieces ReadAll(const std::string& path, size_t target_bytes) {
    Pieces read;
    auto reader = LineReader::Open(path);
    if (!reader) {
      read.status = reader.error();
      return read;
    }
    for (std::string piece;;) {
      read.status = (*reader)->Next(target_bytes, piece);
      if (!read.status.ok() || piece.empty()) return read;
      read.pieces.push_back(piece);
    }
  }

  std::string directory_;
  std::string text_;
};

TEST_F(LineReaderTest, CutsPlainGzipAndZstdAtLineEnds) {
  for (const auto& path :
       {Put("a.lp", text_), Put("a.gz", Gzip(text_)), Put("a.zst", Zstd(text_))}) {
    const auto read = ReadAll(path, 1000);
    EXPECT_TRUE(read.status.ok()) << path;
    EXPECT_GT(read.pieces.size(), 10U) << path;
    for (const auto& piece : read.pieces)
      EXPECT_TRUE(piece.ends_with('\n')) << path;
    EXPECT_EQ(read.whole(), text_) << path;
  }
}

TEST_F(LineReaderTest, TheLastLineMayLackItsEnd) {
  EXPECT_EQ(ReadAll(Put("a.lp", "a\nb"), 1).whole(), "a\nb");
  EXPECT_TRUE(ReadAll(Put("b.lp", ""), 1).pieces.empty());
}

TEST_F(LineReaderTest, ALineLongerThanAPieceStaysWhole) {
  const std::string line(10'000, 'x');
  EXPECT_EQ(ReadAll(Put("a.lp", line + "\nb\n"), 10).pieces.front(), line + "\n");
}

TEST_F(LineReaderTest, MembersAndFramesFollowEachOther) {
  EXPECT_EQ(ReadAll(Put("a.gz", Gzip("a\n") + Gzip("b\n")), 100).whole(), "a\nb\n");
  EXPECT_EQ(ReadAll(Put("a.zst", Zstd("a\n") + Zstd("b\n")), 100).whole(), "a\nb\n");
}

TEST_F(LineReaderTest, ATruncatedFileFailsAfterWhatIsWhole) {
  const std::string gzip = Gzip(text_);
  const std::string zstd = Zstd(text_);
  for (const auto& path : {Put("a.gz", gzip.substr(0, gzip.size() / 2)),
                           Put("a.zst", zstd.substr(0, zstd.size() - 4))}) {
    const auto read = ReadAll(path, 100);
    EXPECT_EQ(read.status.code(), StatusCode::kCorruption) << path;
    EXPECT_TRUE(text_.starts_with(read.whole())) << path;
  }
}

// A pipe that somebody holds open, with a part of a line in it.
class OpenPipe {
 public:
  OpenPipe() {
    EXPECT_EQ(::pipe(ends_), 0);
    EXPECT_EQ(::write(ends_[1], "m v=1", 5), 5);
  }
  ~OpenPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(ends_[0]); }

 private:
  int ends_[2] = {-1, -1};
};

TEST_F(LineReaderTest, StopsToWaitForInputWhenItIsTold) {
  const OpenPipe pipe;
  auto reader = LineReader::Open(pipe.path());
  ASSERT_TRUE(reader.has_value());
  std::jthread other([&] { (*reader)->Stop(); });
  std::string piece;
  EXPECT_EQ((*reader)->Next(100, piece).code(), StatusCode::kCancelled);
}

TEST_F(LineReaderTest, StopsToWaitForInputWhenTheUserInterrupts) {
  const OpenPipe pipe;
  const auto interrupt_and_read = [&] {
    CatchInterrupts();
    std::raise(SIGINT);
    std::exit(ReadAll(pipe.path(), 100).status.code() == StatusCode::kCancelled ? 17 : 1);
  };
  EXPECT_EXIT(interrupt_and_read(), testing::ExitedWithCode(17), "");
}

TEST_F(LineReaderTest, AFileThatIsNotThereIsNamed) {
  const auto read = ReadAll(directory_ + "/nothing.lp", 100);
  EXPECT_EQ(read.status.code(), StatusCode::kNotFound);
  EXPECT_THAT(std::string(read.status.message()), testing::HasSubstr("nothing.lp"));
}

}  // namespace
}  // namespace stria::cli
