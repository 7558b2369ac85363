#include "storage/format/part_writer.h"

#include <algorithm>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/checksum.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/text.h"
#include "storage/format/overlap_set.h"
#include "storage/format/part_layout.h"

namespace stria::storage {
namespace {

void EncodeRuns(std::span<const DirectoryRun> runs, std::vector<std::byte>& bytes) {
  std::vector<uint64_t> values(runs.size());
  const auto append = [&](const auto& attribute, bool is_signed) {
    for (size_t i = 0; i < runs.size(); ++i)
      values[i] = static_cast<uint64_t>(attribute(runs[i]));
    EncodeIntegers(values, is_signed, bytes);
  };
  append([](const DirectoryRun& run) { return run.series.value(); }, false);
  append([](const DirectoryRun& run) { return run.num_rows; }, false);
  append([](const DirectoryRun& run) { return run.first_time; }, true);
  append(
      [](const DirectoryRun& run) {
        return static_cast<uint64_t>(run.last_time) - static_cast<uint64_t>(run.first_time);
      },
      false);
  append([](const DirectoryRun& run) { return run.step; }, true);
  append([](const DirectoryRun& run) { return run.times_bytes; }, false);
}

}  // namespace

PartWriter::PartWriter(PartWriteOptions options, TableId table, std::span<const PartColumn> columns,
                       std::vector<std::byte>& file)
    : options_(std::move(options)), file_(file) {
  footer_.lineage = options_.lineage;
  footer_.table = table;
  footer_.database_name = options_.schema->database;
  footer_.table_name = options_.schema->name;
  footer_.level = options_.level;
  footer_.seq_min = options_.seq_min;
  footer_.seq_max = options_.seq_max;
  footer_.deletes_seq = options_.deletes_seq;
  for (const auto& [id, type] : columns) {
    const ColumnSchema* schema = options_.schema->Find(id);
    footer_.columns.push_back({id, type, schema == nullptr ? std::string() : schema->name});
  }
  AppendInteger(kPartMagic, file_);
  AppendInteger(kPartVersion, file_);
  AppendInteger<uint32_t>(0, file_);
  length_ = kPartHeaderBytes;
}

// Appends what `fill` appends and its checksum.
template <typename Fill>
BlockRef PartWriter::WriteBlock(const Fill& fill) {
  const size_t begin = file_.size();
  const uint64_t offset = length_;
  fill(file_);
  AppendInteger(Checksum(std::span(file_).subspan(begin), offset), file_);
  length_ += file_.size() - begin;
  return {offset, file_.size() - begin};
}

void PartWriter::AddColumn(ColumnId id, const EncodedColumn& column) {
  STRIA_CHECK(group_.columns.size() < footer_.columns.size() &&
              footer_.columns[group_.columns.size()].id == id);
  STRIA_CHECK(group_.columns.empty() || column.num_rows == group_.num_rows);
  group_.num_rows = column.num_rows;
  ColumnChunkRef& chunk = group_.columns.emplace_back();
  auto rest = std::span(column.pages);
  const auto write = [&](std::span<const std::byte> payload) {
    return WriteBlock([&](auto& bytes) { AppendBytes(payload, bytes); });
  };
  for (const size_t length : column.page_lengths) {
    chunk.pages.push_back(length == 0 ? BlockRef() : write(rest.first(length)));
    rest = rest.subspan(length);
  }
  if (!column.zone_maps.empty()) chunk.zone_maps = write(column.zone_maps);
}

// Adds a run to the directory and to the row group that it lies in.
void PartWriter::AppendRun(const DirectoryRun& run, RowGroupRef& group) {
  group.min_time = std::min(group.min_time, run.first_time);
  group.max_time = std::max(group.max_time, run.last_time);
  if (options_.may_overlap != nullptr && options_.may_overlap(run.series, run.first_time)) {
    listed_.push_back(num_runs_);
  }
  runs_.push_back(run);
  ++group.num_runs;
  ++num_runs_;
  if (runs_.size() == kRunsPerDirectoryPage) {
    EncodeDirectoryPage(runs_);
    runs_.clear();
  }
}

void PartWriter::EndRowGroup(std::span<const SortedRun> runs, std::span<const int64_t> times,
                             uint32_t row_begin, uint32_t row_end) {
  STRIA_CHECK(row_begin < row_end && row_end - row_begin <= kMaxRowGroupRows);
  STRIA_CHECK(group_.columns.size() == footer_.columns.size());
  STRIA_CHECK(group_.columns.empty() || group_.num_rows == row_end - row_begin);
  RowGroupRef group = std::exchange(group_, {});
  group.num_rows = row_end - row_begin;
  group.first_run = num_runs_;
  group.min_time = std::numeric_limits<int64_t>::max();
  group.max_time = std::numeric_limits<int64_t>::min();
  std::vector<std::byte> encoded;
  uint32_t encoded_first_run = 0;
  const auto flush = [&] {
    if (encoded.empty()) return;
    const BlockRef block = WriteBlock([&](auto& bytes) { AppendBytes(encoded, bytes); });
    group.times.push_back({block, encoded_first_run});
    encoded.clear();
  };
  for (const SortedRun& run : runs) {
    const uint32_t begin = std::max(run.row_begin, row_begin);
    const uint32_t end = std::min(run.row_end, row_end);
    if (begin >= end) continue;
    const auto slice = times.subspan(begin, end - begin);
    DirectoryRun entry{.series = run.series,
                       .num_rows = end - begin,
                       .first_time = slice.front(),
                       .last_time = slice.back(),
                       .step = FindStep(slice),
                       .times_bytes = 0};
    if (entry.step == 0) {
      if (encoded.size() >= kTimesBlockBytes) flush();
      if (encoded.empty()) encoded_first_run = group.num_runs;
      const size_t before = encoded.size();
      EncodeTimes(slice, encoded);
      entry.times_bytes = static_cast<uint32_t>(encoded.size() - before);
    }
    AppendRun(entry, group);
  }
  flush();
  footer_.num_rows += group.num_rows;
  min_time_ = std::min(min_time_, group.min_time);
  max_time_ = std::max(max_time_, group.max_time);
  footer_.row_groups.push_back(std::move(group));
}

Status PartWriter::CopyRowGroup(PartReader& part, size_t index) {
  const RowGroupRef& source = part.footer().row_groups[index];
  STRIA_ASSIGN_OR_RETURN(const auto runs, part.ReadRuns(index));
  RowGroupRef group;
  group.num_rows = source.num_rows;
  group.first_run = num_runs_;
  group.min_time = std::numeric_limits<int64_t>::max();
  group.max_time = std::numeric_limits<int64_t>::min();
  const auto copy = [&](const BlockRef& ref) -> Result<BlockRef> {
    if (ref.length == 0) return BlockRef{};
    STRIA_ASSIGN_OR_RETURN(const auto block, part.ReadBlock(ref));
    return WriteBlock([&](auto& bytes) {
      AppendBytes(std::span(*block).first(block->size() - kBlockChecksumBytes), bytes);
    });
  };
  for (const auto& column : footer_.columns) {
    ColumnChunkRef chunk;
    const auto& columns = part.footer().columns;
    const auto found = std::ranges::find_if(columns, [&](const FooterColumn& other) {
      return other.id == column.id && other.type == column.type;
    });
    if (found != columns.end()) {
      const auto& from = source.columns[static_cast<size_t>(found - columns.begin())];
      for (const auto& page : from.pages) {
        STRIA_ASSIGN_OR_RETURN(const auto ref, copy(page));
        chunk.pages.push_back(ref);
      }
      STRIA_ASSIGN_OR_RETURN(chunk.zone_maps, copy(from.zone_maps));
    }
    group.columns.push_back(std::move(chunk));
  }
  for (const auto& times : source.times) {
    STRIA_ASSIGN_OR_RETURN(const auto ref, copy(times.block));
    group.times.push_back({ref, times.first_run});
  }
  for (const auto& run : runs)
    AppendRun(run, group);
  footer_.num_rows += group.num_rows;
  min_time_ = std::min(min_time_, group.min_time);
  max_time_ = std::max(max_time_, group.max_time);
  footer_.row_groups.push_back(std::move(group));
  return Status::Ok();
}

void PartWriter::EncodeDirectoryPage(std::span<const DirectoryRun> runs) {
  DirectoryPageRef page;
  page.num_runs = static_cast<uint32_t>(runs.size());
  page.first_key = options_.key_of(runs.front().series);
  page.min_time = std::ranges::min(runs, {}, &DirectoryRun::first_time).first_time;
  page.max_time = std::ranges::max(runs, {}, &DirectoryRun::last_time).last_time;
  DirectoryBytes bytes;
  EncodeRuns(runs, bytes.runs);
  std::vector<std::string> keys;
  for (const auto& run : runs)
    keys.push_back(options_.key_of(run.series));
  const std::vector<std::string_view> texts(keys.begin(), keys.end());
  EncodeText(texts, options_.profile(), bytes.keys);
  directory_.push_back(std::move(bytes));
  footer_.directory.push_back(std::move(page));
}

void PartWriter::WriteDirectory() {
  if (!runs_.empty()) EncodeDirectoryPage(runs_);
  for (size_t i = 0; i < directory_.size(); ++i) {
    auto& page = footer_.directory[i];
    page.runs = WriteBlock([&](auto& bytes) { AppendBytes(directory_[i].runs, bytes); });
    page.keys = WriteBlock([&](auto& bytes) { AppendBytes(directory_[i].keys, bytes); });
  }
}

PartMeta PartWriter::Finish() {
  STRIA_CHECK(footer_.num_rows > 0);
  WriteDirectory();
  footer_.num_runs = num_runs_;
  if (options_.may_overlap != nullptr) footer_.overlap = EncodeOverlapSet(listed_);
  const BlockRef footer = WriteBlock([&](auto& bytes) { EncodePartFooter(footer_, bytes); });
  AppendInteger(static_cast<uint32_t>(footer.length), file_);
  AppendInteger(kPartVersion, file_);
  AppendInteger(kPartEndMagic, file_);
  length_ += kPartTrailerBytes;

  PartMeta meta;
  meta.length = length_;
  meta.table = footer_.table;
  meta.num_rows = footer_.num_rows;
  meta.num_runs = num_runs_;
  meta.min_time = min_time_;
  meta.max_time = max_time_;
  meta.seq_min = options_.seq_min;
  meta.seq_max = options_.seq_max;
  meta.deletes_seq = options_.deletes_seq;
  meta.level = options_.level;
  return meta;
}

std::span<const SortedRun> RunsWithin(std::span<const SortedRun> runs, uint32_t row_begin,
                                      uint32_t row_end) {
  const auto begin = std::ranges::upper_bound(runs, row_begin, {}, &SortedRun::row_end);
  const auto end = std::ranges::lower_bound(begin, runs.end(), row_end, {}, &SortedRun::row_begin);
  return {begin, end};
}

PartMeta WritePart(const SortedRows& rows, const PartWriteOptions& options,
                   std::vector<std::byte>& file) {
  const size_t begin = file.size();
  std::vector<PartColumn> columns;
  for (const auto& column : rows.columns)
    columns.push_back({column.id, column.type});
  PartWriter writer(options, rows.table, columns, file);
  const auto num_rows = static_cast<uint32_t>(rows.num_rows());
  for (uint32_t row = 0; row < num_rows; row += kMaxRowGroupRows) {
    const uint32_t end = std::min(row + kMaxRowGroupRows, num_rows);
    for (const auto& column : rows.columns) {
      ColumnEncoder encoder(column.type, options.profile());
      encoder.AddAll(column, row, end);
      writer.AddColumn(column.id, encoder.Finish());
    }
    writer.EndRowGroup(RunsWithin(rows.runs, row, end), rows.times, row, end);
  }
  PartMeta meta = writer.Finish();
  meta.offset = begin;
  return meta;
}

}  // namespace stria::storage
