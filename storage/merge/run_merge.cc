#include "storage/merge/run_merge.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
namespace stria::storage {
namespace {

constexpr int64_t kNoBound = std::numeric_limits<int64_t>::max();

Result<int64_t> TimeAt(const RunSlice& slice, uint32_t row) {
  const SourceRun& run = slice.source->runs()[slice.run];
  if (run.step > 0) return run.first_time + int64_t{row - run.row_begin} * run.step;
  STRIA_ASSIGN_OR_RETURN(const auto times, slice.source->Times(slice.run));
  return times[row - run.row_begin];
}

// First row of the slice with a time >= `time`.
Result<uint32_t> LowerBound(const RunSlice& slice, int64_t time) {
  const SourceRun& run = slice.source->runs()[slice.run];
  if (time <= run.first_time) return slice.row_begin;
  if (time > run.last_time) return slice.row_end;
  uint32_t row = 0;
  if (run.step > 0) {
    // Differences of int64 may not fit one; the quotient is at most the number of rows.
    const uint64_t distance = static_cast<uint64_t>(time) - static_cast<uint64_t>(run.first_time);
    const auto step = static_cast<uint64_t>(run.step);
    row = run.row_begin + static_cast<uint32_t>((distance + step - 1) / step);
  } else {
    STRIA_ASSIGN_OR_RETURN(const auto times, slice.source->Times(slice.run));
    row = run.row_begin +
          static_cast<uint32_t>(std::ranges::lower_bound(times, time) - times.begin());
  }
  return std::clamp(row, slice.row_begin, slice.row_end);
}

struct TimedSlice {
  RunSlice slice;
  int64_t first = 0;
  int64_t last = 0;
};

// Maximal ranges of time, both ends inclusive, that at least two slices cover.
std::vector<std::pair<int64_t, int64_t>> OverlappedRanges(std::span<const TimedSlice> slices) {
  std::map<int64_t, int> begins, ends;
  std::set<int64_t> moments;
  for (const auto& slice : slices) {
    ++begins[slice.first];
    ++ends[slice.last];
    moments.insert(slice.first);
    moments.insert(slice.last);
  }
  std::vector<std::pair<int64_t, int64_t>> ranges;
  int depth = 0;
  for (const int64_t moment : moments) {
    const auto begin = begins.find(moment);
    const auto end = ends.find(moment);
    const int before = depth;
    depth += begin == begins.end() ? 0 : begin->second;
    const int at = depth;
    depth -= end == ends.end() ? 0 : end->second;
    // The range is open from before, begins here, or is just this moment.
    if (before < 2 && at >= 2) ranges.emplace_back(moment, moment);
    if (at >= 2) ranges.back().second = moment;
  }
  return ranges;
}

}  // namespace

Result<RunSlice> ClipToTime(const RunSlice& slice, int64_t begin, int64_t end) {
  RunSlice clipped = slice;
  STRIA_ASSIGN_OR_RETURN(clipped.row_begin, LowerBound(slice, begin));
  if (end != kNoBound) {
    STRIA_ASSIGN_OR_RETURN(clipped.row_end, LowerBound(slice, end));
  }
  clipped.row_end = std::max(clipped.row_begin, clipped.row_end);
  return clipped;
}

Result<std::vector<MergePiece>> PlanMerge(std::span<const RunSlice> runs) {
  std::vector<TimedSlice> slices;
  for (const auto& run : runs) {
    if (run.row_begin == run.row_end) continue;
    TimedSlice timed{.slice = run, .first = 0, .last = 0};
    STRIA_ASSIGN_OR_RETURN(timed.first, TimeAt(run, run.row_begin));
    STRIA_ASSIGN_OR_RETURN(timed.last, TimeAt(run, run.row_end - 1));
    slices.push_back(timed);
  }
  const auto overlapped = OverlappedRanges(slices);
  // Pieces by their first moment; those of one overlapped range are merged, oldest first.
  std::map<int64_t, MergePiece> pieces;
  for (const auto& timed : slices) {
    int64_t from = timed.first;
    uint32_t row = timed.slice.row_begin;
    const auto pass = [&](uint32_t row_end) -> Status {
      if (row == row_end) return Status::Ok();
      RunSlice alone = timed.slice;
      alone.row_begin = row;
      alone.row_end = row_end;
      STRIA_ASSIGN_OR_RETURN(const int64_t first, TimeAt(alone, row));
      pieces[first].slices.push_back(alone);
      return Status::Ok();
    };
    for (const auto& [begin, end] : overlapped) {
      if (end < from || begin > timed.last) continue;
      STRIA_ASSIGN_OR_RETURN(const auto low, LowerBound(timed.slice, begin));
      uint32_t high = timed.slice.row_end;
      if (end != kNoBound) {
        STRIA_ASSIGN_OR_RETURN(high, LowerBound(timed.slice, end + 1));
      }
      STRIA_RETURN_IF_ERROR(pass(low));
      if (low < high) {
        RunSlice shared = timed.slice;
        shared.row_begin = low;
        shared.row_end = high;
        pieces[begin].slices.push_back(shared);
      }
      row = high;
      from = end == kNoBound ? end : end + 1;
    }
    STRIA_RETURN_IF_ERROR(pass(timed.slice.row_end));
  }
  std::vector<MergePiece> plan;
  for (auto& [first, piece] : pieces)
    plan.push_back(std::move(piece));
  return plan;
}

namespace {

// A row of the output: its versions, oldest first, are entries [begin, end).
struct Entry {
  int64_t time = 0;
  uint32_t slice = 0;
  uint32_t row = 0;
};

Result<std::vector<Entry>> SortedEntries(const MergePiece& piece) {
  std::vector<Entry> entries;
  for (uint32_t i = 0; i < piece.slices.size(); ++i) {
    const RunSlice& slice = piece.slices[i];
    const SourceRun& run = slice.source->runs()[slice.run];
    STRIA_ASSIGN_OR_RETURN(const auto times, slice.source->Times(slice.run));
    for (uint32_t row = slice.row_begin; row < slice.row_end; ++row) {
      entries.push_back({times[row - run.row_begin], i, row});
    }
  }
  if (piece.slices.size() > 1) std::ranges::stable_sort(entries, {}, &Entry::time);
  return entries;
}

// Writes the column of one piece behind the rows that are there.
Status AppendColumn(const MergePiece& piece, std::span<const Entry> entries,
                    std::span<const uint32_t> row_of_entry, size_t num_rows_before, size_t num_rows,
                    ColumnRows& column) {
  const bool is_string = column.type == DataType::kString;
  if (column.validity.empty()) column.validity.assign(num_rows_before, 1);
  column.validity.resize(num_rows, 0);
  (is_string ? column.strings.resize(num_rows) : column.bits.resize(num_rows));
  // The vector that each slice was last seen in; entries of a slice ascend.
  std::vector<std::pair<uint32_t, VectorView>> views(piece.slices.size(), {UINT32_MAX, {}});
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    auto& [vector, view] = views[entry.slice];
    if (vector != entry.row / kVectorRows) {
      vector = entry.row / kVectorRows;
      STRIA_ASSIGN_OR_RETURN(
          view, piece.slices[entry.slice].source->ReadVector(column.id, column.type, vector));
    }
    const uint32_t in_vector = entry.row % kVectorRows;
    if (!view.IsValid(in_vector)) continue;  // An older value stays.
    const size_t row = row_of_entry[i];
    column.validity[row] = 1;
    if (is_string) {
      column.strings[row] = view.String(in_vector);
    } else {
      column.bits[row] = view.Bits(in_vector);
    }
  }
  return Status::Ok();
}

}  // namespace

Status AppendMerged(const MergePiece& piece, SeriesId series, SortedRows& rows) {
  STRIA_ASSIGN_OR_RETURN(const auto entries, SortedEntries(piece));
  const size_t before = rows.num_rows();
  std::vector<uint32_t> row_of_entry(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i == 0 || entries[i].time != entries[i - 1].time) rows.times.push_back(entries[i].time);
    row_of_entry[i] = static_cast<uint32_t>(rows.times.size() - 1);
  }
  for (auto& column : rows.columns) {
    STRIA_RETURN_IF_ERROR(
        AppendColumn(piece, entries, row_of_entry, before, rows.num_rows(), column));
  }
  const auto end = static_cast<uint32_t>(rows.num_rows());
  const bool extends = !rows.runs.empty() && rows.runs.back().series == series;
  if (extends) {
    rows.runs.back().row_end = end;
  } else {
    rows.runs.push_back(
        {.series = series, .row_begin = static_cast<uint32_t>(before), .row_end = end});
  }
  return Status::Ok();
}

}  // namespace stria::storage
