#include "storage/encoding/dictionary.h"

#include <unordered_map>

#include "storage/base/bytes.h"
#include "storage/base/errors.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/text.h"

namespace stria::storage {

StringCodes FindDistinct(std::span<const std::string_view> strings) {
  StringCodes found;
  std::unordered_map<std::string_view, uint64_t> codes_of;
  found.codes.reserve(strings.size());
  for (const auto string : strings) {
    const auto [entry, added] = codes_of.try_emplace(string, found.distinct.size());
    if (added) found.distinct.push_back(string);
    found.codes.push_back(entry->second);
  }
  return found;
}

void EncodeDictionary(const StringCodes& codes, EncodingProfile profile,
                      std::vector<std::byte>& encoded) {
  AppendVarint(codes.distinct.size(), encoded);
  EncodeIntegers(codes.codes, false, encoded);
  EncodeText(codes.distinct, profile, encoded);
}

Status DecodeDictionary(std::span<const std::byte> encoded, uint32_t num_rows,
                        DecodedVector& decoded) {
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
  return Status::Ok();
}

}  // namespace stria::storage
