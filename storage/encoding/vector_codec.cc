#include "storage/encoding/vector_codec.h"

#include <algorithm>
#include <array>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/strings.h"

namespace stria::storage {
namespace {

enum class Validity : uint8_t { kAllValid = 0, kBitmap = 1, kAllNull = 2 };

void AppendBitmap(std::span<const uint8_t> validity, std::vector<std::byte>& encoded) {
  std::array<uint8_t, kVectorRows / 8> bitmap{};
  for (size_t i = 0; i < validity.size(); ++i) {
    bitmap[i / 8] = static_cast<uint8_t>(bitmap[i / 8] | (validity[i] != 0 ? 1 << (i % 8) : 0));
  }
  AppendBytes(std::as_bytes(std::span(bitmap).first((validity.size() + 7) / 8)), encoded);
}

Status ReadBitmap(ByteReader& reader, uint32_t num_rows, std::vector<uint8_t>& validity) {
  STRIA_ASSIGN_OR_RETURN(const auto bitmap, reader.ReadBytes((num_rows + 7) / 8));
  validity.resize(num_rows);
  for (uint32_t i = 0; i < num_rows; ++i) {
    validity[i] = (std::to_integer<unsigned>(bitmap[i / 8]) >> (i % 8)) & 1;
  }
  if (num_rows % 8 != 0 && std::to_integer<unsigned>(bitmap.back()) >> (num_rows % 8) != 0) {
    return Corruption("bits after the last row of a bitmap");
  }
  return Status::Ok();
}

EncodingId EncodeBits(DataType type, std::span<const uint64_t> bits,
                      std::vector<std::byte>& encoded) {
  if (type != DataType::kFloat64) {
    return EncodeSmallest(bits, type != DataType::kUint64, encoded);
  }
  // Bit patterns, so that -0 and NaN payloads survive.
  if (std::ranges::all_of(bits, [first = bits[0]](uint64_t value) { return value == first; })) {
    EncodeConstant(bits[0], encoded);
    return EncodingId::kConstant;
  }
  EncodePlain(bits, encoded);
  return EncodingId::kPlain;
}

// The values with NULL slots filled by the first value.
template <typename T>
std::vector<T> FillNulls(std::span<const T> values, std::span<const uint8_t> validity) {
  std::vector<T> filled(values.begin(), values.end());
  const size_t first = static_cast<size_t>(
      std::ranges::find_if(validity, [](uint8_t valid) { return valid != 0; }) - validity.begin());
  for (size_t i = 0; i < filled.size(); ++i) {
    if (validity[i] == 0) filled[i] = values[first];
  }
  return filled;
}

}  // namespace

void EncodeVector(const VectorInput& input, std::vector<std::byte>& encoded) {
  STRIA_DCHECK(input.num_rows() > 0 && input.num_rows() <= kVectorRows);
  const auto num_valid = static_cast<size_t>(
      std::ranges::count_if(input.validity, [](uint8_t valid) { return valid != 0; }));
  const bool has_nulls = !input.validity.empty() && num_valid < input.num_rows();
  if (has_nulls && num_valid == 0) {
    AppendInteger(static_cast<uint8_t>(Validity::kAllNull), encoded);
    return;
  }
  AppendInteger(static_cast<uint8_t>(has_nulls ? Validity::kBitmap : Validity::kAllValid), encoded);
  if (has_nulls) AppendBitmap(input.validity, encoded);

  const size_t encoding_offset = encoded.size();
  encoded.push_back(std::byte{0});  // Written again below, when it is known.
  EncodingId encoding = EncodingId::kPlain;
  if (input.type == DataType::kString) {
    encoding = has_nulls ? EncodeStrings(FillNulls(input.strings, input.validity), encoded)
                         : EncodeStrings(input.strings, encoded);
  } else {
    encoding = has_nulls ? EncodeBits(input.type, FillNulls(input.bits, input.validity), encoded)
                         : EncodeBits(input.type, input.bits, encoded);
  }
  encoded[encoding_offset] = static_cast<std::byte>(encoding);
}

Status DecodeVector(std::span<const std::byte> encoded, DataType type, uint32_t num_rows,
                    DecodedVector& decoded) {
  ByteReader reader(encoded);
  decoded.view = VectorView{};
  decoded.view.type = type;
  decoded.view.num_rows = num_rows;
  STRIA_ASSIGN_OR_RETURN(const auto validity, reader.Read<uint8_t>());
  if (validity == static_cast<uint8_t>(Validity::kAllNull)) {
    decoded.view.all_null = true;
    if (!reader.empty()) return Corruption("bytes in a vector of NULLs");
    return Status::Ok();
  }
  if (validity == static_cast<uint8_t>(Validity::kBitmap)) {
    STRIA_RETURN_IF_ERROR(ReadBitmap(reader, num_rows, decoded.validity));
  } else if (validity != static_cast<uint8_t>(Validity::kAllValid)) {
    return Corruption("validity of form {}", validity);
  }
  STRIA_ASSIGN_OR_RETURN(const auto encoding, reader.Read<uint8_t>());
  if (type == DataType::kString) {
    STRIA_RETURN_IF_ERROR(
        DecodeStrings(static_cast<EncodingId>(encoding), reader.rest(), num_rows, decoded));
  } else {
    // Whoever reads a float vector counts on whole values in its lanes.
    if (type == DataType::kFloat64 && encoding != static_cast<uint8_t>(EncodingId::kPlain) &&
        encoding != static_cast<uint8_t>(EncodingId::kConstant)) {
      return Corruption("encoding {} is not one of floats", encoding);
    }
    STRIA_RETURN_IF_ERROR(
        DecodeFixedWidth(static_cast<EncodingId>(encoding), reader.rest(), num_rows, decoded));
  }
  if (!decoded.validity.empty()) decoded.view.validity = decoded.validity.data();
  return Status::Ok();
}

Result<VectorShape> DescribeVector(std::span<const std::byte> encoded, uint32_t num_rows) {
  VectorShape shape;
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(const auto validity, reader.Read<uint8_t>());
  shape.all_null = validity == static_cast<uint8_t>(Validity::kAllNull);
  if (!shape.all_null) {
    const bool has_bitmap = validity == static_cast<uint8_t>(Validity::kBitmap);
    STRIA_ASSIGN_OR_RETURN(const auto bitmap,
                           reader.ReadBytes(has_bitmap ? (num_rows + 7) / 8 : 0));
    static_cast<void>(bitmap);
    STRIA_ASSIGN_OR_RETURN(const auto encoding, reader.Read<uint8_t>());
    shape.encoding = static_cast<EncodingId>(encoding);
  }
  shape.value_bytes = reader.num_remaining();
  shape.validity_bytes = encoded.size() - shape.value_bytes;
  return shape;
}

std::string_view EncodingName(EncodingId encoding) {
  switch (encoding) {
    case EncodingId::kPlain: return "plain";
    case EncodingId::kConstant: return "constant";
    case EncodingId::kFrameOfReference: return "frame of reference";
    case EncodingId::kNarrow: return "narrow";
    case EncodingId::kPlainStrings: return "plain strings";
    case EncodingId::kDictionary: return "dictionary";
  }
  return "unknown";
}

}  // namespace stria::storage
