#include "storage/encoding/bitmap.h"

#include <array>
#include <cstring>

#include "storage/base/errors.h"
#include "storage/types/vector_view.h"

namespace stria::storage {
namespace {

// Bit i of `bits` in the lowest bit of byte i: eight copies, of which each byte keeps its own bit
// and moves it down.
uint64_t SpreadBits(uint64_t bits) {
  constexpr uint64_t kEveryByte = 0x0101010101010101;
  constexpr uint64_t kOwnBit = 0x8040201008040201;
  return (((bits * kEveryByte & kOwnBit) + 0x7f7f7f7f7f7f7f7f) >> 7) & kEveryByte;
}

// The bytes of num_rows flags from the front of `reader`.
Status TakeBitmap(ByteReader& reader, size_t num_rows, std::span<const std::byte>& bitmap) {
  STRIA_ASSIGN_OR_RETURN(bitmap, reader.ReadBytes((num_rows + 7) / 8));
  const size_t num_left = num_rows % 8;
  if (num_left != 0 && std::to_integer<unsigned>(bitmap.back()) >> num_left != 0) {
    return Corruption("bits after the last row of a bitmap");
  }
  return Status::Ok();
}

unsigned FlagAt(std::span<const std::byte> bitmap, size_t row) {
  return std::to_integer<unsigned>(bitmap[row / 8]) >> (row % 8) & 1;
}

}  // namespace

void EncodeBitmap(std::span<const uint8_t> flags, std::vector<std::byte>& encoded) {
  const size_t offset = encoded.size();
  encoded.resize(offset + (flags.size() + 7) / 8);
  for (size_t row = 0; row < flags.size(); ++row) {
    if (flags[row] != 0) encoded[offset + row / 8] |= std::byte{1} << (row % 8);
  }
}

Status DecodeBitmap(ByteReader& reader, std::span<uint8_t> flags) {
  std::span<const std::byte> bitmap;
  STRIA_RETURN_IF_ERROR(TakeBitmap(reader, flags.size(), bitmap));
  const size_t num_whole = flags.size() / 8;
  for (size_t i = 0; i < num_whole; ++i) {
    const uint64_t spread = SpreadBits(std::to_integer<uint64_t>(bitmap[i]));
    std::memcpy(flags.data() + i * 8, &spread, sizeof spread);
  }
  for (size_t row = num_whole * 8; row < flags.size(); ++row)
    flags[row] = static_cast<uint8_t>(FlagAt(bitmap, row));
  return Status::Ok();
}

Status DecodeBitmapRows(ByteReader& reader, uint32_t num_rows, std::span<const uint32_t> rows,
                        uint8_t* flags) {
  std::span<const std::byte> bitmap;
  STRIA_RETURN_IF_ERROR(TakeBitmap(reader, num_rows, bitmap));
  for (const uint32_t row : rows)
    *flags++ = static_cast<uint8_t>(FlagAt(bitmap, row));
  return Status::Ok();
}

void EncodeBools(std::span<const uint64_t> values, std::vector<std::byte>& encoded) {
  std::array<uint8_t, kVectorRows> flags;
  for (size_t row = 0; row < values.size(); ++row)
    flags[row] = static_cast<uint8_t>(values[row]);
  EncodeBitmap(std::span(flags).first(values.size()), encoded);
}

Status DecodeBools(std::span<const std::byte> encoded, uint32_t num_rows, DecodedVector& decoded) {
  ByteReader reader(encoded);
  auto* flags = reinterpret_cast<uint8_t*>(decoded.TakeLanes(num_rows));
  STRIA_RETURN_IF_ERROR(DecodeBitmap(reader, std::span(flags, num_rows)));
  if (!reader.empty()) return Corruption("bytes after a bitmap: {}", reader.num_remaining());
  decoded.view.lanes = Lanes::kU8;
  decoded.view.base = 0;
  decoded.view.num_rows = num_rows;
  decoded.view.data = flags;
  return Status::Ok();
}

Status DecodeBoolsRows(std::span<const std::byte> encoded, uint32_t num_rows,
                       std::span<const uint32_t> rows, uint64_t* bits) {
  ByteReader reader(encoded);
  std::span<const std::byte> bitmap;
  STRIA_RETURN_IF_ERROR(TakeBitmap(reader, num_rows, bitmap));
  if (!reader.empty()) return Corruption("bytes after a bitmap: {}", reader.num_remaining());
  for (const uint32_t row : rows)
    *bits++ = FlagAt(bitmap, row);
  return Status::Ok();
}

}  // namespace stria::storage
