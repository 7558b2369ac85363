#include "storage/flush/flush_job.h"

#include <algorithm>
#include <limits>
#include <map>

#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

// A part with fewer rows goes together with the next partition's: its footer would outweigh it. Any
// query prunes by the part's times, whatever partitions it covers.
constexpr uint64_t kMinPartRows = 16 * 1024;

// Borders of time between parts, ascending; the first part begins before all times.
std::vector<int64_t> PartBorders(const RowOrder& order, int64_t partition_ns) {
  std::map<int64_t, uint64_t> rows_of;
  for (const int64_t time : order.times)
    ++rows_of[FloorTo(time, partition_ns)];
  std::vector<int64_t> borders;
  uint64_t num_rows = 0, num_left = order.num_rows();
  for (const auto& [partition, count] : rows_of) {
    if (num_rows >= kMinPartRows && num_left >= kMinPartRows) {
      borders.push_back(partition);
      num_rows = 0;
    }
    num_rows += count;
    num_left -= count;
  }
  return borders;
}

}  // namespace

Result<std::vector<PartMeta>> FlushMemtable(const FlushInput& input, Lineage lineage,
                                            PartFileWriter& writer) {
  const uint64_t num_rows = input.memtable->num_rows();
  const RowOrder order = input.memtable->OrderAll(num_rows, *input.ranks);
  const PartWriteOptions options{.schema = input.schema,
                                 .key_of = input.key_of,
                                 .lineage = lineage,
                                 .seq_min = input.memtable->first_seq(),
                                 .seq_max = input.memtable->last_seq(),
                                 .deletes_seq = 0,
                                 .level = 0,
                                 .may_overlap = [&](SeriesId series, int64_t first_time) {
                                   return input.flushed->Reaches(series, first_time);
                                 }};
  std::vector<PartMeta> parts;
  const auto add = [&](const RowOrder& slice) -> Status {
    STRIA_ASSIGN_OR_RETURN(auto meta, writer.Add(input.memtable->Gather(slice, num_rows), options));
    parts.push_back(std::move(meta));
    for (const auto& run : slice.runs)
      input.flushed->Note(run.series, slice.times[run.row_end - 1]);
    return Status::Ok();
  };
  const auto borders = PartBorders(order, input.schema->partition_ns);
  if (borders.empty()) {
    STRIA_RETURN_IF_ERROR(add(order));
    return parts;
  }
  int64_t begin = std::numeric_limits<int64_t>::min();
  for (size_t i = 0; i <= borders.size(); ++i) {
    const int64_t end = i < borders.size() ? borders[i] : std::numeric_limits<int64_t>::max();
    STRIA_RETURN_IF_ERROR(add(order.SliceByTime(begin, end)));
    begin = end;
  }
  return parts;
}

}  // namespace stria::storage
