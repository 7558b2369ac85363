#include "storage/encoding/row_positions.h"

#include "storage/base/errors.h"

namespace stria::storage {

void EncodeRowPositions(std::span<const uint16_t> rows, std::vector<std::byte>& encoded) {
  AppendVarint(rows.size(), encoded);
  uint64_t next = 0;
  for (const uint16_t row : rows) {
    AppendVarint(row - next, encoded);
    next = uint64_t{row} + 1;
  }
}

Status DecodeRowPositions(ByteReader& reader, uint32_t num_rows, RowPositions& positions) {
  positions.count = 0;
  uint64_t count = 0;
  if (!reader.TakeVarint(count)) return Corruption("positions cut short");
  if (count > num_rows) return Corruption("{} positions in {} rows", count, num_rows);
  uint64_t next = 0;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t gap = 0;
    if (!reader.TakeVarint(gap)) return Corruption("positions cut short");
    if (gap >= num_rows - next) return Corruption("position {} lies after {} rows", i, num_rows);
    positions.Add(static_cast<size_t>(next + gap));
    next += gap + 1;
  }
  return Status::Ok();
}

}  // namespace stria::storage
