#include "storage/encoding/frame_of_reference.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/encoding/bit_packing.h"

namespace stria::storage {
namespace {

unsigned WidthOf(uint64_t greatest_offset) {
  return std::max(1U, static_cast<unsigned>(std::bit_width(greatest_offset)));
}

// Writes value - base in lanes of type T.
template <typename T>
void SubtractInto(std::span<const uint64_t> values, uint64_t base, std::byte* lanes) {
  auto* out = reinterpret_cast<T*>(lanes);
  for (size_t i = 0; i < values.size(); ++i)
    out[i] = static_cast<T>(values[i] - base);
}

void SubtractBase(std::span<const uint64_t> values, uint64_t base, unsigned lane_bits,
                  std::byte* lanes) {
  switch (lane_bits) {
    case 8: return SubtractInto<uint8_t>(values, base, lanes);
    case 16: return SubtractInto<uint16_t>(values, base, lanes);
    case 32: return SubtractInto<uint32_t>(values, base, lanes);
    default: return SubtractInto<uint64_t>(values, base, lanes);
  }
}

// What either form holds, checked.
struct PackedOffsets {
  uint64_t base = 0;
  unsigned width = 0;  // Bits of an offset.
  const std::byte* bytes = nullptr;
};

Status ReadPackedOffsets(std::span<const std::byte> encoded, uint32_t num_rows,
                         PackedOffsets& offsets) {
  ByteReader reader(encoded);
  uint64_t base = 0;
  uint8_t width = 0;
  if (!reader.TakeVarint(base) || !reader.TakeByte(width)) {
    return Corruption("frame of reference cut short");
  }
  if (width < 1 || width > 64) return Corruption("frame of reference of {} bits", width);
  if (num_rows > kPackedValues || reader.num_remaining() != PackedBytes(width)) {
    return Corruption("{} bytes of packed values, want {}", reader.num_remaining(),
                      PackedBytes(width));
  }
  offsets = {.base = UnZigZag(base), .width = width, .bytes = reader.rest().data()};
  return Status::Ok();
}

Status ReadNarrowOffsets(std::span<const std::byte> encoded, uint32_t num_rows,
                         PackedOffsets& offsets) {
  ByteReader reader(encoded);
  uint64_t base = 0;
  uint8_t bytes = 0;
  if (!reader.TakeVarint(base) || !reader.TakeByte(bytes)) return Corruption("offsets cut short");
  if (!std::has_single_bit(bytes) || bytes > 8) return Corruption("offsets of {} bytes", bytes);
  if (reader.num_remaining() != size_t{num_rows} * bytes) {
    return Corruption("{} bytes of offsets, want {}", reader.num_remaining(),
                      size_t{num_rows} * bytes);
  }
  offsets = {.base = UnZigZag(base), .width = bytes * 8U, .bytes = reader.rest().data()};
  return Status::Ok();
}

}  // namespace

size_t VarintBytes(uint64_t value) {
  return (static_cast<size_t>(std::bit_width(value | 1)) + 6) / 7;
}

void AppendPacked(std::span<const uint64_t, kPackedValues> offsets, unsigned width,
                  std::vector<std::byte>& encoded) {
  alignas(64) std::byte lanes[kPackedValues * 8];
  SubtractBase(offsets, 0, LaneBits(width), lanes);
  const size_t offset = encoded.size();
  encoded.resize(offset + PackedBytes(width));
  PackBits(width, lanes, encoded.data() + offset);
}

void SetPackedView(unsigned lane_bits, uint64_t base, uint32_t num_rows, DecodedVector& decoded) {
  VectorView& view = decoded.view;
  view.num_rows = num_rows;
  view.data = decoded.lanes();
  view.base = base;
  switch (lane_bits) {
    case 8: view.lanes = Lanes::kU8; return;
    case 16: view.lanes = Lanes::kU16; return;
    case 32: view.lanes = Lanes::kU32; return;
    default: break;
  }
  view.lanes = Lanes::k64;
  auto* values = reinterpret_cast<uint64_t*>(decoded.lanes());
  for (uint32_t i = 0; i < num_rows; ++i)
    values[i] += base;
  view.base = 0;
}

size_t FrameOfReferenceBytes(const IntegerStats& stats) {
  return VarintBytes(ZigZag(stats.least)) + 1 + PackedBytes(WidthOf(stats.greatest_offset));
}

size_t NarrowBytes(const IntegerStats& stats, size_t num_rows) {
  return VarintBytes(ZigZag(stats.least)) + 1 +
         num_rows * LaneBits(WidthOf(stats.greatest_offset)) / 8;
}

void EncodeFrameOfReference(std::span<const uint64_t> values, const IntegerStats& stats,
                            std::vector<std::byte>& encoded) {
  STRIA_DCHECK(values.size() <= kPackedValues);
  const unsigned width = WidthOf(stats.greatest_offset);
  const unsigned lane_bits = LaneBits(width);
  alignas(64) std::byte lanes[kPackedValues * 8];
  SubtractBase(values, stats.least, lane_bits, lanes);
  const size_t used = values.size() * lane_bits / 8;
  std::memset(lanes + used, 0, kPackedValues * lane_bits / 8 - used);

  AppendVarint(ZigZag(stats.least), encoded);
  AppendInteger(static_cast<uint8_t>(width), encoded);
  const size_t offset = encoded.size();
  encoded.resize(offset + PackedBytes(width));
  PackBits(width, lanes, encoded.data() + offset);
}

void EncodeNarrow(std::span<const uint64_t> values, const IntegerStats& stats,
                  std::vector<std::byte>& encoded) {
  STRIA_DCHECK(values.size() <= kPackedValues);
  const unsigned lane_bits = LaneBits(WidthOf(stats.greatest_offset));
  alignas(64) std::byte lanes[kPackedValues * 8];
  SubtractBase(values, stats.least, lane_bits, lanes);
  AppendVarint(ZigZag(stats.least), encoded);
  AppendInteger(static_cast<uint8_t>(lane_bits / 8), encoded);
  AppendBytes(std::span(lanes, values.size() * lane_bits / 8), encoded);
}

Status DecodeFrameOfReference(std::span<const std::byte> encoded, uint32_t num_rows,
                              DecodedVector& decoded) {
  PackedOffsets offsets;
  STRIA_RETURN_IF_ERROR(ReadPackedOffsets(encoded, num_rows, offsets));
  const unsigned lane_bits = LaneBits(offsets.width);
  UnpackBits(offsets.width, offsets.bytes, decoded.TakeLanes(kPackedValues * lane_bits / 8));
  SetPackedView(lane_bits, offsets.base, num_rows, decoded);
  return Status::Ok();
}

Status DecodeNarrow(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  PackedOffsets offsets;
  STRIA_RETURN_IF_ERROR(ReadNarrowOffsets(encoded, num_rows, offsets));
  const size_t num_bytes = size_t{num_rows} * offsets.width / 8;
  std::memcpy(decoded.TakeLanes(std::max<size_t>(1, num_bytes)), offsets.bytes, num_bytes);
  SetPackedView(offsets.width, offsets.base, num_rows, decoded);
  return Status::Ok();
}

Status DecodeFrameOfReferenceRows(std::span<const std::byte> encoded, uint32_t num_rows,
                                  std::span<const uint32_t> rows, uint64_t* bits) {
  PackedOffsets offsets;
  STRIA_RETURN_IF_ERROR(ReadPackedOffsets(encoded, num_rows, offsets));
  for (const uint32_t row : rows)
    *bits++ = offsets.base + UnpackOne(offsets.width, offsets.bytes, row);
  return Status::Ok();
}

Status DecodeNarrowRows(std::span<const std::byte> encoded, uint32_t num_rows,
                        std::span<const uint32_t> rows, uint64_t* bits) {
  PackedOffsets offsets;
  STRIA_RETURN_IF_ERROR(ReadNarrowOffsets(encoded, num_rows, offsets));
  const size_t lane_bytes = offsets.width / 8;
  for (const uint32_t row : rows) {
    uint64_t offset = 0;
    std::memcpy(&offset, offsets.bytes + row * lane_bytes, lane_bytes);
    *bits++ = offsets.base + offset;
  }
  return Status::Ok();
}

}  // namespace stria::storage
