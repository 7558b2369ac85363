// Rows on their way in: what a decoder makes of one request body, column by column, one RowBatch
// for each table that the body names.
//
// A column is identified by (name, type): a body that writes `f` first as int64 and then as float64
// has two columns `f`, and the engine decides against the catalog which rows are in conflict.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/series_key.h"

namespace stria {

/// One field of a RowBatch. Every vector has RowBatch::num_rows() entries, but for `strings` (only
/// when type is kString) and `bits` (only when it is not).
struct FieldColumn {
  std::string name;
  DataType type = DataType::kFloat64;
  std::vector<uint64_t> bits;             ///< int64, uint64, float64 bits, bool 0/1; 0 where absent
  std::vector<std::string_view> strings;  ///< point into RowBatch::arena or the body
  std::vector<uint8_t> validity;          ///< 1 = written in this row
  uint32_t num_valid = 0;
};

/// A tag set that occurs in the batch.
struct BatchSeries {
  std::string key;  ///< canonical, see series_key.h
};

struct RowBatch {
  std::string table;
  std::vector<BatchSeries> series;     ///< distinct by key
  std::vector<uint32_t> series_index;  ///< [num_rows], into `series`
  std::vector<int64_t> times;          ///< [num_rows], ns
  std::vector<uint32_t> line_offsets;  ///< [num_rows], where in the body the row's line begins
  std::vector<FieldColumn> fields;
  std::vector<std::unique_ptr<std::string>> arena;  ///< unescaped strings that `fields` point to

  size_t num_rows() const { return times.size(); }
};

}  // namespace stria
