#include "storage/encoding/strings.h"

#include "storage/base/errors.h"
#include "storage/encoding/dictionary.h"
#include "storage/encoding/text.h"

namespace stria::storage {

EncodingId EncodeStrings(std::span<const std::string_view> strings, EncodingProfile profile,
                         std::vector<std::byte>& encoded) {
  const StringCodes codes = FindDistinct(strings);
  // A code costs about a byte; a repeated string its bytes and its length.
  if (codes.distinct.size() > strings.size() / 2) {
    EncodeText(strings, profile, encoded);
    return EncodingId::kPlainStrings;
  }
  EncodeDictionary(codes, profile, encoded);
  return EncodingId::kDictionary;
}

Status DecodeStrings(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                     DecodedVector& decoded) {
  if (encoding == EncodingId::kPlainStrings) {
    STRIA_RETURN_IF_ERROR(DecodeText(encoded, num_rows, decoded.strings, decoded.text));
  } else if (encoding == EncodingId::kDictionary) {
    STRIA_RETURN_IF_ERROR(DecodeDictionary(encoded, num_rows, decoded));
  } else {
    return Corruption("encoding {} is not one of strings", static_cast<int>(encoding));
  }
  decoded.view.lanes = Lanes::kString;
  decoded.view.num_rows = num_rows;
  decoded.view.data = decoded.strings.data();
  return Status::Ok();
}

}  // namespace stria::storage
