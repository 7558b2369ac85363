// Checks plain values: what goes in comes out, 8 bytes each, and no other size is accepted.

#include "storage/encoding/plain.h"

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

TEST(PlainTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (const size_t num_rows : {size_t{1}, size_t{2}, size_t{1000}, size_t{1024}}) {
    const auto values = RandomValues(random, num_rows, 0, UINT64_MAX);
    std::vector<std::byte> encoded;
    EncodePlain(values, encoded);
    DecodedVector decoded;
    ASSERT_TRUE(DecodePlain(encoded, static_cast<uint32_t>(num_rows), decoded).ok());
    EXPECT_EQ(decoded.view.lanes, Lanes::k64);
    EXPECT_EQ(decoded.view.num_rows, num_rows);
    for (size_t row = 0; row < num_rows; ++row)
      ASSERT_EQ(decoded.view.Bits(row), values[row]) << row;
    ExpectRows(values, random, [&](auto rows, uint64_t* bits) {
      return DecodePlainRows(encoded, static_cast<uint32_t>(num_rows), rows, bits);
    });
  }
}

TEST(PlainTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodePlain(std::vector<uint64_t>{7, UINT64_MAX - 1}, encoded);
  EXPECT_EQ(encoded, Bytes(7, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
}

TEST(PlainTest, RefusesAnyOtherSize) {
  ExpectOtherLengthsRefused(Bytes(7, {0, 1, 2, 3, 4, 5, 6, 7}), [](auto bytes) {
    DecodedVector decoded;
    return DecodePlain(bytes, 2, decoded);
  });
}

}  // namespace
}  // namespace stria::storage
