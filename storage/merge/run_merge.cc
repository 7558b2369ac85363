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
  if (row == run.row_begin) return run.first_time;
  if (row == run.row_end - 1) return run.last_time;
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

// Makes room for rows up to `num_rows`, NULL unless they are set.
void Resize(size_t num_rows_before, size_t num_rows, bool all_valid, ColumnRows& column) {
  if (column.type == DataType::kString) {
    column.strings.resize(num_rows);
  } else {
    column.bits.resize(num_rows);
  }
  if (all_valid && column.validity.empty()) return;
  if (column.validity.empty()) column.validity.assign(num_rows_before, 1);
  column.validity.resize(num_rows, all_valid ? 1 : 0);
}

}  // namespace

Status AppendColumn(RunSource& source, uint32_t row_begin, uint32_t row_end, size_t num_rows_before,
                    ColumnRows& column) {
  size_t row = num_rows_before;
  for (uint32_t begin = row_begin; begin < row_end;) {
    const uint32_t vector = begin / kVectorRows;
    const uint32_t end = std::min(row_end, (vector + 1) * kVectorRows);
    STRIA_ASSIGN_OR_RETURN(const auto view, source.ReadVector(column.id, column.type, vector));
    const uint32_t from = begin % kVectorRows;
    const uint32_t to = from + (end - begin);
    const bool all_valid = !view.all_null && view.validity == nullptr;
    Resize(row, row + (end - begin), all_valid, column);
    if (!view.all_null) {
      if (column.type == DataType::kString) {
        for (uint32_t i = from; i < to; ++i)
          column.strings[row + i - from] = view.String(i);
      } else {
        view.Slice(from, to).CopyBits(column.bits.data() + row);
      }
      if (!all_valid) {
        std::copy(view.validity + from, view.validity + to,
                  column.validity.begin() + static_cast<ptrdiff_t>(row));
      }
    }
    row += end - begin;
    begin = end;
  }
  return Status::Ok();
}

Result<MergedRows> MergedRows::Make(MergePiece piece, std::vector<int64_t>& times) {
  MergedRows merged;
  size_t num_entries = 0;
  for (const RunSlice& slice : piece.slices)
    num_entries += slice.row_end - slice.row_begin;
  merged.entries_.reserve(num_entries);
  for (uint32_t i = 0; i < piece.slices.size(); ++i) {
    const RunSlice& slice = piece.slices[i];
    const SourceRun& run = slice.source->runs()[slice.run];
    STRIA_ASSIGN_OR_RETURN(const auto of_run, slice.source->Times(slice.run));
    for (uint32_t row = slice.row_begin; row < slice.row_end; ++row)
      merged.entries_.push_back({of_run[row - run.row_begin], i, row});
  }
  if (piece.slices.size() > 1) std::ranges::stable_sort(merged.entries_, {}, &Entry::time);
  for (size_t i = 0; i < merged.entries_.size(); ++i) {
    const int64_t time = merged.entries_[i].time;
    if (i > 0 && time == merged.entries_[i - 1].time) continue;
    times.push_back(time);
    ++merged.num_rows_;
  }
  merged.piece_ = std::move(piece);
  return merged;
}

Status MergedRows::AppendColumn(size_t num_rows_before, ColumnRows& column) const {
  Resize(num_rows_before, num_rows_before + num_rows_, false, column);
  // The vector that each slice was last seen in; entries of a slice ascend.
  std::vector<std::pair<uint32_t, VectorView>> views(piece_.slices.size(), {UINT32_MAX, {}});
  size_t row = num_rows_before;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (i > 0 && entry.time != entries_[i - 1].time) ++row;
    auto& [vector, view] = views[entry.slice];
    if (vector != entry.row / kVectorRows) {
      vector = entry.row / kVectorRows;
      STRIA_ASSIGN_OR_RETURN(
          view, piece_.slices[entry.slice].source->ReadVector(column.id, column.type, vector));
    }
    const uint32_t in_vector = entry.row % kVectorRows;
    if (!view.IsValid(in_vector)) continue;  // An older value stays.
    column.validity[row] = 1;
    if (column.type == DataType::kString) {
      column.strings[row] = view.String(in_vector);
    } else {
      column.bits[row] = view.Bits(in_vector);
    }
  }
  return Status::Ok();
}

Result<std::vector<MergePiece>> SplitByTime(MergePiece piece, size_t max_rows) {
  std::vector<MergePiece> pieces;
  while (true) {
    size_t num_rows = 0;
    const RunSlice* longest = nullptr;
    for (const RunSlice& slice : piece.slices) {
      const uint32_t rows = slice.row_end - slice.row_begin;
      num_rows += rows;
      if (longest == nullptr || rows > longest->row_end - longest->row_begin) longest = &slice;
    }
    if (num_rows <= max_rows) break;
    // About as large a share of each slice: the cut is where it takes its share of the longest.
    const uint64_t longest_rows = longest->row_end - longest->row_begin;
    const auto share = static_cast<uint32_t>(longest_rows * max_rows / num_rows);
    if (share == 0 || share == longest_rows) break;
    STRIA_ASSIGN_OR_RETURN(const int64_t cut, TimeAt(*longest, longest->row_begin + share));
    MergePiece front, rest;
    for (const RunSlice& slice : piece.slices) {
      RunSlice before = slice, after = slice;
      STRIA_ASSIGN_OR_RETURN(before.row_end, LowerBound(slice, cut));
      after.row_begin = before.row_end;
      if (before.row_begin < before.row_end) front.slices.push_back(before);
      if (after.row_begin < after.row_end) rest.slices.push_back(after);
    }
    pieces.push_back(std::move(front));
    piece = std::move(rest);
  }
  pieces.push_back(std::move(piece));
  return pieces;
}

Status AppendMerged(const MergePiece& piece, SeriesId series, SortedRows& rows) {
  const size_t before = rows.num_rows();
  STRIA_ASSIGN_OR_RETURN(const auto merged, MergedRows::Make(piece, rows.times));
  for (auto& column : rows.columns)
    STRIA_RETURN_IF_ERROR(merged.AppendColumn(before, column));
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
