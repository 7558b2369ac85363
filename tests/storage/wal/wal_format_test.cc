#include "storage/wal/wal_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/base/bytes.h"
#include "storage/base/checksum.h"

namespace stria::storage {
namespace {

constexpr WalSegmentHeader kHeader{
    .shard = 3, .segment = 17, .epoch = 5, .nonce = 0x0123456789abcdef, .first_seq = 1000};

std::vector<std::byte> OneFrame() {
  std::vector<std::byte> bytes;
  AppendWalFrame(WalRecordType::kRows, 1000, 999, kHeader.nonce, AsBytes("payload"), bytes);
  return bytes;
}

TEST(WalFormatTest, AHeaderHasTheDocumentedBytesAndOneBlock) {
  std::vector<std::byte> expected;
  AppendBytes(AsBytes("STRIAWAL"), expected);
  AppendInteger<uint32_t>(1, expected);
  AppendInteger<uint32_t>(3, expected);
  AppendInteger<uint64_t>(17, expected);
  AppendInteger<uint64_t>(5, expected);
  AppendInteger<uint64_t>(0x0123456789abcdef, expected);
  AppendInteger<uint64_t>(1000, expected);
  AppendInteger(Checksum(expected), expected);
  expected.resize(4096);
  EXPECT_EQ(EncodeWalSegmentHeader(kHeader), expected);
}

TEST(WalFormatTest, AHeaderComesBackForItsOwnSegmentAndShardOnly) {
  const auto block = EncodeWalSegmentHeader(kHeader);
  const auto header = DecodeWalSegmentHeader(block, 17, 3);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->epoch, 5U);
  EXPECT_EQ(header->nonce, kHeader.nonce);
  EXPECT_EQ(header->first_seq, 1000U);
  EXPECT_FALSE(DecodeWalSegmentHeader(block, 18, 3).has_value());
  EXPECT_FALSE(DecodeWalSegmentHeader(block, 17, 2).has_value());
  EXPECT_TRUE(DecodeAnyWalSegmentHeader(block).has_value());
}

TEST(WalFormatTest, AHeaderWithAnyByteChangedOrCutShortIsRefused) {
  const auto block = EncodeWalSegmentHeader(kHeader);
  for (size_t i = 0; i < kWalSegmentHeaderBytes; ++i) {
    auto damaged = block;
    damaged[i] ^= std::byte{0x10};
    EXPECT_FALSE(DecodeAnyWalSegmentHeader(damaged).has_value()) << "byte " << i;
    EXPECT_FALSE(DecodeAnyWalSegmentHeader(std::span(block).first(i)).has_value()) << i << " bytes";
  }
}

TEST(WalFormatTest, AFrameHasTheDocumentedBytes) {
  std::vector<std::byte> expected;
  AppendInteger<uint32_t>(7, expected);
  AppendInteger<uint16_t>(1, expected);
  AppendInteger<uint16_t>(0, expected);
  AppendInteger<uint64_t>(1000, expected);
  AppendInteger<uint64_t>(999, expected);
  AppendInteger(Checksum(AsBytes("payload"), Checksum(expected, kHeader.nonce)), expected);
  AppendBytes(AsBytes("payload"), expected);
  EXPECT_EQ(OneFrame(), expected);
}

TEST(WalFormatTest, AFrameComesBackUnderItsOwnNonceOnly) {
  auto bytes = OneFrame();
  bytes.resize(bytes.size() + 100);
  const auto frame = DecodeWalFrame(bytes, kHeader.nonce);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->seq, 1000U);
  EXPECT_EQ(frame->durable, 999U);
  EXPECT_EQ(AsText(frame->payload), "payload");
  EXPECT_EQ(frame->bytes, bytes.size() - 100);
  EXPECT_FALSE(DecodeWalFrame(bytes, kHeader.nonce + 1).has_value());
}

TEST(WalFormatTest, AFrameWithAnyBitChangedOrCutShortIsRefused) {
  const auto bytes = OneFrame();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_FALSE(DecodeWalFrame(damaged, kHeader.nonce).has_value()) << "bit " << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(DecodeWalFrame(std::span(bytes).first(size), kHeader.nonce).has_value()) << size;
}

TEST(WalFormatTest, ZerosAreNoFrame) {
  const std::vector<std::byte> zeros(4096);
  EXPECT_FALSE(DecodeWalFrame(zeros, 0).has_value());
  EXPECT_FALSE(LooksLikeWalFrame(zeros, 0));
}

TEST(WalFormatTest, ANameIsTwentyDigitsAndNothingElse) {
  EXPECT_EQ(WalSegmentName(17), "00000000000000000017");
  EXPECT_EQ(ParseWalSegmentName("00000000000000000017"), 17U);
  for (const char* name : {"17", "0000000000000000001x", "spare", "", "000000000000000000170"})
    EXPECT_FALSE(ParseWalSegmentName(name).has_value()) << name;
}

}  // namespace
}  // namespace stria::storage
