// The rows of a chunk in the order of series ids, then time, each key once: for queries, which read
// it like a row group.
//
// Devices report one after the other in every tick, so series alternate while the times of each
// ascend: a counting sort on series, which keeps arrival order, nearly always leaves nothing to
// sort.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/types/table_rows.h"

namespace stria::storage {

/// A permutation of rows with the duplicates of a key side by side.
struct RowOrder {
  std::vector<uint32_t> rows;  ///< source rows, ascending by (series, time, arrival)
  /// Output row i merges rows[starts[i]] .. rows[starts[i + 1] - 1], oldest first. Empty: no key
  /// occurs twice, and output row i is rows[i].
  std::vector<uint32_t> starts;
  std::vector<SortedRun> runs;  ///< of output rows
  std::vector<int64_t> times;   ///< of output rows

  size_t num_rows() const { return times.size(); }
};

/// Orders rows [0, times.size()); series stand in the order of their ids.
RowOrder MakeRowOrder(std::span<const uint32_t> series, std::span<const int64_t> times);

/// Values [begin, end) of the output rows, of `bits` or `strings` and `validity` by source row. For
/// each the newest row that has a value wins; where none has, validity is 0.
void GatherBits(const RowOrder& order, size_t begin, size_t end, const uint64_t* bits,
                const uint8_t* validity, uint64_t* out_bits, uint8_t* out_validity);
void GatherStrings(const RowOrder& order, size_t begin, size_t end, const std::string_view* strings,
                   const uint8_t* validity, std::string_view* out_strings, uint8_t* out_validity);

}  // namespace stria::storage
