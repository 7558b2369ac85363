#include "storage/types/vector_view.h"

#include <algorithm>

namespace stria {
namespace {

template <typename Lane>
void AddBase(const Lane* offsets, uint64_t base, uint32_t num_rows, uint64_t* bits) {
  for (uint32_t row = 0; row < num_rows; ++row)
    bits[row] = base + offsets[row];
}

// The base of decimals is far below 2^53, so that the sum of doubles is exact.
template <typename Lane>
void ScaleDecimals(const Lane* offsets, double base, DecimalScale scale, uint32_t num_rows,
                   uint64_t* bits) {
  const double power = kPowersOfTen[scale.digits];
  const double inverse = kInversePowersOfTen[scale.digits];
  for (uint32_t row = 0; row < num_rows; ++row) {
    bits[row] = std::bit_cast<uint64_t>(
        DivideByPower(base + static_cast<double>(offsets[row]), power, inverse));
  }
}

template <typename Lane>
void CopyLanes(const VectorView& view, uint64_t* bits) {
  const auto* offsets = static_cast<const Lane*>(view.data);
  if (view.type == DataType::kFloat64) {
    ScaleDecimals(offsets, static_cast<double>(static_cast<int64_t>(view.base)), view.scale,
                  view.num_rows, bits);
  } else {
    AddBase(offsets, view.base, view.num_rows, bits);
  }
}

}  // namespace

void VectorView::CopyBits(uint64_t* bits) const {
  switch (lanes) {
    case Lanes::kConstant: std::fill_n(bits, num_rows, base); return;
    case Lanes::kU8: return CopyLanes<uint8_t>(*this, bits);
    case Lanes::kU16: return CopyLanes<uint16_t>(*this, bits);
    case Lanes::kU32: return CopyLanes<uint32_t>(*this, bits);
    case Lanes::k64: std::copy_n(static_cast<const uint64_t*>(data), num_rows, bits); return;
    case Lanes::kString: return;
  }
}

}  // namespace stria
