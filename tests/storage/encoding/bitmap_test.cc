// Checks bitmaps of any number of rows, and bools in them.

#include "storage/encoding/bitmap.h"

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

TEST(BitmapTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (size_t num_rows = 1; num_rows <= 1024; num_rows += 1 + random() % 7) {
    std::vector<uint64_t> values(num_rows);
    for (auto& value : values)
      value = random() % 2;
    std::vector<std::byte> encoded;
    EncodeBools(values, encoded);
    DecodedVector decoded;
    ASSERT_TRUE(DecodeBools(encoded, static_cast<uint32_t>(num_rows), decoded).ok());
    EXPECT_EQ(decoded.view.lanes, Lanes::kU8);
    ExpectValues(decoded, values);
    ExpectRows(values, random, [&](auto rows, uint64_t* bits) {
      return DecodeBoolsRows(encoded, static_cast<uint32_t>(num_rows), rows, bits);
    });
  }
}

TEST(BitmapTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeBitmap(std::vector<uint8_t>{1, 0, 1, 1, 0, 0, 0, 7, 0, 1}, encoded);
  EXPECT_EQ(encoded, Bytes({0b10001101, 0b10}));
}

TEST(BitmapTest, RefusesOtherLengths) {
  ExpectOtherLengthsRefused(Bytes({0b10001101, 0b10}), [](auto bytes) {
    DecodedVector decoded;
    return DecodeBools(bytes, 10, decoded);
  });
}

TEST(BitmapTest, RefusesBitsAfterTheLastRow) {
  DecodedVector decoded;
  EXPECT_TRUE(DecodeBools(Bytes({0b111}), 3, decoded).ok());
  EXPECT_EQ(DecodeBools(Bytes({0b1111}), 3, decoded).code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace stria::storage
