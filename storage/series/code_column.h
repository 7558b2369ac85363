// A code for each series, in as few bytes as the codes need.
//
// Segments of 65,536 codes. Codes that are all equal, or that count up by one (a tag whose values
// are unique to a series, or nearly, gets its codes in the order of the series), take no bytes; the
// others 1, 2 or 4 each, by the greatest of the segment.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stria::storage {

/// Thread safety: thread-compatible.
class CodeColumn {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  ///< a series without a code
  static constexpr uint32_t kSegmentRows = 1 << 16;

  uint32_t size() const { return size_; }

  /// The code at `row`; kNone past the end.
  uint32_t operator[](uint32_t row) const {
    if (row >= size_) return kNone;
    const Segment& segment = segments_[row / kSegmentRows];
    return segment.Get(row % kSegmentRows) - 1;
  }
  void Prefetch(uint32_t row) const {
    if (row >= size_) return;
    const Segment& segment = segments_[row / kSegmentRows];
    if (segment.width != 0)
      __builtin_prefetch(segment.bytes.data() + size_t{row % kSegmentRows} * segment.width);
  }

  /// Whether the codes of the segment that begins at `row` count up by one, as far as it goes.
  bool IsCounting(uint32_t row) const {
    const Segment& segment = segments_[row / kSegmentRows];
    return segment.width == 0 && segment.base != 0 && (segment.step == 1 || size_ - row == 1);
  }

  void Append(uint32_t code);
  /// Appends kNone until there are `size` codes.
  void Extend(uint32_t size);

  /// Writes codes [begin, end), of one segment, to `codes`; kNone past the end.
  void Read(uint32_t begin, uint32_t end, uint32_t* codes) const;

  uint64_t bytes() const;

 private:
  // Kept are codes + 1, so that kNone is 0.
  struct Segment {
    uint32_t base = 0;  // Of width 0: the first.
    uint8_t width = 0;  // Bytes each: 0, 1, 2 or 4.
    uint8_t step = 0;   // Of width 0: 0 = all equal, 1 = counting up.
    std::vector<uint8_t> bytes;

    uint32_t Get(uint32_t row) const;
    void Set(uint32_t row, uint32_t value);
    void Widen(uint32_t num_rows, uint8_t new_width);
  };

  std::vector<Segment> segments_;
  uint32_t size_ = 0;
};

inline uint32_t CodeColumn::Segment::Get(uint32_t row) const {
  switch (width) {
    case 0: return base + step * row;
    case 1: return bytes[row];
    case 2: return reinterpret_cast<const uint16_t*>(bytes.data())[row];
    default: return reinterpret_cast<const uint32_t*>(bytes.data())[row];
  }
}

}  // namespace stria::storage
