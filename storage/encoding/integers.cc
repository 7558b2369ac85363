#include "storage/encoding/integers.h"

#include <algorithm>

#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/plain.h"

namespace stria::storage {
namespace {

template <typename T>
IntegerStats Describe(std::span<const uint64_t> values) {
  T least = static_cast<T>(values[0]);
  T greatest = least;
  for (const uint64_t bits : values) {
    const T value = static_cast<T>(bits);
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  const auto base = static_cast<uint64_t>(least);
  return {base, static_cast<uint64_t>(greatest) - base};
}

}  // namespace

IntegerStats DescribeIntegers(std::span<const uint64_t> values, bool is_signed) {
  return is_signed ? Describe<int64_t>(values) : Describe<uint64_t>(values);
}

EncodingId EncodeSmallest(std::span<const uint64_t> values, bool is_signed,
                          std::vector<std::byte>& encoded) {
  STRIA_DCHECK(!values.empty() && values.size() <= kVectorRows);
  const IntegerStats stats = DescribeIntegers(values, is_signed);
  if (stats.greatest_offset == 0) {
    EncodeConstant(stats.least, encoded);
    return EncodingId::kConstant;
  }
  const size_t packed = FrameOfReferenceBytes(stats);
  const size_t narrow = NarrowBytes(stats, values.size());
  if (values.size() * 8 <= std::min(packed, narrow)) {
    EncodePlain(values, encoded);
    return EncodingId::kPlain;
  }
  if (narrow <= packed) {
    EncodeNarrow(values, stats, encoded);
    return EncodingId::kNarrow;
  }
  EncodeFrameOfReference(values, stats, encoded);
  return EncodingId::kFrameOfReference;
}

Status DecodeFixedWidth(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                        DecodedVector& decoded) {
  switch (encoding) {
    case EncodingId::kPlain: return DecodePlain(encoded, num_rows, decoded);
    case EncodingId::kConstant: return DecodeConstant(encoded, num_rows, decoded);
    case EncodingId::kFrameOfReference: return DecodeFrameOfReference(encoded, num_rows, decoded);
    case EncodingId::kNarrow: return DecodeNarrow(encoded, num_rows, decoded);
    case EncodingId::kPlainStrings:
    case EncodingId::kDictionary: break;
  }
  return Corruption("encoding {} is not one of integers", static_cast<int>(encoding));
}

void EncodeIntegers(std::span<const uint64_t> values, bool is_signed,
                    std::vector<std::byte>& encoded) {
  std::vector<std::byte> block;
  for (size_t begin = 0; begin < values.size(); begin += kVectorRows) {
    block.clear();
    const auto slice = values.subspan(begin, std::min<size_t>(kVectorRows, values.size() - begin));
    const EncodingId encoding = EncodeSmallest(slice, is_signed, block);
    AppendInteger(static_cast<uint8_t>(encoding), encoded);
    AppendVarint(block.size(), encoded);
    AppendBytes(block, encoded);
  }
}

Status DecodeIntegers(ByteReader& reader, std::span<uint64_t> values) {
  for (size_t begin = 0; begin < values.size(); begin += kVectorRows) {
    const auto num_rows =
        static_cast<uint32_t>(std::min<size_t>(kVectorRows, values.size() - begin));
    STRIA_ASSIGN_OR_RETURN(const auto encoding, reader.Read<uint8_t>());
    STRIA_ASSIGN_OR_RETURN(const auto length, reader.ReadVarint());
    if (length > reader.num_remaining()) return Corruption("integers of {} bytes", length);
    STRIA_ASSIGN_OR_RETURN(const auto bytes, reader.ReadBytes(static_cast<size_t>(length)));
    DecodedVector decoded;
    STRIA_RETURN_IF_ERROR(
        DecodeFixedWidth(static_cast<EncodingId>(encoding), bytes, num_rows, decoded));
    for (uint32_t i = 0; i < num_rows; ++i)
      values[begin + i] = decoded.view.Bits(i);
  }
  return Status::Ok();
}

}  // namespace stria::storage
