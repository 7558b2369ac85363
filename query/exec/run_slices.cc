#include "query/exec/run_slices.h"

#include <algorithm>

namespace stria::query {
namespace {

using storage::ScanRun;

// The first row at or after `edge`, which lies after the time of row `begin` and not after the
// last. Steps of doubling length first: slices are short compared to runs.
uint32_t FindEdge(std::span<const int64_t> times, uint32_t begin, int64_t edge) {
  size_t low = begin;  // times[low] < edge
  size_t step = 8;
  while (low + step < times.size() && times[low + step] < edge) {
    low += step;
    step *= 2;
  }
  const auto first = times.begin() + static_cast<ptrdiff_t>(low) + 1;
  const auto last = times.begin() + static_cast<ptrdiff_t>(std::min(times.size(), low + step + 1));
  return static_cast<uint32_t>(std::lower_bound(first, last, edge) - times.begin());
}

// Differences are taken unsigned: they are never negative, but may not fit int64.
uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

void CutRegular(const ScanRun& run, const TimeBucket& bucket, std::vector<BucketSlice>& slices) {
  const auto step = static_cast<uint64_t>(run.step);
  const auto width = static_cast<uint64_t>(bucket.width_ns);
  const uint64_t rows_per_bucket = width % step == 0 ? width / step : 0;
  const int64_t last_bucket = bucket.IndexOf(run.last_time);
  int64_t index = bucket.IndexOf(run.first_time);
  uint32_t row = run.row_begin;
  while (index != last_bucket) {
    // The first row of the next bucket that has one.
    const int64_t edge = bucket.BeginOf(index + 1);
    uint64_t next = run.row_begin + (Distance(run.first_time, edge) - 1) / step + 1;
    slices.push_back({row, static_cast<uint32_t>(next), index});
    row = static_cast<uint32_t>(next);
    if (rows_per_bucket == 0) {
      index = bucket.IndexOf(RegularTimeAt(run, row));
      continue;
    }
    // Every whole bucket has the same number of rows.
    for (++index; index != last_bucket; ++index) {
      next = row + rows_per_bucket;
      slices.push_back({row, static_cast<uint32_t>(next), index});
      row = static_cast<uint32_t>(next);
    }
  }
  slices.push_back({row, run.row_end, last_bucket});
}

void CutIrregular(const ScanRun& run, std::span<const int64_t> times, const TimeBucket& bucket,
                  std::vector<BucketSlice>& slices) {
  const int64_t last_bucket = bucket.IndexOf(run.last_time);
  uint32_t row = 0;
  for (int64_t index = bucket.IndexOf(run.first_time); index != last_bucket;) {
    const uint32_t next = FindEdge(times, row, bucket.BeginOf(index + 1));
    slices.push_back({run.row_begin + row, run.row_begin + next, index});
    row = next;
    index = bucket.IndexOf(times[row]);
  }
  slices.push_back({run.row_begin + row, run.row_end, last_bucket});
}

}  // namespace

bool NeedsTimes(const ScanRun& run, const TimeBucket& bucket) {
  return run.step == 0 && bucket.IndexOf(run.first_time) != bucket.IndexOf(run.last_time);
}

void CutRun(const ScanRun& run, std::span<const int64_t> times, const TimeBucket& bucket,
            std::vector<BucketSlice>& slices) {
  if (run.step > 0) {
    CutRegular(run, bucket, slices);
  } else {
    CutIrregular(run, times, bucket, slices);
  }
}

}  // namespace stria::query
