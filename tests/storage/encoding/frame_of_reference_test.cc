// Checks both forms of the frame of reference: values come back in lanes as narrow as they can be,
// at every width and over the whole range of 64 bits; the bytes are the documented ones, and others
// are refused.

#include "storage/encoding/frame_of_reference.h"

#include "storage/encoding/bit_packing.h"
#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

Lanes LanesOf(unsigned width) {
  return width <= 8    ? Lanes::kU8
         : width <= 16 ? Lanes::kU16
         : width <= 32 ? Lanes::kU32
                       : Lanes::k64;
}

TEST(FrameOfReferenceTest, DecodesWhatItEncodedAtEveryWidth) {
  auto random = SeededRandom();
  for (unsigned width = 1; width <= 64; ++width) {
    SCOPED_TRACE(width);
    const uint64_t greatest = width == 64 ? UINT64_MAX : (uint64_t{1} << width) - 1;
    for (const uint64_t least : {uint64_t{0}, static_cast<uint64_t>(-5), uint64_t{1} << 63}) {
      for (const size_t num_rows : {size_t{2}, size_t{1000}, size_t{1024}}) {
        const auto values = RandomValues(random, num_rows, least, greatest);
        const IntegerStats stats{least, greatest};
        std::vector<std::byte> packed, narrow;
        EncodeFrameOfReference(values, stats, packed);
        EncodeNarrow(values, stats, narrow);
        EXPECT_EQ(packed.size(), FrameOfReferenceBytes(stats));
        EXPECT_EQ(narrow.size(), NarrowBytes(stats, num_rows));
        DecodedVector from_packed, from_narrow;
        const auto rows = static_cast<uint32_t>(num_rows);
        ASSERT_TRUE(DecodeFrameOfReference(packed, rows, from_packed).ok());
        ASSERT_TRUE(DecodeNarrow(narrow, rows, from_narrow).ok());
        EXPECT_EQ(from_packed.view.lanes, LanesOf(width));
        EXPECT_EQ(from_narrow.view.lanes, LanesOf(width));
        ExpectValues(from_packed, values);
        ExpectValues(from_narrow, values);
        ExpectRows(values, random, [&](auto wanted, uint64_t* bits) {
          return DecodeFrameOfReferenceRows(packed, rows, wanted, bits);
        });
        ExpectRows(values, random, [&](auto wanted, uint64_t* bits) {
          return DecodeNarrowRows(narrow, rows, wanted, bits);
        });
      }
    }
  }
}

TEST(FrameOfReferenceTest, WritesTheDocumentedBytes) {
  std::vector<std::byte> encoded;
  EncodeFrameOfReference(std::vector<uint64_t>{10, 11, 13}, {10, 3}, encoded);
  // Two bits a value, lanes of 8: each of the first three lanes holds one value in its slot 0.
  auto expected = Bytes({20, 2, 0, 1, 3});
  expected.resize(2 + 256);
  EXPECT_EQ(encoded, expected);

  encoded.clear();
  EncodeNarrow(std::vector<uint64_t>{10, 310, 11}, {10, 300}, encoded);
  EXPECT_EQ(encoded, Bytes({20, 2, 0, 0, 44, 1, 1, 0}));
}

TEST(FrameOfReferenceTest, RefusesOtherLengths) {
  std::vector<std::byte> encoded;
  EncodeFrameOfReference(std::vector<uint64_t>{10, 11, 13}, {10, 3}, encoded);
  ExpectOtherLengthsRefused(encoded, [](auto bytes) {
    DecodedVector decoded;
    return DecodeFrameOfReference(bytes, 3, decoded);
  });
  encoded.clear();
  EncodeNarrow(std::vector<uint64_t>{10, 310, 11}, {10, 300}, encoded);
  ExpectOtherLengthsRefused(encoded, [](auto bytes) {
    DecodedVector decoded;
    return DecodeNarrow(bytes, 3, decoded);
  });
}

TEST(FrameOfReferenceTest, RefusesWidthsThatDoNotExist) {
  for (const int width : {0, 65, 255}) {
    auto encoded = Bytes({20, width});
    encoded.resize(2 + size_t{128} * static_cast<size_t>(width));
    DecodedVector decoded;
    EXPECT_EQ(DecodeFrameOfReference(encoded, 3, decoded).code(), StatusCode::kCorruption);
  }
  for (const int bytes : {0, 3, 5, 16}) {
    auto encoded = Bytes({20, bytes});
    encoded.resize(2 + 3 * static_cast<size_t>(bytes));
    DecodedVector decoded;
    EXPECT_EQ(DecodeNarrow(encoded, 3, decoded).code(), StatusCode::kCorruption);
  }
}

TEST(FrameOfReferenceTest, SurvivesGarbage) {
  auto random = SeededRandom();
  std::vector<std::byte> packed, narrow;
  EncodeFrameOfReference(std::vector<uint64_t>{10, 11, 13}, {10, 3}, packed);
  EncodeNarrow(std::vector<uint64_t>{10, 310, 11}, {10, 300}, narrow);
  ExpectGarbageHandled(packed, random, [](auto bytes) {
    DecodedVector decoded;
    return DecodeFrameOfReference(bytes, 3, decoded);
  });
  ExpectGarbageHandled(narrow, random, [](auto bytes) {
    DecodedVector decoded;
    return DecodeNarrow(bytes, 3, decoded);
  });
}

}  // namespace
}  // namespace stria::storage
