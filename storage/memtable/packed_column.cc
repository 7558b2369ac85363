#include "storage/memtable/packed_column.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>

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
  if (PackAtOnce(order, bits, validity)) return;
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

// Where no row is NULL or written twice, and all values lie in one narrow range: these are packed
// in the order of arrival, and gathered then, from an eighth of the memory. False: nothing is done.
bool PackedColumn::PackAtOnce(const RowOrder& order, const uint64_t* bits,
                              const uint8_t* validity) {
  const size_t num_rows = order.rows.size();
  if (!order.starts.empty() || num_rows == 0 || std::memchr(validity, 0, num_rows) != nullptr) {
    return false;
  }
  const uint64_t flip = FlipOf(type_);
  uint64_t least = std::numeric_limits<uint64_t>::max();
  uint64_t greatest = 0;
  for (size_t row = 0; row < num_rows; ++row) {
    least = std::min(least, bits[row] ^ flip);
    greatest = std::max(greatest, bits[row] ^ flip);
  }
  const uint64_t range = greatest - least;
  if (range > std::numeric_limits<uint16_t>::max() || (range > 0 && type_ == DataType::kFloat64)) {
    return false;
  }
  const Lanes lanes = range == 0                                     ? Lanes::kConstant
                      : range <= std::numeric_limits<uint8_t>::max() ? Lanes::kU8
                                                                     : Lanes::kU16;
  const size_t lane_bytes = lanes == Lanes::kU16 ? sizeof(uint16_t) : sizeof(uint8_t);
  for (size_t begin = 0; begin < num_rows; begin += kVectorRows) {
    Vector vector{.is_packed = true, .lanes = lanes, .base = least ^ flip};
    vector.num_rows = static_cast<uint32_t>(std::min<size_t>(num_rows - begin, kVectorRows));
    if (range != 0) vector.data_offset = static_cast<uint32_t>(begin * lane_bytes);
    vectors_.push_back(vector);
  }
  if (lanes == Lanes::kU8) PlaceLanes<uint8_t>(order, bits, least ^ flip);
  if (lanes == Lanes::kU16) PlaceLanes<uint16_t>(order, bits, least ^ flip);
  return true;
}

template <typename Lane>
void PackedColumn::PlaceLanes(const RowOrder& order, const uint64_t* bits, uint64_t base) {
  const size_t num_rows = order.rows.size();
  const auto arrived = std::make_unique_for_overwrite<Lane[]>(num_rows);
  for (size_t row = 0; row < num_rows; ++row)
    arrived[row] = static_cast<Lane>(bits[row] - base);
  bytes_.resize(num_rows * sizeof(Lane));
  for (size_t row = 0; row < num_rows; ++row)
    std::memcpy(bytes_.data() + row * sizeof(Lane), &arrived[order.rows[row]], sizeof(Lane));
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
