// Checks the constant: 8 bytes for any number of rows, and no other bytes.

#include "storage/encoding/constant.h"

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

TEST(ConstantTest, DecodesWhatItEncoded) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 63, UINT64_MAX}) {
    std::vector<std::byte> encoded;
    EncodeConstant(value, encoded);
    DecodedVector decoded;
    ASSERT_TRUE(DecodeConstant(encoded, 1024, decoded).ok());
    EXPECT_EQ(decoded.view.lanes, Lanes::kConstant);
    EXPECT_EQ(decoded.view.num_rows, 1024U);
    EXPECT_EQ(decoded.view.Bits(0), value);
    EXPECT_EQ(decoded.view.Bits(1023), value);
  }
}

TEST(ConstantTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeConstant(0x0102030405060708, encoded);
  EXPECT_EQ(encoded, Bytes({8, 7, 6, 5, 4, 3, 2, 1}));
}

TEST(ConstantTest, RefusesAnyOtherSize) {
  ExpectOtherLengthsRefused(Bytes(5, {}), [](auto bytes) {
    DecodedVector decoded;
    return DecodeConstant(bytes, 10, decoded);
  });
}

}  // namespace
}  // namespace stria::storage
