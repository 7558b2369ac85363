// A column of a row group, vector by vector, into its pages and zone maps.
//
// Whoever makes a row group hands in one vector after the other, so that no more of a column than
// that is ever there unpacked, and keeps what comes out, a byte a value or less, until its place in
// the part is known.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/encoding/vector_codec.h"
#include "storage/format/zone_map.h"
#include "storage/types/table_rows.h"

namespace stria::storage {

/// What part_layout.h calls pages and zone maps, without their checksums.
struct EncodedColumn {
  std::vector<std::byte> pages;      ///< one after the other
  std::vector<size_t> page_lengths;  ///< 0: without a value; none at all where no page has one
  std::vector<std::byte> zone_maps;  ///< empty where no page has a value
  uint32_t num_rows = 0;
};

/// Thread safety: confined.
class ColumnEncoder {
 public:
  ColumnEncoder(DataType type, EncodingProfile profile) : type_(type), profile_(profile) {}

  /// Adds the next 1,024 rows of the row group, or, as its last, fewer.
  void Add(const VectorInput& input);

  /// The same of a row group without any value.
  void AddNulls(uint32_t num_rows) { column_.num_rows += num_rows; }

  /// Adds rows [row_begin, row_end) of `column`: a whole row group.
  void AddAll(const ColumnRows& column, uint32_t row_begin, uint32_t row_end);

  /// Ends the row group; the next one may begin.
  EncodedColumn Finish();

 private:
  void EndPage();

  DataType type_;
  EncodingProfile profile_;
  EncodedColumn column_;
  std::vector<ZoneMap> zones_;
  // Of the page that is being made.
  std::vector<std::byte> vectors_;
  std::vector<uint64_t> lengths_;
  bool page_has_values_ = false;
  bool has_values_ = false;
};

}  // namespace stria::storage
