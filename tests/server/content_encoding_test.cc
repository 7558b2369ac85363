#include "server/http/content_encoding.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

namespace stria::server {
namespace {

constexpr uint64_t kMaxBytes = 1 << 20;

using Compressor = std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>;

std::string Gzip(const std::string& text) {
  const Compressor compressor(libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  std::string packed(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), packed.data(),
                                         packed.size()));
  return packed;
}

std::string Zlib(const std::string& text) {
  const Compressor compressor(libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  std::string packed(libdeflate_zlib_compress_bound(compressor.get(), text.size()), '\0');
  packed.resize(libdeflate_zlib_compress(compressor.get(), text.data(), text.size(), packed.data(),
                                         packed.size()));
  return packed;
}

std::string Zstd(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  return packed;
}

StatusCode Failure(std::string_view encoding, const std::string& body,
                   uint64_t max_bytes = kMaxBytes) {
  const auto content = DecodeContent(encoding, body, nullptr, max_bytes);
  return content ? StatusCode::kOk : content.error().code();
}

std::string Decode(std::string_view encoding, const std::string& body) {
  const auto content = DecodeContent(encoding, body, nullptr, kMaxBytes);
  EXPECT_TRUE(content.has_value()) << encoding;
  return content ? std::string(content->bytes) : std::string();
}

TEST(ContentEncodingTest, PlainBodiesAreNotCopied) {
  const auto owner = std::make_shared<std::string>("text");
  for (const char* encoding : {"", "identity"}) {
    const auto content = DecodeContent(encoding, *owner, owner, kMaxBytes);
    ASSERT_TRUE(content.has_value());
    EXPECT_EQ(content->bytes.data(), owner->data());
    EXPECT_EQ(content->owner, owner);
  }
}

TEST(ContentEncodingTest, UnpacksEachEncoding) {
  const std::string text(100'000, 'x');
  EXPECT_EQ(Decode("gzip", Gzip(text)), text);
  EXPECT_EQ(Decode("x-gzip", Gzip(text)), text);
  EXPECT_EQ(Decode("deflate", Zlib(text)), text);
  EXPECT_EQ(Decode("zstd", Zstd(text)), text);
}

TEST(ContentEncodingTest, NamesOfEncodingsIgnoreCase) {
  const std::string packed = Gzip("m v=1");
  const auto content = DecodeContent("GZip", packed, nullptr, kMaxBytes);
  ASSERT_TRUE(content.has_value());
  EXPECT_EQ(content->bytes, "m v=1");
  EXPECT_TRUE(DecodeContent("Identity", "m v=1", nullptr, kMaxBytes).has_value());
}

TEST(ContentEncodingTest, UnpacksMembersAndFramesOneAfterTheOther) {
  EXPECT_EQ(Decode("gzip", Gzip("a") + Gzip("") + Gzip("b")), "ab");
  EXPECT_EQ(Decode("zstd", Zstd("a") + Zstd("") + Zstd("b")), "ab");
}

TEST(ContentEncodingTest, EveryPrefixIsRefused) {
  const std::string text = "some text, and some text again";
  for (const auto& [encoding, packed] :
       {std::pair("gzip", Gzip(text)), std::pair("zstd", Zstd(text))}) {
    for (size_t size = 1; size < packed.size(); ++size)
      EXPECT_EQ(Failure(encoding, packed.substr(0, size)), StatusCode::kInvalidArgument)
          << encoding << size;
  }
}

TEST(ContentEncodingTest, BombsAreRefused) {
  const std::string text(1000, 'x');
  EXPECT_EQ(Failure("gzip", Gzip(text), 999), StatusCode::kResourceExhausted);
  EXPECT_EQ(Failure("zstd", Zstd(text), 999), StatusCode::kResourceExhausted);
  EXPECT_EQ(Failure("gzip", Gzip(text), 1000), StatusCode::kOk);
  EXPECT_EQ(Failure("zstd", Zstd(text), 1000), StatusCode::kOk);
  EXPECT_EQ(Failure("gzip", Gzip(text) + Gzip(text), 1999), StatusCode::kResourceExhausted);
}

TEST(ContentEncodingTest, UnknownEncodingsAreNamed) {
  EXPECT_EQ(Failure("br", "x"), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace stria::server
