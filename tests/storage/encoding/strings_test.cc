// Checks strings: plain or as a dictionary, packed with LZ4 or zstd where that saves, empty and
// long ones.

#include "storage/encoding/strings.h"

#include "tests/storage/encoding/encoding_checks.h"

namespace stria::storage {
namespace {

struct Encoded {
  EncodingId encoding = EncodingId::kPlainStrings;
  std::vector<std::byte> bytes;
};

Encoded Encode(const std::vector<std::string>& strings,
               EncodingProfile profile = EncodingProfile::kHot) {
  const std::vector<std::string_view> views(strings.begin(), strings.end());
  Encoded encoded;
  encoded.encoding = EncodeStrings(views, profile, encoded.bytes);
  return encoded;
}

Encoded ExpectRoundTrip(const std::vector<std::string>& strings,
                        EncodingProfile profile = EncodingProfile::kHot) {
  Encoded encoded = Encode(strings, profile);
  DecodedVector decoded;
  const Status status = DecodeStrings(encoded.encoding, encoded.bytes,
                                      static_cast<uint32_t>(strings.size()), decoded);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(decoded.view.lanes, Lanes::kString);
  EXPECT_EQ(decoded.view.num_rows, strings.size());
  for (size_t row = 0; status.ok() && row < strings.size(); ++row)
    EXPECT_EQ(decoded.view.String(row), strings[row]);
  return encoded;
}

std::vector<std::string> RandomStrings(std::mt19937_64& random, size_t num_rows, size_t max_length,
                                       size_t num_distinct) {
  std::vector<std::string> distinct(num_distinct);
  for (auto& string : distinct) {
    string.resize(random() % (max_length + 1));
    for (auto& byte : string)
      byte = static_cast<char>(random());
  }
  std::vector<std::string> strings(num_rows);
  for (auto& string : strings)
    string = distinct[random() % num_distinct];
  return strings;
}

TEST(StringsTest, DecodesWhatItEncoded) {
  auto random = SeededRandom();
  for (const size_t num_rows : {size_t{1}, size_t{3}, size_t{1000}, size_t{1024}}) {
    for (const size_t num_distinct : {size_t{1}, size_t{2}, size_t{300}, size_t{5000}}) {
      for (const size_t max_length : {size_t{0}, size_t{5}, size_t{200}}) {
        const auto strings = RandomStrings(random, num_rows, max_length, num_distinct);
        ExpectRoundTrip(strings, EncodingProfile::kHot);
        ExpectRoundTrip(strings, EncodingProfile::kDense);
      }
    }
  }
}

TEST(StringsTest, KeepsEmptyStringsAndZeroBytes) {
  ExpectRoundTrip({""});
  ExpectRoundTrip({"", "", ""});
  ExpectRoundTrip({std::string("a\0b", 3), "", std::string(1, '\0')});
}

TEST(StringsTest, UsesADictionaryWhereFewAreDistinct) {
  std::vector<std::string> strings(1024, "ready");
  strings[7] = "failed";
  const Encoded encoded = ExpectRoundTrip(strings);
  EXPECT_EQ(encoded.encoding, EncodingId::kDictionary);
  EXPECT_LT(encoded.bytes.size(), 200U);
}

TEST(StringsTest, PacksLongTextThatRepeats) {
  std::vector<std::string> strings;
  for (int i = 0; i < 100; ++i)
    strings.push_back("message number " + std::to_string(i) + " from the gateway in the hall");
  const Encoded encoded = ExpectRoundTrip(strings);
  EXPECT_EQ(encoded.encoding, EncodingId::kPlainStrings);
  EXPECT_LT(encoded.bytes.size(), 2000U);
  const Encoded dense = ExpectRoundTrip(strings, EncodingProfile::kDense);
  EXPECT_LT(dense.bytes.size(), encoded.bytes.size());
  // zstd would pack these better than a reader believes.
  ExpectRoundTrip({std::string(1 << 20, 'x')}, EncodingProfile::kHot);
  ExpectRoundTrip({std::string(1 << 20, 'x')}, EncodingProfile::kDense);
}

TEST(StringsTest, WritesTheDocumentedBytes) {
  // Lengths 2 and 1 in the narrow form; unpacked text of 3 bytes.
  const Encoded plain = Encode({"hi", "a"});
  EXPECT_EQ(plain.encoding, EncodingId::kPlainStrings);
  EXPECT_EQ(plain.bytes, Bytes({3, 4, 2, 1, 1, 0}) + Bytes({0, 3, 'h', 'i', 'a'}));
  // One distinct string; the codes 0 0 as a constant; its length as a constant, its text.
  const Encoded dictionary = Encode({"ab", "ab"});
  EXPECT_EQ(dictionary.encoding, EncodingId::kDictionary);
  EXPECT_EQ(dictionary.bytes, Bytes({1, 1, 8}) + Bytes(0, {1, 8}) + Bytes(2, {0, 2, 'a', 'b'}));
}

// The bytes that LZ4 finds may change with its version, those it accepts may not.
TEST(StringsTest, ReadsAnLz4Block) {
  // One string of 20: token 0x1a = 1 literal and a match of 14, offset 1; then 5 literals.
  const auto packed =
      Bytes({1, 8}) + Bytes(20, {1, 20, 0x1a, 'a', 1, 0, 0x50, 'b', 'b', 'b', 'b', 'b'});
  DecodedVector decoded;
  const Status status = DecodeStrings(EncodingId::kPlainStrings, packed, 1, decoded);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(decoded.view.String(0), std::string(15, 'a') + "bbbbb");
}

TEST(StringsTest, RefusesOtherLengths) {
  std::vector<std::string> repeated(200, "some text that repeats itself");
  for (int i = 0; i < 120; ++i)
    repeated[static_cast<size_t>(i)] += std::to_string(i);
  for (const auto& strings :
       {std::vector<std::string>{"hi", "a"}, std::vector<std::string>{"ab", "ab"}, repeated}) {
    for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
      const Encoded encoded = Encode(strings, profile);
      ExpectOtherLengthsRefused(encoded.bytes, [&](auto bytes) {
        DecodedVector decoded;
        return DecodeStrings(encoded.encoding, bytes, static_cast<uint32_t>(strings.size()),
                             decoded);
      });
    }
  }
}

TEST(StringsTest, RefusesCodesWithoutAString) {
  const auto encoded = Bytes({1, 3, 4, 0, 1, 0, 1}) + Bytes({1, 8}) + Bytes(2, {0, 2, 'a', 'b'});
  DecodedVector decoded;
  EXPECT_EQ(DecodeStrings(EncodingId::kDictionary, encoded, 2, decoded).code(),
            StatusCode::kCorruption);
}

TEST(StringsTest, RefusesTextThatWouldUnpackToFarMore) {
  auto packed = Bytes({1, 8}) + Bytes(uint64_t{1} << 29, {1});
  AppendVarint(uint64_t{1} << 29, packed);
  AppendBytes(Bytes({0x1a, 'a', 1, 0, 0x50, 'b', 'b', 'b', 'b', 'b'}), packed);
  DecodedVector decoded;
  EXPECT_EQ(DecodeStrings(EncodingId::kPlainStrings, packed, 1, decoded).code(),
            StatusCode::kCorruption);
  EXPECT_TRUE(decoded.text.empty());
}

TEST(StringsTest, SurvivesGarbage) {
  auto random = SeededRandom();
  std::vector<std::string> repeated(60, "some text that repeats itself");
  for (size_t i = 0; i < 40; ++i)
    repeated[i] += std::to_string(i);
  for (const auto& strings : {std::vector<std::string>{"hi", "a"},
                              std::vector<std::string>{"ab", "ab", "c", "c"}, repeated}) {
    for (const auto profile : {EncodingProfile::kHot, EncodingProfile::kDense}) {
      const Encoded encoded = Encode(strings, profile);
      ExpectGarbageHandled(encoded.bytes, random, [&](auto bytes) {
        DecodedVector decoded;
        return DecodeStrings(encoded.encoding, bytes, static_cast<uint32_t>(strings.size()),
                             decoded);
      });
    }
  }
}

}  // namespace
}  // namespace stria::storage
