#include "storage/base/bytes.h"

#include <bit>

#include <gtest/gtest.h>

namespace stria {
namespace {

TEST(BytesTest, IntegersAreLittleEndian) {
  std::vector<std::byte> bytes;
  AppendInteger<uint32_t>(0x01020304, bytes);
  EXPECT_EQ(AsText(bytes), "\x04\x03\x02\x01");
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.Read<uint32_t>(), 0x01020304U);
  EXPECT_TRUE(reader.empty());
}

TEST(BytesTest, VarintsComeBackInTheFewestBytes) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128},
                               uint64_t{16'383}, uint64_t{16'384}, UINT64_MAX}) {
    std::vector<std::byte> bytes;
    AppendVarint(value, bytes);
    const auto num_bits = static_cast<size_t>(64 - std::countl_zero(value | 1));
    EXPECT_EQ(bytes.size(), (num_bits + 6) / 7) << value;
    ByteReader reader(bytes);
    EXPECT_EQ(*reader.ReadVarint(), value);
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(ByteReader(std::span(bytes).first(size)).ReadVarint()) << value;
  }
}

TEST(BytesTest, AVarintOfMoreThan64BitsIsRefused) {
  const std::vector<std::byte> eleven(11, std::byte{0x80});
  EXPECT_FALSE(ByteReader(eleven).ReadVarint());
  std::vector<std::byte> ten(10, std::byte{0xff});
  ten[9] = std::byte{2};
  EXPECT_FALSE(ByteReader(ten).ReadVarint());
}

TEST(BytesTest, NothingIsReadBeyondTheEnd) {
  std::vector<std::byte> bytes;
  AppendString("four", bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader{std::span(bytes).first(size)};
    const auto text = reader.ReadString();
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), StatusCode::kCorruption);
  }
  std::vector<std::byte> huge;
  AppendVarint(UINT64_MAX, huge);
  EXPECT_FALSE(ByteReader(huge).ReadString());
  EXPECT_FALSE(ByteReader(bytes).ReadBytes(SIZE_MAX));
}

}  // namespace
}  // namespace stria
