#include "storage/encoding/strings.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include <lz4.h>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"

namespace stria::storage {
namespace {

constexpr size_t kMinPackedBytes = 512;  // A guess: below, LZ4's own bytes eat what it saves.
constexpr uint64_t kMaxTextBytes = uint64_t{1} << 30;  // Of packed text; below LZ4's own limit.
static_assert(kMaxTextBytes <= LZ4_MAX_INPUT_SIZE);
constexpr uint64_t kMaxPackingRatio = 256;  // LZ4 cannot do better than 255.

// Appends the bytes of all strings, packed where that is worth it.
void EncodeTextBytes(const std::vector<std::byte>& text, std::vector<std::byte>& encoded) {
  if (text.size() >= kMinPackedBytes && text.size() <= kMaxTextBytes) {
    const int bound = LZ4_compressBound(static_cast<int>(text.size()));
    std::vector<std::byte> packed(static_cast<size_t>(bound));
    const int size = LZ4_compress_default(reinterpret_cast<const char*>(text.data()),
                                          reinterpret_cast<char*>(packed.data()),
                                          static_cast<int>(text.size()), bound);
    if (size > 0 && static_cast<size_t>(size) < text.size() - text.size() / 8) {
      AppendInteger<uint8_t>(1, encoded);
      AppendVarint(text.size(), encoded);
      AppendBytes(std::span(packed).first(static_cast<size_t>(size)), encoded);
      return;
    }
  }
  AppendInteger<uint8_t>(0, encoded);
  AppendVarint(text.size(), encoded);
  AppendBytes(text, encoded);
}

Result<std::span<const std::byte>> DecodeTextBytes(ByteReader& reader,
                                                   std::vector<std::byte>& unpacked) {
  STRIA_ASSIGN_OR_RETURN(const auto packed, reader.Read<uint8_t>());
  STRIA_ASSIGN_OR_RETURN(const auto size, reader.ReadVarint());
  const auto bytes = reader.rest();
  if (packed == 0) {
    if (size != bytes.size()) return Corruption("{} bytes of text, want {}", bytes.size(), size);
    return bytes;
  }
  if (packed != 1) return Corruption("text packed in way {}", packed);
  if (size > kMaxTextBytes || size / kMaxPackingRatio > bytes.size() ||
      bytes.size() > std::numeric_limits<int>::max()) {
    return Corruption("{} bytes cannot unpack to {}", bytes.size(), size);
  }
  unpacked.resize(static_cast<size_t>(size));
  const int got = LZ4_decompress_safe(reinterpret_cast<const char*>(bytes.data()),
                                      reinterpret_cast<char*>(unpacked.data()),
                                      static_cast<int>(bytes.size()), static_cast<int>(size));
  if (got < 0 || static_cast<uint64_t>(got) != size) return Corruption("damaged LZ4 block");
  return std::span<const std::byte>(unpacked);
}

}  // namespace

void EncodeText(std::span<const std::string_view> strings, std::vector<std::byte>& encoded) {
  std::vector<uint64_t> lengths;
  std::vector<std::byte> text;
  lengths.reserve(strings.size());
  for (const auto string : strings) {
    lengths.push_back(string.size());
    AppendBytes(AsBytes(string), text);
  }
  EncodeIntegers(lengths, false, encoded);
  EncodeTextBytes(text, encoded);
}

Status DecodeText(std::span<const std::byte> encoded, size_t num_strings,
                  std::vector<std::string_view>& strings, std::vector<std::byte>& unpacked) {
  // An encoded block of 1,024 lengths takes at least 10 bytes.
  if (num_strings / kVectorRows > encoded.size()) return Corruption("{} strings", num_strings);
  ByteReader reader(encoded);
  std::vector<uint64_t> lengths(num_strings);
  STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, lengths));
  STRIA_ASSIGN_OR_RETURN(auto text, DecodeTextBytes(reader, unpacked));
  strings.resize(num_strings);
  for (size_t i = 0; i < num_strings; ++i) {
    if (lengths[i] > text.size()) return Corruption("string {} reaches past the text", i);
    strings[i] = AsText(text.first(static_cast<size_t>(lengths[i])));
    text = text.subspan(static_cast<size_t>(lengths[i]));
  }
  if (!text.empty()) return Corruption("bytes after the last string: {}", text.size());
  return Status::Ok();
}

EncodingId EncodeStrings(std::span<const std::string_view> strings,
                         std::vector<std::byte>& encoded) {
  std::unordered_map<std::string_view, uint64_t> codes_of;
  std::vector<std::string_view> distinct;
  std::vector<uint64_t> codes;
  codes.reserve(strings.size());
  for (const auto string : strings) {
    const auto [entry, added] = codes_of.try_emplace(string, distinct.size());
    if (added) distinct.push_back(string);
    codes.push_back(entry->second);
  }
  // A code costs about a byte; a repeated string its bytes and its length.
  if (distinct.size() > strings.size() / 2) {
    EncodeText(strings, encoded);
    return EncodingId::kPlainStrings;
  }
  AppendVarint(distinct.size(), encoded);
  EncodeIntegers(codes, false, encoded);
  EncodeText(distinct, encoded);
  return EncodingId::kDictionary;
}

Status DecodeStrings(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                     DecodedVector& decoded) {
  if (encoding == EncodingId::kPlainStrings) {
    STRIA_RETURN_IF_ERROR(DecodeText(encoded, num_rows, decoded.strings, decoded.text));
  } else if (encoding == EncodingId::kDictionary) {
    ByteReader reader(encoded);
    STRIA_ASSIGN_OR_RETURN(const auto num_distinct, reader.ReadVarint());
    if (num_distinct > num_rows) return Corruption("{} distinct of {}", num_distinct, num_rows);
    std::vector<uint64_t> codes(num_rows);
    STRIA_RETURN_IF_ERROR(DecodeIntegers(reader, codes));
    std::vector<std::string_view> distinct;
    STRIA_RETURN_IF_ERROR(
        DecodeText(reader.rest(), static_cast<size_t>(num_distinct), distinct, decoded.text));
    decoded.strings.resize(num_rows);
    for (uint32_t i = 0; i < num_rows; ++i) {
      if (codes[i] >= distinct.size()) return Corruption("code {} without a string", codes[i]);
      decoded.strings[i] = distinct[static_cast<size_t>(codes[i])];
    }
  } else {
    return Corruption("encoding {} is not one of strings", static_cast<int>(encoding));
  }
  decoded.view.lanes = Lanes::kString;
  decoded.view.num_rows = num_rows;
  decoded.view.data = decoded.strings.data();
  return Status::Ok();
}

}  // namespace stria::storage
