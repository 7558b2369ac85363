#include "storage/memtable/row_placement.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace stria::storage {
namespace {

constexpr uint32_t kNoRow = std::numeric_limits<uint32_t>::max();

// Numbers series in the order of keys: by rank, or, where few rows have few of many series, without
// the ranks between.
class Slots {
 public:
  Slots(std::span<const RowPiece> pieces, size_t num_rows, const std::vector<uint32_t>& ranks)
      : ranks_(ranks) {
    // Counting touches every slot, a search only those of rows: a guess at where one costs as much
    // as the other.
    constexpr size_t kSlotsARow = 4;
    if (ranks.size() <= num_rows * kSlotsARow) return;
    present_.reserve(num_rows);
    for (const RowPiece& piece : pieces) {
      for (const uint32_t series : piece.series)
        present_.push_back(ranks[series]);
    }
    std::ranges::sort(present_);
    present_.erase(std::unique(present_.begin(), present_.end()), present_.end());
  }

  size_t size() const { return present_.empty() ? ranks_.size() : present_.size(); }

  uint32_t Of(uint32_t series) const {
    const uint32_t rank = ranks_[series];
    if (present_.empty()) return rank;
    return static_cast<uint32_t>(std::ranges::lower_bound(present_, rank) - present_.begin());
  }

 private:
  const std::vector<uint32_t>& ranks_;
  std::vector<uint32_t> present_;
};

// Sorts by time, keeping the order of equal times, what consists of few ascending pieces: when
// connections overtake each other, neighbours overlap by a batch. Neighbours are merged pair by
// pair; what lies before or after all of the other one stays where it is.
class PieceSorter {
 public:
  void Sort(std::span<int64_t> times, std::span<uint32_t> places) {
    begins_.assign(1, 0);
    for (size_t i = 1; i < times.size(); ++i) {
      if (times[i] < times[i - 1]) begins_.push_back(i);
    }
    while (begins_.size() > 1) {
      size_t num_left = 0;
      for (size_t i = 0; i < begins_.size(); i += 2) {
        if (i + 1 < begins_.size()) {
          const size_t end = i + 2 < begins_.size() ? begins_[i + 2] : times.size();
          Merge(times.first(end).subspan(begins_[i]), places.first(end).subspan(begins_[i]),
                begins_[i + 1] - begins_[i]);
        }
        begins_[num_left++] = begins_[i];
      }
      begins_.resize(num_left);
    }
  }

 private:
  // Both [0, middle) and [middle, end) ascend.
  void Merge(std::span<int64_t> times, std::span<uint32_t> places, size_t middle) {
    const auto split = times.begin() + static_cast<std::ptrdiff_t>(middle);
    const auto begin =
        static_cast<size_t>(std::upper_bound(times.begin(), split, *split) - times.begin());
    const auto end =
        static_cast<size_t>(std::lower_bound(split, times.end(), *(split - 1)) - times.begin());
    if (begin == middle) return;
    const size_t num_before = middle - begin;
    before_times_.assign(times.data() + begin, times.data() + middle);
    before_places_.assign(places.data() + begin, places.data() + middle);
    size_t before = 0, after = middle;
    for (size_t out = begin; before < num_before; ++out) {
      const bool takes_after = after < end && times[after] < before_times_[before];
      times[out] = takes_after ? times[after] : before_times_[before];
      places[out] = takes_after ? places[after++] : before_places_[before++];
    }
  }

  std::vector<size_t> begins_;
  std::vector<int64_t> before_times_;
  std::vector<uint32_t> before_places_;
};

bool AscendStrictly(std::span<const int64_t> times) {
  bool ascend = true;
  for (size_t i = 1; i < times.size(); ++i)
    ascend &= times[i - 1] < times[i];
  return ascend;
}

// Which part a time is of; times that follow each other are nearly always of the same.
class PartFinder {
 public:
  explicit PartFinder(std::span<const int64_t> borders) : borders_(borders) {}

  size_t Find(int64_t time) {
    const bool is_before = part_ > 0 && time < borders_[part_ - 1];
    const bool is_after = part_ < borders_.size() && time >= borders_[part_];
    if (is_before || is_after)
      part_ = static_cast<size_t>(std::ranges::upper_bound(borders_, time) - borders_.begin());
    return part_;
  }

 private:
  std::span<const int64_t> borders_;
  size_t part_ = 0;
};

}  // namespace

RowPlacement::RowPlacement(std::span<const RowPiece> pieces, const std::vector<uint32_t>& ranks)
    : pieces_(pieces) {
  Count(ranks);
  SortRuns();
}

// Puts the rows of each series side by side, in the order of arrival.
void RowPlacement::Count(const std::vector<uint32_t>& ranks) {
  size_t num_rows = 0;
  for (const RowPiece& piece : pieces_)
    num_rows += piece.times.size();
  const Slots slots(pieces_, num_rows, ranks);
  std::vector<uint32_t> next(slots.size() + 1, 0);
  std::vector<uint32_t> series_of(slots.size());
  for (const RowPiece& piece : pieces_) {
    for (const uint32_t series : piece.series) {
      const uint32_t slot = slots.Of(series);
      series_of[slot] = series;
      ++next[slot + 1];
    }
  }
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (size_t slot = 0; slot < slots.size(); ++slot) {
    if (next[slot] < next[slot + 1])
      runs_.push_back({SeriesId(series_of[slot]), next[slot], next[slot + 1]});
  }
  times_.resize(num_rows);
  targets_.resize(num_rows);
  uint32_t* target = targets_.data();
  for (const RowPiece& piece : pieces_) {
    for (size_t i = 0; i < piece.times.size(); ++i) {
      const uint32_t place = next[slots.Of(piece.series[i])]++;
      *target++ = place;
      times_[place] = piece.times[i];
    }
  }
}

void RowPlacement::SortRuns() {
  PieceSorter sorter;
  for (const SortedRun& run : runs_) {
    const auto times = std::span(times_).first(run.row_end).subspan(run.row_begin);
    if (AscendStrictly(times)) continue;
    if (!std::ranges::is_sorted(times)) {
      if (sorted_.empty()) {
        sorted_.resize(times_.size());
        std::iota(sorted_.begin(), sorted_.end(), 0U);
      }
      sorter.Sort(times, std::span(sorted_).first(run.row_end).subspan(run.row_begin));
    }
    has_duplicates_ = has_duplicates_ || !AscendStrictly(times);
  }
}

// What needs no moving: one part, and every row where it was counted to.
PlacedPart RowPlacement::AsOne() && {
  PlacedPart part;
  part.runs = std::move(runs_);
  part.times = std::move(times_);
  part.targets = std::move(targets_);
  uint32_t begin = 0;
  for (uint32_t piece = 0; piece < pieces_.size(); ++piece) {
    const auto end = static_cast<uint32_t>(begin + pieces_[piece].times.size());
    part.stretches.push_back({.piece = piece, .source_begin = 0, .begin = begin, .end = end});
    begin = end;
  }
  return part;
}

// Gives the parts their rows. Returns each row's number in its part, by the place where it was
// counted to; kNoRow of one that is deleted.
std::vector<uint32_t> RowPlacement::AddRows(std::span<const int64_t> borders,
                                            const DeletedRanges& deleted,
                                            std::vector<PlacedPart>& parts) const {
  PartFinder finder(borders);
  std::vector<uint32_t> row_of(times_.size(), kNoRow);
  std::vector<TimeRange> ranges;
  for (const SortedRun& run : runs_) {
    if (deleted != nullptr) ranges = deleted(run.series);
    auto range = ranges.begin();
    PlacedPart* part = nullptr;
    for (uint32_t i = run.row_begin; i < run.row_end; ++i) {
      const int64_t time = times_[i];
      while (range != ranges.end() && !range->unbounded_above() && range->end <= time)
        ++range;
      if (range != ranges.end() && range->Contains(time)) continue;
      PlacedPart& next = parts[finder.Find(time)];
      if (&next != part || next.times.back() != time) {
        const auto row = static_cast<uint32_t>(next.times.size());
        if (&next != part) next.runs.push_back({run.series, row, row});
        part = &next;
        part->times.push_back(time);
        part->runs.back().row_end = row + 1;
      }
      row_of[sorted_.empty() ? i : sorted_[i]] = part->runs.back().row_end - 1;
    }
  }
  return row_of;
}

std::vector<PlacedPart> RowPlacement::Split(std::span<const int64_t> borders,
                                            const DeletedRanges& deleted) && {
  std::vector<PlacedPart> parts(borders.size() + 1);
  if (borders.empty() && sorted_.empty() && !has_duplicates_ && deleted == nullptr) {
    parts[0] = std::move(*this).AsOne();
    return parts;
  }
  for (PlacedPart& part : parts) {
    part.times.reserve(times_.size() / parts.size() + 1);
    part.targets.reserve(times_.size() / parts.size() + 1);
  }
  const auto row_of = AddRows(borders, deleted, parts);
  PartFinder finder(borders);
  size_t arrival = 0;
  for (uint32_t piece = 0; piece < pieces_.size(); ++piece) {
    PlacedPart* before = nullptr;  // Of the row before, in this piece.
    const auto times = pieces_[piece].times;
    for (uint32_t i = 0; i < times.size(); ++i) {
      const uint32_t row = row_of[targets_[arrival++]];
      PlacedPart* part = row == kNoRow ? nullptr : &parts[finder.Find(times[i])];
      if (part != nullptr) {
        const auto begin = static_cast<uint32_t>(part->targets.size());
        if (part != before)
          part->stretches.push_back(
              {.piece = piece, .source_begin = i, .begin = begin, .end = begin});
        part->targets.push_back(row);
        part->stretches.back().end = begin + 1;
      }
      before = part;
    }
  }
  return parts;
}

}  // namespace stria::storage
