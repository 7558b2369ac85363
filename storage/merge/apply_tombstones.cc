#include "storage/merge/apply_tombstones.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "storage/base/check.h"

namespace stria::storage {
namespace {

constexpr int64_t kNoBound = std::numeric_limits<int64_t>::max();

}  // namespace

bool MatchedTombstone::Matches(SeriesId series) const {
  if (tombstone_.tags.empty()) return true;
  std::call_once(matched_, [this] { Match(); });
  if (!is_matched_.empty()) {
    return series.value() < is_matched_.size() && is_matched_[series.value()];
  }
  return std::ranges::binary_search(ids_, series);
}

void MatchedTombstone::Match() const {
  constexpr size_t kBitsAnId = 8 * sizeof(SeriesId);
  auto ids = series_->Match(tombstone_.tags);
  if (const size_t num_series = series_->num_series(); ids.size() * kBitsAnId > num_series) {
    is_matched_.assign(std::max<size_t>(num_series, ids.back().value() + 1), false);
    for (const SeriesId id : ids)
      is_matched_[id.value()] = true;
  } else {
    ids_ = std::move(ids);
  }
  series_.reset();
}

uint64_t TombstoneList::last_seq() const {
  return tombstones_.empty() ? 0 : tombstones_.back()->tombstone().seq;
}

bool TombstoneList::Touches(const PartMeta& part) const {
  return Touches(part.min_time, part.max_time, part.applied_deletes());
}

bool TombstoneList::Touches(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const {
  return std::ranges::any_of(tombstones_, [&](const auto& matched) {
    const Tombstone& tombstone = matched->tombstone();
    return tombstone.seq > applied_deletes && tombstone.time.Overlaps(first_time, last_time);
  });
}

TombstoneList TombstoneList::Touching(int64_t first_time, int64_t last_time,
                                      uint64_t applied_deletes) const {
  TombstoneList touching;
  std::ranges::copy_if(
      tombstones_, std::back_inserter(touching.tombstones_), [&](const auto& matched) {
        const Tombstone& tombstone = matched->tombstone();
        return tombstone.seq > applied_deletes && tombstone.time.Overlaps(first_time, last_time);
      });
  return touching;
}

bool TombstoneList::Covers(const PartMeta& part) const {
  return Covers(part.min_time, part.max_time, part.applied_deletes());
}

bool TombstoneList::Covers(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const {
  return std::ranges::any_of(tombstones_, [&](const auto& matched) {
    const Tombstone& tombstone = matched->tombstone();
    return tombstone.seq > applied_deletes && tombstone.tags.empty() &&
           tombstone.time.Contains(first_time) && tombstone.time.Contains(last_time);
  });
}

std::vector<TimeRange> TombstoneList::DeletedRanges(SeriesId series,
                                                    uint64_t applied_deletes) const {
  std::vector<TimeRange> found;
  for (const auto& matched : tombstones_) {
    const Tombstone& tombstone = matched->tombstone();
    if (tombstone.seq <= applied_deletes || tombstone.time.empty()) continue;
    if (matched->Matches(series)) found.push_back(tombstone.time);
  }
  std::ranges::sort(found, {}, &TimeRange::begin);
  std::vector<TimeRange> ranges;
  for (const TimeRange& range : found) {
    if (!ranges.empty() && range.begin <= ranges.back().end) {
      ranges.back().end = std::max(ranges.back().end, range.end);
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

TombstoneList TombstoneList::With(std::shared_ptr<const MatchedTombstone> tombstone) const {
  STRIA_CHECK(tombstone->tombstone().seq > last_seq());
  TombstoneList list(*this);
  list.tombstones_.push_back(std::move(tombstone));
  return list;
}

TombstoneList TombstoneList::Without(std::span<const uint64_t> seqs) const {
  TombstoneList list(*this);
  std::erase_if(list.tombstones_, [&](const auto& matched) {
    return std::ranges::find(seqs, matched->tombstone().seq) != seqs.end();
  });
  return list;
}

Status AppendSurviving(const RunSlice& slice, std::span<const TimeRange> deleted,
                       std::vector<RunSlice>& left) {
  const SourceRun& run = slice.source->runs()[slice.run];
  const auto pass = [&](int64_t begin, int64_t end) -> Status {
    STRIA_ASSIGN_OR_RETURN(const RunSlice piece, ClipToTime(slice, begin, end));
    if (piece.row_begin < piece.row_end) left.push_back(piece);
    return Status::Ok();
  };
  int64_t begin = std::numeric_limits<int64_t>::min();
  for (const TimeRange& range : deleted) {
    if (!range.Overlaps(run.first_time, run.last_time)) continue;
    if (range.begin > begin) STRIA_RETURN_IF_ERROR(pass(begin, range.begin));
    if (range.unbounded_above()) return Status::Ok();
    begin = range.end;
  }
  return pass(begin, kNoBound);
}

}  // namespace stria::storage
