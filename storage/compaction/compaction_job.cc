#include "storage/compaction/compaction_job.h"

#include <algorithm>
#include <limits>
#include <map>

#include "storage/base/kill_point.h"
#include "storage/merge/run_merge.h"

namespace stria::storage {
namespace {

// The field columns that occur in some part, as the schema has them.
std::vector<std::pair<ColumnId, DataType>> ColumnsOf(const CompactionInput& input) {
  std::map<ColumnId, DataType> columns;
  for (const auto& part : input.parts) {
    for (const auto& column : part->footer().columns)
      columns.emplace(column.id, column.type);
  }
  return {columns.begin(), columns.end()};
}

}  // namespace

Result<PartMeta> CompactParts(const CompactionInput& input, Lineage lineage,
                              PartFileWriter& writer) {
  KillPoint("compaction.read");
  std::vector<std::unique_ptr<RunSource>> sources;
  // Position in the order of keys -> the runs of that series, oldest first.
  std::map<uint32_t, std::vector<RunSlice>> runs_of;
  PartWriteOptions options{.schema = input.schema,
                           .key_of = input.key_of,
                           .lineage = lineage,
                           .seq_min = std::numeric_limits<uint64_t>::max(),
                           .seq_max = 0,
                           .level = 1,
                           .overlap = {}};
  size_t num_rows = 0;
  for (const auto& part : input.parts) {
    options.seq_min = std::min(options.seq_min, part->footer().seq_min);
    options.seq_max = std::max(options.seq_max, part->footer().seq_max);
    num_rows += part->footer().num_rows;
    for (size_t group = 0; group < part->num_row_groups(); ++group) {
      STRIA_ASSIGN_OR_RETURN(auto source, part->OpenRowGroup(group, {}));
      if (source == nullptr) continue;
      const auto runs = source->runs();
      for (uint32_t run = 0; run < runs.size(); ++run) {
        const uint32_t rank = (*input.ranks)[runs[run].series.value()];
        runs_of[rank].push_back({source.get(), run, runs[run].row_begin, runs[run].row_end});
      }
      sources.push_back(std::move(source));
    }
  }
  const auto columns = ColumnsOf(input);
  SortedRows rows;
  rows.table = input.schema->id;
  rows.times.reserve(num_rows);
  for (const auto& [id, type] : columns) {
    rows.columns.push_back({.id = id, .type = type, .bits = {}, .strings = {}, .validity = {}});
    if (type != DataType::kString) rows.columns.back().bits.reserve(num_rows);
    rows.columns.back().validity.reserve(num_rows);
  }
  for (const auto& [rank, runs] : runs_of) {
    const SeriesId series = runs[0].source->runs()[runs[0].run].series;
    STRIA_ASSIGN_OR_RETURN(const auto plan, PlanMerge(runs));
    for (const auto& piece : plan) {
      STRIA_RETURN_IF_ERROR(AppendMerged(piece, series, rows));
    }
  }
  for (auto& column : rows.columns) {
    if (std::ranges::find(column.validity, 0) == column.validity.end()) column.validity.clear();
  }
  KillPoint("compaction.write");
  return writer.Add(rows, options);
}

}  // namespace stria::storage
