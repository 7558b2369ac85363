#include "storage/flush/flush_job.h"

#include <algorithm>
#include <map>
#include <utility>

#include "storage/format/column_encoder.h"
#include "storage/format/part_layout.h"
#include "storage/memtable/row_placement.h"
#include "storage/types/time_range.h"

namespace stria::storage {
namespace {

// A part with fewer rows goes together with the next partition's: its footer would outweigh it. Any
// query prunes by the part's times, whatever partitions it covers.
constexpr uint64_t kMinPartRows = 16 * 1024;

// Borders of time between parts, ascending; the first part begins before all times.
std::vector<int64_t> PartBorders(const RowPlacement& rows, int64_t partition_ns) {
  std::map<int64_t, uint64_t> rows_of;
  for (const SortedRun& run : rows.runs()) {
    auto rest = rows.times().first(run.row_end).subspan(run.row_begin);
    while (!rest.empty()) {
      const int64_t partition = FloorTo(rest.front(), partition_ns);
      const auto is_there = [&](int64_t time) { return FloorTo(time, partition_ns) == partition; };
      const auto end =
          is_there(rest.back()) ? rest.end() : std::ranges::partition_point(rest, is_there);
      const auto count = static_cast<size_t>(end - rest.begin());
      rows_of[partition] += count;
      rest = rest.subspan(count);
    }
  }
  std::vector<int64_t> borders;
  uint64_t num_rows = 0, num_left = rows.times().size();
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

// The tombstones that may hit a row of the memtable.
TombstoneList DeletesOf(const FlushInput& input) {
  if (input.tombstones == nullptr) return {};
  const Memtable& memtable = *input.memtable;
  return input.tombstones->Touching(memtable.min_time(), memtable.max_time(), memtable.last_seq());
}

// Columns are put in order and encoded one after the other, as wholes; in the part row groups
// follow each other.
Result<PartMeta> WritePlaced(const FlushInput& input, const PlacedPart& part,
                             const PartWriteOptions& options, PartFileWriter& writer) {
  const auto num_rows = static_cast<uint32_t>(part.num_rows());
  std::vector<PartColumn> columns;
  std::vector<std::vector<EncodedColumn>> encoded;  // By column, then row group.
  ColumnRows values;
  for (const auto& [id, type] : input.memtable->Columns()) {
    columns.push_back({id, type});
    values.id = id;
    values.type = type;
    input.memtable->PlaceColumn(part, values);
    ColumnEncoder encoder(type, options.profile());
    auto& groups = encoded.emplace_back();
    for (uint32_t begin = 0; begin < num_rows; begin += kMaxRowGroupRows) {
      encoder.AddAll(values, begin, std::min(begin + kMaxRowGroupRows, num_rows));
      groups.push_back(encoder.Finish());
    }
  }
  PartWriter& writing = writer.BeginPart(options, input.memtable->table(), columns);
  for (uint32_t begin = 0; begin < num_rows; begin += kMaxRowGroupRows) {
    const uint32_t end = std::min(begin + kMaxRowGroupRows, num_rows);
    for (size_t i = 0; i < columns.size(); ++i)
      writing.AddColumn(columns[i].id, encoded[i][begin / kMaxRowGroupRows]);
    writing.EndRowGroup(RunsWithin(part.runs, begin, end), part.times, begin, end);
  }
  return writer.EndPart();
}

}  // namespace

Result<std::vector<PartMeta>> FlushMemtable(const FlushInput& input, Lineage lineage,
                                            PartFileWriter& writer) {
  const Memtable& memtable = *input.memtable;
  const auto pieces = memtable.Pieces();
  RowPlacement placement(pieces, *input.ranks);
  const auto borders = PartBorders(placement, input.schema->partition_ns);
  const TombstoneList deletes = DeletesOf(input);
  RowPlacement::DeletedRanges deleted;
  if (!deletes.empty()) {
    deleted = [&](SeriesId series) {
      return deletes.DeletedRanges(series, memtable.min_time(), memtable.max_time(),
                                   memtable.last_seq());
    };
  }
  const PartWriteOptions options{
      .schema = input.schema,
      .key_of = input.key_of,
      .lineage = lineage,
      .seq_min = memtable.first_seq(),
      .seq_max = memtable.last_seq(),
      .deletes_seq = input.tombstones == nullptr ? 0 : input.tombstones->last_seq(),
      .level = 0,
      .may_overlap = [&](SeriesId series, int64_t first_time) {
        return input.flushed->Reaches(series, first_time);
      }};
  std::vector<PartMeta> parts;
  for (const PlacedPart& part : std::move(placement).Split(borders, deleted)) {
    if (part.num_rows() == 0) continue;
    STRIA_ASSIGN_OR_RETURN(auto meta, WritePlaced(input, part, options, writer));
    parts.push_back(std::move(meta));
    for (const SortedRun& run : part.runs)
      input.flushed->Note(run.series, part.times[run.row_end - 1]);
  }
  return parts;
}

}  // namespace stria::storage
