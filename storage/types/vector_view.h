// Up to 1,024 values of one column as they come out of a part or a memtable: not widened before
// somebody needs it.
//
// Lanes:  kConstant  one value for all rows
//         kU8..kU32  integers (or bools) as base + offset, the offsets in narrow lanes; of float64,
//                    base + offset is the integer of a decimal, see decimal_scale.h
//         k64        8 bytes a value: int64, uint64, float64 bits or bool 0/1
//         kString    one std::string_view a value
//
// A NULL slot of a packed vector holds some offset in the range of the others, so that kernels may
// read it; they always look at `validity` (or at its absence) before they count it.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/types/data_type.h"
#include "storage/types/decimal_scale.h"

namespace stria {

inline constexpr uint32_t kVectorRows = 1024;

enum class Lanes : uint8_t { kConstant, kU8, kU16, kU32, k64, kString };

/// Borrowed; lives as long as the block it was read from.
struct VectorView {
  DataType type = DataType::kInt64;
  Lanes lanes = Lanes::kConstant;
  uint32_t num_rows = 0;
  bool all_null = false;       ///< then nothing below is meaningful
  uint64_t base = 0;           ///< kU8..kU32: added to each offset; kConstant: the value's bits
  const void* data = nullptr;  ///< num_rows lanes; nullptr when kConstant
  const uint8_t* validity = nullptr;  ///< num_rows bytes, 1 = value, 0 = NULL; nullptr = all valid
  std::string_view constant_string;   ///< kConstant of type kString
  DecimalScale scale = {};            ///< kU8..kU32 of type kFloat64

  bool IsValid(size_t row) const {
    return !all_null && (validity == nullptr || validity[row] != 0);
  }

  /// The 64 bits of the value at `row` (not for strings). Unspecified where it is NULL.
  uint64_t Bits(size_t row) const {
    switch (lanes) {
      case Lanes::kConstant: return base;
      case Lanes::kU8: return BitsAt(static_cast<const uint8_t*>(data)[row]);
      case Lanes::kU16: return BitsAt(static_cast<const uint16_t*>(data)[row]);
      case Lanes::kU32: return BitsAt(static_cast<const uint32_t*>(data)[row]);
      case Lanes::k64: return static_cast<const uint64_t*>(data)[row];
      case Lanes::kString: break;
    }
    return 0;
  }
  /// The 64 bits of the value whose narrow lane holds `offset`.
  uint64_t BitsAt(uint64_t offset) const {
    if (type != DataType::kFloat64) return base + offset;
    return std::bit_cast<uint64_t>(
        DecimalValue(static_cast<double>(static_cast<int64_t>(base + offset)), scale));
  }
  /// Writes Bits() of all rows to `bits[num_rows]`. Requires !all_null, and no strings.
  void CopyBits(uint64_t* bits) const;

  std::string_view String(size_t row) const {
    return lanes == Lanes::kConstant ? constant_string
                                     : static_cast<const std::string_view*>(data)[row];
  }

  /// Rows [begin, end) of this vector.
  VectorView Slice(uint32_t begin, uint32_t end) const {
    VectorView slice = *this;
    slice.num_rows = end - begin;
    if (validity != nullptr) slice.validity = validity + begin;
    if (data != nullptr) slice.data = static_cast<const std::byte*>(data) + begin * LaneBytes();
    return slice;
  }
  size_t LaneBytes() const {
    switch (lanes) {
      case Lanes::kConstant: return 0;
      case Lanes::kU8: return 1;
      case Lanes::kU16: return 2;
      case Lanes::kU32: return 4;
      case Lanes::k64: return 8;
      case Lanes::kString: return sizeof(std::string_view);
    }
    return 0;
  }
};

}  // namespace stria
