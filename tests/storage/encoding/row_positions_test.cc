// Checks positions of rows: gaps, ascending, and none past the last row.

#include "storage/encoding/row_positions.h"

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

Status Decode(std::span<const std::byte> bytes, uint32_t num_rows, std::vector<uint16_t>& rows) {
  ByteReader reader(bytes);
  RowPositions positions;
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, positions));
  rows.assign(positions.view().begin(), positions.view().end());
  return reader.empty() ? Status::Ok() : Status(StatusCode::kCorruption, "left over");
}

TEST(RowPositionsTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (int round = 0; round < 200; ++round) {
    const uint64_t one_in = 1 + random() % 200;
    std::vector<uint16_t> rows, decoded;
    for (uint16_t row = 0; row < 1024; ++row) {
      if (random() % one_in == 0) rows.push_back(row);
    }
    std::vector<std::byte> encoded;
    EncodeRowPositions(rows, encoded);
    ASSERT_TRUE(Decode(encoded, 1024, decoded).ok());
    ASSERT_EQ(decoded, rows);
  }
}

TEST(RowPositionsTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeRowPositions(std::vector<uint16_t>{0, 1, 200, 1023}, encoded);
  EXPECT_EQ(encoded, Bytes({4, 0, 0, 0xc6, 1, 0xb6, 6}));
}

TEST(RowPositionsTest, RefusesOtherLengths) {
  std::vector<std::byte> encoded;
  EncodeRowPositions(std::vector<uint16_t>{0, 1, 200, 1023}, encoded);
  std::vector<uint16_t> rows;
  ExpectOtherLengthsRefused(encoded, [&](auto bytes) { return Decode(bytes, 1024, rows); });
}

TEST(RowPositionsTest, RefusesRowsThatAreNotThere) {
  std::vector<uint16_t> rows;
  EXPECT_TRUE(Decode(Bytes({2, 3, 0}), 5, rows).ok());
  EXPECT_EQ(Decode(Bytes({2, 3, 1}), 5, rows).code(), StatusCode::kCorruption);
  EXPECT_EQ(Decode(Bytes({6, 0, 0, 0, 0, 0, 0}), 5, rows).code(), StatusCode::kCorruption);
  const auto far = Bytes({1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1});
  EXPECT_EQ(Decode(far, 5, rows).code(), StatusCode::kCorruption);
}

TEST(RowPositionsTest, SurvivesGarbage) {
  auto random = SeededRandom();
  std::vector<std::byte> encoded;
  EncodeRowPositions(std::vector<uint16_t>{0, 1, 200, 1000}, encoded);
  std::vector<uint16_t> rows;
  ExpectGarbageHandled(encoded, random, [&](auto bytes) { return Decode(bytes, 1001, rows); });
}

}  // namespace
}  // namespace stria::storage
