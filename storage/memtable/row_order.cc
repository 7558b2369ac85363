#include "storage/memtable/row_order.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace stria::storage {
namespace {

// A stable counting sort of rows by series, which are below `num_series`.
std::vector<uint32_t> CountingSort(std::span<const uint32_t> series, uint32_t num_series,
                                   std::vector<uint32_t>& ends) {
  ends.assign(size_t{num_series} + 1, 0);
  for (const uint32_t id : series)
    ++ends[id + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<uint32_t> rows(series.size());
  std::vector<uint32_t> next(ends.begin(), ends.end() - 1);
  for (size_t row = 0; row < series.size(); ++row) {
    rows[next[series[row]]++] = static_cast<uint32_t>(row);
  }
  return rows;
}

// For few rows of many series, where counting would cost more than comparing.
std::vector<uint32_t> ComparisonSort(std::span<const uint32_t> series) {
  std::vector<uint32_t> rows(series.size());
  std::iota(rows.begin(), rows.end(), 0U);
  std::ranges::stable_sort(rows, {}, [&](uint32_t row) { return series[row]; });
  return rows;
}

// Appends the run rows[begin, end) of one series, sorted by time, keys merged.
void AppendRun(std::span<const int64_t> times, uint32_t series, uint32_t begin, uint32_t end,
               RowOrder& order, bool& has_duplicates) {
  const auto rows = std::span(order.rows).subspan(begin, end - begin);
  const auto time_of = [&](uint32_t row) { return times[row]; };
  if (!std::ranges::is_sorted(rows, {}, time_of)) std::ranges::stable_sort(rows, {}, time_of);
  SortedRun run{.series = SeriesId(series),
                .row_begin = static_cast<uint32_t>(order.times.size()),
                .row_end = 0};
  for (uint32_t i = begin; i < end; ++i) {
    const int64_t time = times[order.rows[i]];
    if (i > begin && time == order.times.back()) {
      has_duplicates = true;
      continue;
    }
    order.times.push_back(time);
    order.starts.push_back(i);
  }
  run.row_end = static_cast<uint32_t>(order.times.size());
  order.runs.push_back(run);
}

}  // namespace

RowOrder MakeRowOrder(std::span<const uint32_t> series, std::span<const int64_t> times) {
  RowOrder order;
  if (series.empty()) return order;
  const uint32_t num_series = std::ranges::max(series) + 1;
  order.times.reserve(series.size());
  order.starts.reserve(series.size() + 1);
  bool has_duplicates = false;
  std::vector<uint32_t> ends;
  constexpr size_t kSeriesARow = 4;  // A guess: a comparison sort touches each row about 10 times.
  if (num_series > series.size() * kSeriesARow) {
    order.rows = ComparisonSort(series);
    for (uint32_t begin = 0; begin < order.rows.size();) {
      const uint32_t id = series[order.rows[begin]];
      uint32_t end = begin + 1;
      while (end < order.rows.size() && series[order.rows[end]] == id)
        ++end;
      AppendRun(times, id, begin, end, order, has_duplicates);
      begin = end;
    }
  } else {
    order.rows = CountingSort(series, num_series, ends);
    for (uint32_t id = 0; id < num_series; ++id) {
      if (ends[id] < ends[id + 1])
        AppendRun(times, id, ends[id], ends[id + 1], order, has_duplicates);
    }
  }
  if (has_duplicates) {
    order.starts.push_back(static_cast<uint32_t>(order.rows.size()));
  } else {
    order.starts.clear();
  }
  return order;
}

namespace {

template <typename T>
void Gather(const RowOrder& order, size_t begin, size_t end, const T* values,
            const uint8_t* validity, T* out, uint8_t* out_validity) {
  if (order.starts.empty()) {
    const uint32_t* rows = order.rows.data() + begin;
    for (size_t i = 0; i < end - begin; ++i)
      out[i] = values[rows[i]];
    for (size_t i = 0; i < end - begin; ++i)
      out_validity[i] = validity[rows[i]];
    return;
  }
  for (size_t i = begin; i < end; ++i) {
    // Newest first; what none has written stays NULL.
    uint32_t version = order.starts[i + 1] - 1;
    while (validity[order.rows[version]] == 0 && version > order.starts[i])
      --version;
    out[i - begin] = values[order.rows[version]];
    out_validity[i - begin] = validity[order.rows[version]];
  }
}

}  // namespace

void GatherBits(const RowOrder& order, size_t begin, size_t end, const uint64_t* bits,
                const uint8_t* validity, uint64_t* out_bits, uint8_t* out_validity) {
  Gather(order, begin, end, bits, validity, out_bits, out_validity);
}

void GatherStrings(const RowOrder& order, size_t begin, size_t end, const std::string_view* strings,
                   const uint8_t* validity, std::string_view* out_strings, uint8_t* out_validity) {
  Gather(order, begin, end, strings, validity, out_strings, out_validity);
}

}  // namespace stria::storage
