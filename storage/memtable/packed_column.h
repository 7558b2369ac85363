// One column of a sorted chunk that is written no more, so that queries need not gather it row by
// row: integers and bools in lanes of one or two bytes, vector by vector.
//
// Vectors whose values are further apart, doubles and strings stay where they are: packing is to
// make reading cheaper at a fraction of the memtable's memory, not to hold everything twice.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "storage/memtable/row_order.h"
#include "storage/types/data_type.h"
#include "storage/types/vector_view.h"

namespace stria::storage {

/// Thread safety: thread-compatible.
class PackedColumn {
 public:
  /// The output rows of `order`; `bits` and `validity` are by source row.
  PackedColumn(const RowOrder& order, DataType type, const uint64_t* bits, const uint8_t* validity);

  /// Rows [vector * 1024, ...), or nothing where they are not packed. Valid as long as this lives.
  std::optional<VectorView> Find(uint32_t vector) const;

  size_t MemoryBytes() const { return bytes_.capacity() + vectors_.capacity() * sizeof(Vector); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  struct Vector {
    bool is_packed = false;
    bool all_null = false;
    Lanes lanes = Lanes::kConstant;
    uint32_t num_rows = 0;
    uint64_t base = 0;
    uint32_t data_offset = kNone;      // Into bytes_.
    uint32_t validity_offset = kNone;  // Likewise.
  };

  bool PackAtOnce(const RowOrder& order, const uint64_t* bits, const uint8_t* validity);
  template <typename Lane>
  void PlaceLanes(const RowOrder& order, const uint64_t* bits, uint64_t base);
  Vector Pack(const uint64_t* bits, const uint8_t* validity, uint32_t num_rows);
  template <typename Lane>
  uint32_t AppendLanes(const uint64_t* bits, const uint8_t* validity, uint32_t num_rows,
                       uint64_t base);

  DataType type_;
  std::vector<Vector> vectors_;
  std::vector<std::byte> bytes_;
};

}  // namespace stria::storage
