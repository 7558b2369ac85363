// Rows on their way in: what a decoder makes of one request body, column by column, one RowBatch
// for each table that the body names.
//
// A column is identified by (name, type): a body that writes `f` first as int64 and then as float64
// has two columns `f`, and the engine decides against the catalog which rows are in conflict.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types/data_type.h"
#include "storage/types/ids.h"
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

/// A tag set that occurs in the batch: by its key, or by the id that the engine gave it before.
struct BatchSeries {
  static constexpr uint32_t kNoId = UINT32_MAX;

  std::string key;  ///< canonical, see series_key.h; may be empty when it is known
  /// As the sender writes it, by which it can be known; empty: by nothing.
  std::string_view text = {};
  uint64_t text_hash = 0;  ///< of `text`
  uint32_t shard = 0;      ///< when it is known
  uint32_t id = kNoId;     ///< SeriesId there

  bool is_known() const { return id != kNoId; }
};

struct RowBatch {
  std::string table;
  std::vector<BatchSeries> series;     ///< distinct by key, and those that are known by text
  std::vector<uint32_t> series_index;  ///< [num_rows], into `series`
  std::vector<int64_t> times;          ///< [num_rows], ns
  std::vector<uint32_t> line_offsets;  ///< [num_rows], where in the body the row's line begins
  std::vector<FieldColumn> fields;
  std::vector<std::unique_ptr<std::string>> arena;  ///< unescaped strings that `fields` point to
  std::optional<TableId>
      known_table;  ///< what the series that are known belong to, if there are any

  size_t num_rows() const { return times.size(); }
};

}  // namespace stria
