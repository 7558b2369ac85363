#include "storage/compaction/compaction_job.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "storage/base/errors.h"
#include "storage/base/kill_point.h"
#include "storage/format/column_encoder.h"
#include "storage/format/part_layout.h"
#include "storage/types/vector_view.h"

namespace stria::storage {
namespace {

// Values of a row group, NULLs included: one takes some tenths of a second. Wide tables have
// shorter row groups for that, down to one page.
constexpr uint64_t kMaxGroupValues = 64 << 20;
constexpr uint32_t kMinGroupRows = kVectorsPerPage * kVectorRows;

uint32_t GroupRowsFor(size_t num_columns) {
  const uint64_t rows = kMaxGroupValues / std::max<size_t>(num_columns, 1);
  const uint64_t pages = std::max<uint64_t>(rows / kMinGroupRows, 1);
  return static_cast<uint32_t>(std::min<uint64_t>(pages * kMinGroupRows, kMaxRowGroupRows));
}

// Rows that are merged at once: so few that a row group is nearly full when the next do not fit.
constexpr size_t kMaxMergedRows = 8'192;

// The fields that occur in some part and still are in the schema, by id.
std::vector<PartColumn> ColumnsOf(const CompactionInput& input) {
  std::map<ColumnId, DataType> found;
  for (const auto& part : input.parts) {
    for (const auto& column : part.reader->footer().columns)
      found.emplace(column.id, column.type);
  }
  std::unordered_map<ColumnId, DataType> in_schema;
  for (const auto& column : input.schema->columns) {
    if (column.role == ColumnRole::kField) in_schema.emplace(column.id, column.type);
  }
  std::vector<PartColumn> columns;
  for (const auto& [id, type] : found) {
    const auto column = in_schema.find(id);
    if (column != in_schema.end() && column->second == type) columns.push_back({id, type});
  }
  return columns;
}

}  // namespace

// What makes a row group: rows as they are in a source, and merged ones.
struct CompactionJob::GroupRows {
  struct Span {
    RunSource* source = nullptr;  // Null: merged, as the next of `merged`.
    uint32_t row_begin = 0, row_end = 0;
  };

  std::vector<SortedRun> runs;
  std::vector<int64_t> times;
  std::vector<Span> spans;
  std::vector<MergedRows> merged;
  std::vector<std::shared_ptr<OpenGroup>> groups;  // That hold the rows, each once.

  void Add(SeriesId series, uint32_t first_row) {
    const auto end = static_cast<uint32_t>(times.size());
    if (!runs.empty() && runs.back().series == series) {
      runs.back().row_end = end;
    } else {
      runs.push_back({.series = series, .row_begin = first_row, .row_end = end});
    }
  }
};

CompactionJob::~CompactionJob() {
  if (part_ != nullptr) writer_.AbandonPart();
}

Status CompactionJob::Start() {
  KillPoint("compaction.read");
  columns_ = ColumnsOf(input_);
  group_rows_ = GroupRowsFor(columns_.size());
  for (size_t i = 0; i < input_.parts.size(); ++i) {
    const auto& [meta, reader] = input_.parts[i];
    if (reader->footer().lineage != input_.lineage) {
      return Corruption("part {} at {} was written by another shard", meta.file, meta.offset);
    }
    cursors_.emplace_back(i, meta, reader, *input_.ranks);
    STRIA_RETURN_IF_ERROR(cursors_.back().Start());
  }
  started_ = true;
  return Status::Ok();
}

Result<bool> CompactionJob::Step() {
  if (!started_) STRIA_RETURN_IF_ERROR(Start());
  while (pending_rows_ < group_rows_) {
    PartCursor* first = First();
    if (first == nullptr) break;
    STRIA_ASSIGN_OR_RETURN(const bool copies, CanCopy(*first));
    if (copies) {
      if (!pending_.empty()) break;  // First what comes before it.
      STRIA_RETURN_IF_ERROR(Copy(*first));
      return true;
    }
    STRIA_RETURN_IF_ERROR(TakeCluster());
  }
  if (pending_.empty()) return false;
  STRIA_RETURN_IF_ERROR(WriteGroup());
  return true;
}

// The cursor whose run comes first; of equal ones, the oldest part's.
PartCursor* CompactionJob::First() {
  PartCursor* first = nullptr;
  for (auto& cursor : cursors_) {
    if (cursor.has_run() && (first == nullptr || cursor.position() < first->position()))
      first = &cursor;
  }
  return first;
}

Result<bool> CompactionJob::CanCopy(const PartCursor& cursor) {
  const RunSource& source = *cursor.group()->source;
  if (!cursor.at_begin_of_group() || cursor.meta().level == 0 ||
      source.num_rows() < group_rows_ / 4) {
    return false;
  }
  const RowGroupRef& group = cursor.reader().footer().row_groups[cursor.group()->index];
  if (input_.tombstones != nullptr &&
      input_.tombstones->Touches(group.min_time, group.max_time, cursor.meta().applied_deletes())) {
    return false;
  }
  STRIA_ASSIGN_OR_RETURN(const RunPosition end, cursor.EndOfGroup());
  for (const auto& other : cursors_) {
    if (&other != &cursor && other.has_run() && other.position() <= end) return false;
  }
  return !HasDroppedColumn(cursor);
}

bool CompactionJob::HasDroppedColumn(const PartCursor& cursor) const {
  const PartFooter& footer = cursor.reader().footer();
  const RowGroupRef& group = footer.row_groups[cursor.group()->index];
  for (size_t i = 0; i < footer.columns.size(); ++i) {
    if (group.columns[i].pages.empty()) continue;
    const auto& column = footer.columns[i];
    const auto kept = std::ranges::lower_bound(columns_, column.id, {}, &PartColumn::id);
    if (kept == columns_.end() || kept->id != column.id || kept->type != column.type) return true;
  }
  return false;
}

PartWriter& CompactionJob::Writer() {
  if (part_ != nullptr) return *part_;
  PartWriteOptions options{
      .schema = input_.schema,
      .key_of = input_.key_of,
      .lineage = input_.lineage,
      .seq_min = std::numeric_limits<uint64_t>::max(),
      .seq_max = 0,
      .deletes_seq = input_.tombstones == nullptr ? 0 : input_.tombstones->last_seq(),
      .level = 1,
      .may_overlap = [this](SeriesId series, int64_t) {
        return std::ranges::binary_search(listed_, series);
      }};
  for (const auto& [meta, reader] : input_.parts) {
    options.seq_min = std::min(options.seq_min, meta.seq_min);
    options.seq_max = std::max(options.seq_max, meta.seq_max);
    options.deletes_seq = std::max(options.deletes_seq, meta.deletes_seq);
  }
  part_ = &writer_.BeginPart(options, input_.schema->id, columns_);
  return *part_;
}

Status CompactionJob::Copy(PartCursor& cursor) {
  KillPoint("compaction.copy");
  listed_.clear();
  if (input_.has_older_reach) {
    for (const SourceRun& run : cursor.group()->source->runs()) {
      if (run.may_overlap) listed_.push_back(run.series);
    }
    std::ranges::sort(listed_);
  }
  rows_copied_ += cursor.group()->source->num_rows();
  STRIA_RETURN_IF_ERROR(Writer().CopyRowGroup(cursor.reader(), cursor.group()->index));
  STRIA_RETURN_IF_ERROR(cursor.SkipGroup());
  return writer_.WriteOutPart();
}

// Takes the first run, and the runs of other parts that overlap it in time, directly or one over
// the other.
Status CompactionJob::TakeCluster() {
  struct Found {
    size_t part = 0;
    RunSlice slice;
  };
  std::vector<Found> found;
  std::vector<std::shared_ptr<OpenGroup>> groups;
  const RunPosition begin = First()->position();
  const SeriesId series = First()->run().series;
  bool may_overlap = false;
  int64_t last_time = std::numeric_limits<int64_t>::min();
  for (PartCursor* next = First(); next != nullptr; next = First()) {
    if (next->position().first != begin.first) break;
    const SourceRun& run = next->run();
    if (!found.empty() && run.first_time > last_time) break;
    last_time = std::max(last_time, run.last_time);
    may_overlap |= run.may_overlap;
    found.push_back({next->group()->part,
                     {next->group()->source.get(), next->run_index(), run.row_begin, run.row_end}});
    if (groups.empty() || groups.back() != next->group()) groups.push_back(next->group());
    STRIA_RETURN_IF_ERROR(next->Advance());
  }
  std::ranges::stable_sort(found, {}, &Found::part);  // Oldest first.
  std::vector<RunSlice> slices;
  for (const auto& [part, slice] : found) {
    const SourceRun& run = slice.source->runs()[slice.run];
    const uint64_t applied = input_.parts[part].meta.applied_deletes();
    if (input_.tombstones == nullptr ||
        !input_.tombstones->Touches(run.first_time, run.last_time, applied)) {
      slices.push_back(slice);
      continue;
    }
    STRIA_RETURN_IF_ERROR(AppendSurviving(
        slice, input_.tombstones->DeletedRanges(series, run.first_time, run.last_time, applied),
        slices));
  }
  return AddPieces(std::move(slices), series, may_overlap && input_.has_older_reach, groups);
}

Status CompactionJob::AddPieces(std::vector<RunSlice> slices, SeriesId series, bool may_overlap,
                                const std::vector<std::shared_ptr<OpenGroup>>& groups) {
  const auto add = [&](MergePiece piece) {
    Pending pending{.piece = std::move(piece),
                    .num_rows = 0,
                    .series = series,
                    .may_overlap = may_overlap,
                    .groups = groups};
    for (const RunSlice& slice : pending.piece.slices)
      pending.num_rows += slice.row_end - slice.row_begin;
    pending_rows_ += pending.num_rows;
    pending_.push_back(std::move(pending));
  };
  if (slices.size() == 1) {
    add({.slices = std::move(slices)});
    return Status::Ok();
  }
  STRIA_ASSIGN_OR_RETURN(auto plan, PlanMerge(slices));
  for (auto& piece : plan) {
    if (piece.slices.size() == 1) {
      add(std::move(piece));
      continue;
    }
    STRIA_ASSIGN_OR_RETURN(auto parts, SplitByTime(std::move(piece), kMaxMergedRows));
    for (auto& part : parts)
      add(std::move(part));
  }
  return Status::Ok();
}

// Takes as many of the rows that wait as a row group holds.
Result<CompactionJob::GroupRows> CompactionJob::TakeRows() {
  GroupRows rows;
  rows.times.reserve(std::min<size_t>(pending_rows_, group_rows_));
  listed_.clear();
  while (!pending_.empty() && rows.times.size() < group_rows_) {
    Pending& next = pending_.front();
    const size_t before = rows.times.size();
    const size_t room = group_rows_ - before;
    const bool is_merged = next.piece.slices.size() > 1;
    if (is_merged && next.num_rows > room) break;
    for (const auto& group : next.groups) {
      if (std::ranges::find(rows.groups, group) == rows.groups.end()) rows.groups.push_back(group);
    }
    if (next.may_overlap) listed_.push_back(next.series);
    if (is_merged) {
      STRIA_ASSIGN_OR_RETURN(auto merged, MergedRows::Make(std::move(next.piece), rows.times));
      rows.merged.push_back(std::move(merged));
      rows.spans.push_back({});
      rows.Add(next.series, static_cast<uint32_t>(before));
      pending_rows_ -= next.num_rows;
      pending_.pop_front();
      continue;
    }
    RunSlice& slice = next.piece.slices.front();
    const uint32_t end =
        slice.row_begin + static_cast<uint32_t>(std::min<size_t>(room, next.num_rows));
    STRIA_ASSIGN_OR_RETURN(const auto times, slice.source->Times(slice.run));
    const uint32_t run_begin = slice.source->runs()[slice.run].row_begin;
    const auto taken = times.subspan(slice.row_begin - run_begin, end - slice.row_begin);
    rows.times.insert(rows.times.end(), taken.begin(), taken.end());
    if (!rows.spans.empty() && rows.spans.back().source == slice.source &&
        rows.spans.back().row_end == slice.row_begin) {
      rows.spans.back().row_end = end;
    } else {
      rows.spans.push_back({slice.source, slice.row_begin, end});
    }
    rows.Add(next.series, static_cast<uint32_t>(before));
    pending_rows_ -= taken.size();
    next.num_rows -= taken.size();
    slice.row_begin = end;
    if (next.num_rows == 0) pending_.pop_front();
  }
  std::ranges::sort(listed_);
  return rows;
}

Status CompactionJob::WriteGroup() {
  STRIA_ASSIGN_OR_RETURN(const GroupRows rows, TakeRows());
  KillPoint("compaction.write");
  for (const auto& column : columns_)
    STRIA_RETURN_IF_ERROR(WriteColumn(column, rows));
  Writer().EndRowGroup(rows.runs, rows.times, 0, static_cast<uint32_t>(rows.times.size()));
  return writer_.WriteOutPart();
}

bool CompactionJob::HasValues(const PartColumn& column, const OpenGroup& group) const {
  const PartFooter& footer = input_.parts[group.part].reader->footer();
  const auto found = std::ranges::find(footer.columns, column.id, &FooterColumn::id);
  if (found == footer.columns.end()) return false;
  const auto index = static_cast<size_t>(found - footer.columns.begin());
  return !footer.row_groups[group.index].columns[index].pages.empty();
}

Status CompactionJob::WriteColumn(const PartColumn& column, const GroupRows& rows) {
  const auto num_rows = static_cast<uint32_t>(rows.times.size());
  const bool has_values = std::ranges::any_of(
      rows.groups, [&](const auto& group) { return HasValues(column, *group); });
  ColumnEncoder encoder(column.type, EncodingProfile::kDense);
  if (!has_values) {
    encoder.AddNulls(num_rows);
    Writer().AddColumn(column.id, encoder.Finish());
    return Status::Ok();
  }
  ColumnRows values{
      .id = column.id, .type = column.type, .bits = {}, .strings = {}, .validity = {}};
  size_t row = 0;
  auto merged = rows.merged.begin();
  for (const auto& span : rows.spans) {
    if (span.source == nullptr) {
      STRIA_RETURN_IF_ERROR(merged->AppendColumn(row, values));
      row += merged++->num_rows();
    } else {
      STRIA_RETURN_IF_ERROR(AppendColumn(*span.source, span.row_begin, span.row_end, row, values));
      row += span.row_end - span.row_begin;
    }
  }
  encoder.AddAll(values, 0, num_rows);
  Writer().AddColumn(column.id, encoder.Finish());
  for (const auto& group : rows.groups)
    group->source->ForgetColumn(column.id);
  return Status::Ok();
}

Result<std::optional<PartMeta>> CompactionJob::Finish() {
  if (part_ == nullptr) return std::optional<PartMeta>();
  part_ = nullptr;
  STRIA_ASSIGN_OR_RETURN(PartMeta meta, writer_.EndPart());
  return std::optional(std::move(meta));
}

}  // namespace stria::storage
