#include "storage/encoding/integers.h"

#include <algorithm>

#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/constant.h"
#include "storage/encoding/delta.h"
#include "storage/encoding/plain.h"
#include "storage/encoding/run_length.h"

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

EncodingId EncodeSmallest(std::span<const uint64_t> values, bool is_signed, EncodingProfile profile,
                          std::vector<std::byte>& encoded) {
  STRIA_DCHECK(!values.empty() && values.size() <= kVectorRows);
  const IntegerStats stats = DescribeIntegers(values, is_signed);
  if (stats.greatest_offset == 0) {
    EncodeConstant(stats.least, encoded);
    return EncodingId::kConstant;
  }
  size_t best_bytes = values.size() * 8;
  EncodingId best = EncodingId::kPlain;
  const auto offer = [&](EncodingId encoding, size_t num_bytes) {
    if (num_bytes >= best_bytes) return;
    best = encoding;
    best_bytes = num_bytes;
  };
  offer(EncodingId::kNarrow, NarrowBytes(stats, values.size()));
  offer(EncodingId::kFrameOfReference, FrameOfReferenceBytes(stats));
  DeltaPlan plan;
  if (profile == EncodingProfile::kDense) {
    offer(EncodingId::kRunLength, RunLengthBytes(stats, CountValueRuns(values)));
    plan = PlanDelta(values, stats);
    // Nothing that small is made smaller by sums over 1,024 lanes.
    constexpr size_t kTiny = 32;
    if (best_bytes > kTiny && plan.num_bytes < best_bytes - best_bytes / 20) {
      offer(EncodingId::kDelta, plan.num_bytes);
    }
  }
  switch (best) {
    case EncodingId::kNarrow: EncodeNarrow(values, stats, encoded); break;
    case EncodingId::kFrameOfReference: EncodeFrameOfReference(values, stats, encoded); break;
    case EncodingId::kRunLength: EncodeRunLength(values, stats, encoded); break;
    case EncodingId::kDelta: EncodeDelta(values, stats, plan, encoded); break;
    default: EncodePlain(values, encoded); break;
  }
  return best;
}

Status DecodeFixedWidth(EncodingId encoding, std::span<const std::byte> encoded, uint32_t num_rows,
                        DecodedVector& decoded) {
  switch (encoding) {
    case EncodingId::kPlain: return DecodePlain(encoded, num_rows, decoded);
    case EncodingId::kConstant: return DecodeConstant(encoded, num_rows, decoded);
    case EncodingId::kFrameOfReference: return DecodeFrameOfReference(encoded, num_rows, decoded);
    case EncodingId::kNarrow: return DecodeNarrow(encoded, num_rows, decoded);
    case EncodingId::kRunLength: return DecodeRunLength(encoded, num_rows, decoded);
    case EncodingId::kDelta: return DecodeDelta(encoded, num_rows, decoded);
    case EncodingId::kPlainStrings:
    case EncodingId::kDictionary:
    case EncodingId::kBitmap:
    case EncodingId::kAlp:
    case EncodingId::kAlpRd: break;
  }
  return Corruption("encoding {} is not one of integers", static_cast<int>(encoding));
}

Status DecodeFixedWidthRows(EncodingId encoding, std::span<const std::byte> encoded,
                            uint32_t num_rows, std::span<const uint32_t> rows, uint64_t* bits) {
  switch (encoding) {
    case EncodingId::kPlain: return DecodePlainRows(encoded, num_rows, rows, bits);
    case EncodingId::kFrameOfReference:
      return DecodeFrameOfReferenceRows(encoded, num_rows, rows, bits);
    case EncodingId::kNarrow: return DecodeNarrowRows(encoded, num_rows, rows, bits);
    case EncodingId::kRunLength: return DecodeRunLengthRows(encoded, num_rows, rows, bits);
    case EncodingId::kDelta: return DecodeDeltaRows(encoded, num_rows, rows, bits);
    default: break;
  }
  // A constant, or what is no encoding of integers.
  DecodedVector decoded;
  STRIA_RETURN_IF_ERROR(DecodeFixedWidth(encoding, encoded, num_rows, decoded));
  std::fill_n(bits, rows.size(), decoded.view.base);
  return Status::Ok();
}

void EncodeIntegers(std::span<const uint64_t> values, bool is_signed,
                    std::vector<std::byte>& encoded) {
  std::vector<std::byte> block;
  for (size_t begin = 0; begin < values.size(); begin += kVectorRows) {
    block.clear();
    const auto slice = values.subspan(begin, std::min<size_t>(kVectorRows, values.size() - begin));
    const EncodingId encoding = EncodeSmallest(slice, is_signed, EncodingProfile::kDense, block);
    AppendInteger(static_cast<uint8_t>(encoding), encoded);
    AppendVarint(block.size(), encoded);
    AppendBytes(block, encoded);
  }
}

Status DecodeIntegers(ByteReader& reader, std::span<uint64_t> values) {
  alignas(64) std::byte memory[kMaxLaneBytes];
  DecodedVector decoded(memory);
  for (size_t begin = 0; begin < values.size(); begin += kVectorRows) {
    const auto num_rows =
        static_cast<uint32_t>(std::min<size_t>(kVectorRows, values.size() - begin));
    STRIA_RETURN_IF_ERROR(DecodeIntegerBlock(reader, num_rows, decoded));
    decoded.view.CopyBits(values.data() + begin);
  }
  return Status::Ok();
}

Status DecodeIntegerBlock(ByteReader& reader, uint32_t num_rows, DecodedVector& decoded) {
  uint8_t encoding = 0;
  uint64_t length = 0;
  if (!reader.TakeByte(encoding) || !reader.TakeVarint(length)) {
    return Corruption("integers cut short");
  }
  if (length > reader.num_remaining()) return Corruption("integers of {} bytes", length);
  STRIA_ASSIGN_OR_RETURN(const auto bytes, reader.ReadBytes(static_cast<size_t>(length)));
  return DecodeFixedWidth(static_cast<EncodingId>(encoding), bytes, num_rows, decoded);
}

}  // namespace stria::storage
