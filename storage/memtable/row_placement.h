// Where the rows of a memtable go in the parts that a flush makes of them.
//
// Devices report one after the other in every tick: in the order of arrival series alternate, and
// the times of each nearly always ascend. So the rows of each series are counted, and each row's
// place is the next one of its series; only a series whose times do not ascend is sorted.
//
// Values are then moved to their places column by column, in the order of arrival: what is read
// lies side by side, and what is written are as many places as there are series, of which each
// moves on by one value. Gathering values in the order of parts instead would miss the cache at
// each of them: a column of a million rows is four times as large as L2.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "storage/types/ids.h"
#include "storage/types/table_rows.h"
#include "storage/types/time_range.h"

namespace stria::storage {

/// Rows that lie side by side in memory, in the order of arrival.
struct RowPiece {
  std::span<const uint32_t> series;
  std::span<const int64_t> times;
};

/// Rows [source_begin, ...) of a piece, and which of PlacedPart::targets are theirs.
struct PlacedStretch {
  uint32_t piece = 0;
  uint32_t source_begin = 0;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// A part to be: its sorted rows, and where they come from.
struct PlacedPart {
  std::vector<SortedRun> runs;
  std::vector<int64_t> times;            ///< of each row
  std::vector<PlacedStretch> stretches;  ///< in the order of arrival
  std::vector<uint32_t> targets;         ///< rows of the part; several of one key go to one

  size_t num_rows() const { return times.size(); }
};

/// Rows in the order of parts, and the way back to that of arrival.
///
/// Thread safety: thread-compatible.
class RowPlacement {
 public:
  /// `pieces` outlive it. `ranks` maps a series id to its position in the order of keys.
  RowPlacement(std::span<const RowPiece> pieces, const std::vector<uint32_t>& ranks);

  /// The rows of each series side by side, in the order of keys; times ascend, but those of one key
  /// are there as often as it was written.
  std::span<const SortedRun> runs() const { return runs_; }
  std::span<const int64_t> times() const { return times_; }

  /// The times that are deleted of a series: ranges that ascend, with gaps between them.
  using DeletedRanges = std::function<std::vector<TimeRange>(SeriesId)>;

  /// One part for the times before borders[0], one for those from there to borders[1], and so on.
  /// `borders` ascend. What is `deleted` is left out; null: nothing is. Takes the rows out.
  std::vector<PlacedPart> Split(std::span<const int64_t> borders, const DeletedRanges& deleted) &&;

 private:
  void Count(const std::vector<uint32_t>& ranks);
  void SortRuns();
  PlacedPart AsOne() &&;
  std::vector<uint32_t> AddRows(std::span<const int64_t> borders, const DeletedRanges& deleted,
                                std::vector<PlacedPart>& parts) const;

  std::span<const RowPiece> pieces_;
  std::vector<SortedRun> runs_;
  std::vector<int64_t> times_;
  std::vector<uint32_t> targets_;  // By arrival: the row's place before anything was sorted.
  std::vector<uint32_t> sorted_;   // That place of each row of times_; empty: its own.
  bool has_duplicates_ = false;
};

/// Moves the values of `stretch`, which begin at `values` and `validity`, to where they belong. Of
/// those that go to one row the last that is not NULL stays; `out_validity` was 0 before the first.
template <typename T>
void PlaceValues(const PlacedPart& part, const PlacedStretch& stretch, const T* values,
                 const uint8_t* validity, T* out, uint8_t* out_validity) {
  const uint32_t* targets = part.targets.data() + stretch.begin;
  const size_t count = stretch.end - stretch.begin;
  for (size_t i = 0; i < count; ++i) {
    if (validity[i] == 0) continue;
    out[targets[i]] = values[i];
    out_validity[targets[i]] = 1;
  }
}

/// The same of values none of which is NULL.
template <typename T>
void PlaceValues(const PlacedPart& part, const PlacedStretch& stretch, const T* values, T* out) {
  const uint32_t* targets = part.targets.data() + stretch.begin;
  const size_t count = stretch.end - stretch.begin;
  for (size_t i = 0; i < count; ++i)
    out[targets[i]] = values[i];
}

}  // namespace stria::storage
