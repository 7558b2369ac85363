#include "storage/merge/apply_tombstones.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "storage/base/check.h"

namespace stria::storage {
namespace {

// What adding one copies, against what looking for one passes over at a time.
constexpr size_t kMaxChunk = 128;

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

void TombstoneList::Chunk::Add(Matched tombstone) {
  const TimeRange& time = tombstone->tombstone().time;
  times = tombstones.empty()
              ? time
              : TimeRange{std::min(times.begin, time.begin), std::max(times.end, time.end)};
  tombstones.push_back(std::move(tombstone));
}

size_t TombstoneList::size() const {
  size_t size = 0;
  for (const auto& chunk : chunks_)
    size += chunk->tombstones.size();
  return size;
}

std::vector<uint64_t> TombstoneList::Seqs() const {
  std::vector<uint64_t> seqs;
  for (const auto& chunk : chunks_) {
    for (const auto& matched : chunk->tombstones)
      seqs.push_back(matched->tombstone().seq);
  }
  return seqs;
}

template <typename Visit>
bool TombstoneList::AnyTouching(int64_t first_time, int64_t last_time, uint64_t applied_deletes,
                                Visit visit) const {
  const auto begin = std::ranges::upper_bound(chunks_, applied_deletes, {},
                                              [](const auto& chunk) { return chunk->last_seq(); });
  return std::any_of(begin, chunks_.end(), [&](const auto& chunk) {
    if (!chunk->times.Overlaps(first_time, last_time)) return false;
    return std::ranges::any_of(chunk->tombstones, [&](const Matched& matched) {
      const Tombstone& tombstone = matched->tombstone();
      return tombstone.seq > applied_deletes && tombstone.time.Overlaps(first_time, last_time) &&
             visit(matched);
    });
  });
}

bool TombstoneList::Touches(const PartMeta& part) const {
  return Touches(part.min_time, part.max_time, part.applied_deletes());
}

bool TombstoneList::Touches(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const {
  return AnyTouching(first_time, last_time, applied_deletes, [](const Matched&) { return true; });
}

TombstoneList TombstoneList::Touching(int64_t first_time, int64_t last_time,
                                      uint64_t applied_deletes) const {
  TombstoneList touching;
  AnyTouching(first_time, last_time, applied_deletes, [&](const Matched& matched) {
    touching.Add(matched);
    return false;
  });
  return touching;
}

bool TombstoneList::Covers(const PartMeta& part) const {
  return Covers(part.min_time, part.max_time, part.applied_deletes());
}

bool TombstoneList::Covers(int64_t first_time, int64_t last_time, uint64_t applied_deletes) const {
  return AnyTouching(first_time, last_time, applied_deletes, [&](const Matched& matched) {
    const Tombstone& tombstone = matched->tombstone();
    return tombstone.tags.empty() && tombstone.time.Contains(first_time) &&
           tombstone.time.Contains(last_time);
  });
}

std::vector<TimeRange> TombstoneList::DeletedRanges(SeriesId series, int64_t first_time,
                                                    int64_t last_time,
                                                    uint64_t applied_deletes) const {
  std::vector<TimeRange> found;
  AnyTouching(first_time, last_time, applied_deletes, [&](const Matched& matched) {
    if (matched->Matches(series)) found.push_back(matched->tombstone().time);
    return false;
  });
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

void TombstoneList::Add(Matched tombstone) {
  STRIA_CHECK(tombstone->tombstone().seq > last_seq());
  const bool has_room = !chunks_.empty() && chunks_.back()->tombstones.size() < kMaxChunk;
  auto chunk = has_room ? std::make_shared<Chunk>(*chunks_.back()) : std::make_shared<Chunk>();
  chunk->Add(std::move(tombstone));
  if (has_room) chunks_.pop_back();
  chunks_.push_back(std::move(chunk));
}

TombstoneList TombstoneList::With(std::shared_ptr<const MatchedTombstone> tombstone) const {
  TombstoneList list(*this);
  list.Add(std::move(tombstone));
  return list;
}

TombstoneList TombstoneList::Without(std::span<const uint64_t> seqs) const {
  TombstoneList list;
  for (const auto& chunk : chunks_) {
    const uint64_t first_seq = chunk->tombstones.front()->tombstone().seq;
    const auto gone = std::ranges::lower_bound(seqs, first_seq);
    if (gone == seqs.end() || *gone > chunk->last_seq()) {
      list.chunks_.push_back(chunk);
      continue;
    }
    auto left = std::make_shared<Chunk>();
    for (const auto& matched : chunk->tombstones) {
      if (!std::ranges::binary_search(seqs, matched->tombstone().seq)) left->Add(matched);
    }
    if (!left->tombstones.empty()) list.chunks_.push_back(std::move(left));
  }
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
