#include "storage/memtable/packed_column.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace stria::storage {
namespace {

// Turns the order of signed values into that of unsigned ones.
uint64_t FlipOf(DataType type) {
  const bool is_unsigned = type == DataType::kUint64 || type == DataType::kBool;
  return is_unsigned ? 0 : uint64_t{1} << 63;
}

}  // namespace

PackedColumn::PackedColumn(const RowOrder& order, DataType type, const uint64_t* bits,
                           const uint8_t* validity)
    : type_(type) {
  const size_t num_rows = order.num_rows();
  std::array<uint64_t, kVectorRows> vector_bits;
  std::array<uint8_t, kVectorRows> vector_validity;
  for (size_t begin = 0; begin < num_rows; begin += kVectorRows) {
    const size_t end = std::min<size_t>(num_rows, begin + kVectorRows);
    GatherBits(order, begin, end, bits, validity, vector_bits.data(), vector_validity.data());
    vectors_.push_back(
        Pack(vector_bits.data(), vector_validity.data(), static_cast<uint32_t>(end - begin)));
  }
  bytes_.shrink_to_fit();
}

PackedColumn::Vector PackedColumn::Pack(const uint64_t* bits, const uint8_t* validity,
                                        uint32_t num_rows) {
  Vector vector{.is_packed = true, .num_rows = num_rows};
  const uint64_t flip = FlipOf(type_);
  uint64_t least = std::numeric_limits<uint64_t>::max();
  uint64_t greatest = 0;
  uint32_t num_valid = 0;
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (validity[row] == 0) continue;
    ++num_valid;
    least = std::min(least, bits[row] ^ flip);
    greatest = std::max(greatest, bits[row] ^ flip);
  }
  vector.all_null = num_valid == 0;
  if (vector.all_null) return vector;
  vector.base = least ^ flip;
  const uint64_t range = greatest - least;
  if (range > std::numeric_limits<uint16_t>::max() || (range > 0 && type_ == DataType::kFloat64)) {
    return Vector();
  }
  if (range > std::numeric_limits<uint8_t>::max()) {
    vector.lanes = Lanes::kU16;
    vector.data_offset = AppendLanes<uint16_t>(bits, validity, num_rows, vector.base);
  } else if (range > 0) {
    vector.lanes = Lanes::kU8;
    vector.data_offset = AppendLanes<uint8_t>(bits, validity, num_rows, vector.base);
  }
  if (num_valid < num_rows) {
    vector.validity_offset = static_cast<uint32_t>(bytes_.size());
    bytes_.resize(bytes_.size() + num_rows);
    std::memcpy(bytes_.data() + vector.validity_offset, validity, num_rows);
  }
  return vector;
}

// Returns where the lanes begin. A NULL becomes the base.
template <typename Lane>
uint32_t PackedColumn::AppendLanes(const uint64_t* bits, const uint8_t* validity, uint32_t num_rows,
                                   uint64_t base) {
  std::array<Lane, kVectorRows> lanes;
  for (uint32_t row = 0; row < num_rows; ++row)
    lanes[row] = static_cast<Lane>(validity[row] != 0 ? bits[row] - base : 0);
  const size_t offset = (bytes_.size() + sizeof(Lane) - 1) / sizeof(Lane) * sizeof(Lane);
  bytes_.resize(offset + num_rows * sizeof(Lane));
  std::memcpy(bytes_.data() + offset, lanes.data(), num_rows * sizeof(Lane));
  return static_cast<uint32_t>(offset);
}

std::optional<VectorView> PackedColumn::Find(uint32_t vector) const {
  const Vector& packed = vectors_[vector];
  if (!packed.is_packed) return std::nullopt;
  VectorView view;
  view.type = type_;
  view.lanes = packed.lanes;
  view.num_rows = packed.num_rows;
  view.all_null = packed.all_null;
  view.base = packed.base;
  if (packed.data_offset != kNone) view.data = bytes_.data() + packed.data_offset;
  if (packed.validity_offset != kNone) {
    view.validity = reinterpret_cast<const uint8_t*>(bytes_.data() + packed.validity_offset);
  }
  return view;
}

}  // namespace stria::storage
