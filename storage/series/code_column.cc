#include "storage/series/code_column.h"

#include <algorithm>

namespace stria::storage {
namespace {

uint8_t WidthFor(uint32_t value) {
  if (value <= UINT8_MAX) return 1;
  return value <= UINT16_MAX ? 2 : 4;
}

}  // namespace

void CodeColumn::Segment::Set(uint32_t row, uint32_t value) {
  switch (width) {
    case 1: bytes[row] = static_cast<uint8_t>(value); break;
    case 2: reinterpret_cast<uint16_t*>(bytes.data())[row] = static_cast<uint16_t>(value); break;
    default: reinterpret_cast<uint32_t*>(bytes.data())[row] = value;
  }
}

void CodeColumn::Segment::Widen(uint32_t num_rows, uint8_t new_width) {
  Segment wide;
  wide.width = new_width;
  wide.bytes.reserve(std::min<size_t>(kSegmentRows, size_t{2} * (num_rows + 1)) * new_width);
  wide.bytes.resize(size_t{num_rows} * new_width);
  for (uint32_t row = 0; row < num_rows; ++row)
    wide.Set(row, Get(row));
  *this = std::move(wide);
}

void CodeColumn::Append(uint32_t code) {
  const uint32_t value = code + 1;
  const uint32_t row = size_++ % kSegmentRows;
  if (row == 0) {
    segments_.emplace_back().base = value;
    return;
  }
  Segment& segment = segments_.back();
  if (segment.width == 0) {
    if (value == segment.base + segment.step * row) return;
    if (row == 1 && value == segment.base + 1 && segment.base != 0) {
      segment.step = 1;
      return;
    }
    const uint32_t last = segment.Get(row - 1);
    segment.Widen(row, WidthFor(std::max({segment.base, last, value})));
  } else if (WidthFor(value) > segment.width) {
    segment.Widen(row, WidthFor(value));
  }
  const size_t num_bytes = size_t{row + 1} * segment.width;
  if (num_bytes > segment.bytes.capacity())
    segment.bytes.reserve(std::min(2 * num_bytes, size_t{kSegmentRows} * segment.width));
  segment.bytes.resize(num_bytes);
  segment.Set(row, value);
}

void CodeColumn::Extend(uint32_t size) {
  while (size_ < size) {
    const uint32_t row = size_ % kSegmentRows;
    const bool is_none = row == 0 || (segments_.back().width == 0 && segments_.back().step == 0 &&
                                      segments_.back().base == 0);
    if (!is_none) {
      Append(kNone);
      continue;
    }
    if (row == 0) segments_.emplace_back();
    size_ += std::min(size - size_, kSegmentRows - row);
  }
}

void CodeColumn::Read(uint32_t begin, uint32_t end, uint32_t* codes) const {
  const uint32_t known = std::max(begin, std::min(end, size_));
  if (begin < known) {
    const Segment& segment = segments_[begin / kSegmentRows];
    for (uint32_t row = begin; row < known; ++row)
      *codes++ = segment.Get(row % kSegmentRows) - 1;
  }
  std::fill_n(codes, end - known, kNone);
}

uint64_t CodeColumn::bytes() const {
  uint64_t bytes = segments_.capacity() * sizeof(Segment);
  for (const Segment& segment : segments_)
    bytes += segment.bytes.capacity();
  return bytes;
}

}  // namespace stria::storage
