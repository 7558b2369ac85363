#include "storage/encoding/vector_codec.h"

#include <algorithm>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/alp.h"
#include "storage/encoding/alp_rd.h"
#include "storage/encoding/bitmap.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/row_positions.h"
#include "storage/encoding/strings.h"

namespace stria::storage {
namespace {

enum class Validity : uint8_t { kAllValid = 0, kBitmap = 1, kAllNull = 2, kNulls = 3 };

// Appends the smaller form of which rows have a value.
void EncodeValidity(std::span<const uint8_t> validity, std::vector<std::byte>& encoded) {
  const size_t num_nulls = static_cast<size_t>(std::ranges::count(validity, uint8_t{0}));
  // A position takes a byte, or two where the next NULL is far.
  if (num_nulls >= (validity.size() + 7) / 8) {
    AppendInteger(static_cast<uint8_t>(Validity::kBitmap), encoded);
    EncodeBitmap(validity, encoded);
    return;
  }
  AppendInteger(static_cast<uint8_t>(Validity::kNulls), encoded);
  RowPositions nulls;
  for (size_t row = 0; row < validity.size(); ++row) {
    if (validity[row] == 0) nulls.Add(row);
  }
  EncodeRowPositions(nulls.view(), encoded);
}

// Fills `validity` unless every row has a value.
Status DecodeValidity(Validity form, ByteReader& reader, uint32_t num_rows,
                      std::vector<uint8_t>& validity) {
  validity.clear();
  if (form == Validity::kAllValid) return Status::Ok();
  if (form == Validity::kBitmap) {
    validity.resize(num_rows);
    return DecodeBitmap(reader, validity);
  }
  if (form != Validity::kNulls) return Corruption("validity of form {}", static_cast<int>(form));
  RowPositions nulls;
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, nulls));
  validity.assign(num_rows, 1);
  for (const uint16_t row : nulls.view())
    validity[row] = 0;
  return Status::Ok();
}

// Field by field: a view made elsewhere and copied is loaded before its last stores are done, which
// costs half as much as the decoding of a vector.
void Reset(DataType type, uint32_t num_rows, VectorView& view) {
  view.type = type;
  view.lanes = Lanes::kConstant;
  view.num_rows = num_rows;
  view.all_null = false;
  view.base = 0;
  view.data = nullptr;
  view.validity = nullptr;
  view.constant_string = {};
  view.scale = {};
}

// Of any encoding that has values of fixed width.
Status DecodeNumbers(EncodingId encoding, std::span<const std::byte> encoded, DataType type,
                     uint32_t num_rows, DecodedVector& decoded) {
  if (type == DataType::kFloat64) {
    switch (encoding) {
      case EncodingId::kPlain: return DecodePlain(encoded, num_rows, decoded);
      case EncodingId::kConstant: return DecodeConstant(encoded, num_rows, decoded);
      case EncodingId::kAlp: return DecodeAlp(encoded, num_rows, decoded);
      case EncodingId::kAlpRd: return DecodeAlpRd(encoded, num_rows, decoded);
      default: return Corruption("encoding {} is not one of floats", static_cast<int>(encoding));
    }
  }
  if (encoding == EncodingId::kBitmap) return DecodeBools(encoded, num_rows, decoded);
  return DecodeFixedWidth(encoding, encoded, num_rows, decoded);
}

// DecodeValidity() of `rows` alone.
Status DecodeValidityRows(Validity form, ByteReader& reader, uint32_t num_rows,
                          std::span<const uint32_t> rows, uint8_t* validity) {
  if (form == Validity::kBitmap) return DecodeBitmapRows(reader, num_rows, rows, validity);
  std::fill_n(validity, rows.size(), uint8_t{1});
  if (form == Validity::kAllValid) return Status::Ok();
  if (form != Validity::kNulls) return Corruption("validity of form {}", static_cast<int>(form));
  RowPositions nulls;
  STRIA_RETURN_IF_ERROR(DecodeRowPositions(reader, num_rows, nulls));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (std::ranges::binary_search(nulls.view(), rows[i])) validity[i] = 0;
  }
  return Status::Ok();
}

// DecodeNumbers() of `rows` alone.
Status DecodeNumbersRows(EncodingId encoding, std::span<const std::byte> encoded, DataType type,
                         uint32_t num_rows, std::span<const uint32_t> rows, uint64_t* bits) {
  if (type == DataType::kFloat64) {
    switch (encoding) {
      case EncodingId::kPlain: return DecodePlainRows(encoded, num_rows, rows, bits);
      case EncodingId::kConstant: break;
      case EncodingId::kAlp: return DecodeAlpRows(encoded, num_rows, rows, bits);
      case EncodingId::kAlpRd: return DecodeAlpRdRows(encoded, num_rows, rows, bits);
      default: return Corruption("encoding {} is not one of floats", static_cast<int>(encoding));
    }
  }
  if (encoding == EncodingId::kBitmap) return DecodeBoolsRows(encoded, num_rows, rows, bits);
  return DecodeFixedWidthRows(encoding, encoded, num_rows, rows, bits);
}

// The values with NULL slots filled by the row before, the first ones by the first value.
template <typename T>
std::vector<T> FillNulls(std::span<const T> values, std::span<const uint8_t> validity) {
  std::vector<T> filled(values.begin(), values.end());
  const auto first = std::ranges::find_if(validity, [](uint8_t valid) { return valid != 0; });
  T before = values[static_cast<size_t>(first - validity.begin())];
  for (size_t i = 0; i < filled.size(); ++i) {
    if (validity[i] == 0) filled[i] = before;
    before = filled[i];
  }
  return filled;
}

// A bitmap is what a frame of reference of one bit would be, without what describes it.
EncodingId EncodeIntegersOrBools(std::span<const uint64_t> bits, DataType type,
                                 EncodingProfile profile, std::vector<std::byte>& encoded) {
  const size_t offset = encoded.size();
  const EncodingId encoding = EncodeSmallest(bits, type != DataType::kUint64, profile, encoded);
  const bool are_bools = type == DataType::kBool &&
                         std::ranges::all_of(bits, [](uint64_t value) { return value <= 1; });
  if (!are_bools || encoded.size() - offset <= (bits.size() + 7) / 8) return encoding;
  encoded.resize(offset);
  EncodeBools(bits, encoded);
  return EncodingId::kBitmap;
}

EncodingId EncodeFloats(std::span<const uint64_t> bits, EncodingProfile profile,
                        std::vector<std::byte>& encoded) {
  // Bit patterns, so that -0 and NaN payloads survive.
  if (std::ranges::all_of(bits, [first = bits[0]](uint64_t value) { return value == first; })) {
    EncodeConstant(bits[0], encoded);
    return EncodingId::kConstant;
  }
  const size_t offset = encoded.size();
  Decimals decimals;
  if (FindDecimals(bits, decimals)) {
    EncodeAlp(bits, decimals, profile, encoded);
    if (encoded.size() - offset < bits.size_bytes()) return EncodingId::kAlp;
    encoded.resize(offset);
  } else if (profile == EncodingProfile::kDense) {
    const FrontPlan plan = PlanFronts(bits);
    if (plan.num_bytes < bits.size_bytes()) {
      EncodeAlpRd(bits, plan, encoded);
      return EncodingId::kAlpRd;
    }
  }
  EncodePlain(bits, encoded);
  return EncodingId::kPlain;
}

}  // namespace

void EncodeVector(const VectorInput& input, EncodingProfile profile,
                  std::vector<std::byte>& encoded) {
  STRIA_DCHECK(input.num_rows() > 0 && input.num_rows() <= kVectorRows);
  const auto num_valid = static_cast<size_t>(
      std::ranges::count_if(input.validity, [](uint8_t valid) { return valid != 0; }));
  const bool has_nulls = !input.validity.empty() && num_valid < input.num_rows();
  if (has_nulls && num_valid == 0) {
    AppendInteger(static_cast<uint8_t>(Validity::kAllNull), encoded);
    return;
  }
  if (has_nulls) {
    EncodeValidity(input.validity, encoded);
  } else {
    AppendInteger(static_cast<uint8_t>(Validity::kAllValid), encoded);
  }
  const size_t encoding_offset = encoded.size();
  encoded.push_back(std::byte{0});  // Written again below, when it is known.
  EncodingId encoding = EncodingId::kPlain;
  if (input.type == DataType::kString) {
    encoding = has_nulls ? EncodeStrings(FillNulls(input.strings, input.validity), profile, encoded)
                         : EncodeStrings(input.strings, profile, encoded);
  } else {
    std::vector<uint64_t> filled;
    if (has_nulls) filled = FillNulls(input.bits, input.validity);
    const auto bits = has_nulls ? std::span<const uint64_t>(filled) : input.bits;
    if (input.type == DataType::kFloat64) {
      encoding = EncodeFloats(bits, profile, encoded);
    } else {
      encoding = EncodeIntegersOrBools(bits, input.type, profile, encoded);
    }
  }
  encoded[encoding_offset] = static_cast<std::byte>(encoding);
}

Status DecodeVector(std::span<const std::byte> encoded, DataType type, uint32_t num_rows,
                    DecodedVector& decoded) {
  ByteReader reader(encoded);
  Reset(type, num_rows, decoded.view);
  uint8_t validity = 0, encoding = 0;
  if (!reader.TakeByte(validity)) return Corruption("vector cut short");
  if (validity == static_cast<uint8_t>(Validity::kAllNull)) {
    decoded.view.all_null = true;
    if (!reader.empty()) return Corruption("bytes in a vector of NULLs");
    return Status::Ok();
  }
  STRIA_RETURN_IF_ERROR(
      DecodeValidity(static_cast<Validity>(validity), reader, num_rows, decoded.validity));
  if (!reader.TakeByte(encoding)) return Corruption("vector cut short");
  if (type == DataType::kString) {
    STRIA_RETURN_IF_ERROR(
        DecodeStrings(static_cast<EncodingId>(encoding), reader.rest(), num_rows, decoded));
  } else {
    STRIA_RETURN_IF_ERROR(
        DecodeNumbers(static_cast<EncodingId>(encoding), reader.rest(), type, num_rows, decoded));
  }
  if (!decoded.validity.empty()) decoded.view.validity = decoded.validity.data();
  return Status::Ok();
}

Status DecodeRows(std::span<const std::byte> encoded, DataType type, uint32_t num_rows,
                  std::span<const uint32_t> rows, uint64_t* bits, uint8_t* validity) {
  STRIA_DCHECK(type != DataType::kString);
  ByteReader reader(encoded);
  uint8_t form = 0, encoding = 0;
  if (!reader.TakeByte(form)) return Corruption("vector cut short");
  if (form == static_cast<uint8_t>(Validity::kAllNull)) {
    if (!reader.empty()) return Corruption("bytes in a vector of NULLs");
    std::fill_n(bits, rows.size(), uint64_t{0});
    std::fill_n(validity, rows.size(), uint8_t{0});
    return Status::Ok();
  }
  STRIA_RETURN_IF_ERROR(
      DecodeValidityRows(static_cast<Validity>(form), reader, num_rows, rows, validity));
  if (!reader.TakeByte(encoding)) return Corruption("vector cut short");
  return DecodeNumbersRows(static_cast<EncodingId>(encoding), reader.rest(), type, num_rows, rows,
                           bits);
}

Result<VectorShape> DescribeVector(std::span<const std::byte> encoded, uint32_t num_rows) {
  VectorShape shape;
  ByteReader reader(encoded);
  STRIA_ASSIGN_OR_RETURN(const auto validity, reader.Read<uint8_t>());
  shape.all_null = validity == static_cast<uint8_t>(Validity::kAllNull);
  if (!shape.all_null) {
    std::vector<uint8_t> flags;
    STRIA_RETURN_IF_ERROR(DecodeValidity(static_cast<Validity>(validity), reader, num_rows, flags));
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
    case EncodingId::kRunLength: return "run length";
    case EncodingId::kDelta: return "delta";
    case EncodingId::kBitmap: return "bitmap";
    case EncodingId::kAlp: return "alp";
    case EncodingId::kAlpRd: return "alp rd";
  }
  return "unknown";
}

}  // namespace stria::storage
