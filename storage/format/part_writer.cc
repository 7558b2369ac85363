#include "storage/format/part_writer.h"

#include <algorithm>
#include <limits>
#include <span>

#include "storage/base/bytes.h"
#include "storage/base/check.h"
#include "storage/base/checksum.h"
#include "storage/encoding/integers.h"
#include "storage/encoding/linear_time.h"
#include "storage/encoding/strings.h"
#include "storage/encoding/vector_codec.h"
#include "storage/format/part_layout.h"
#include "storage/format/zone_map.h"

namespace stria::storage {
namespace {

// A run as the directory keeps it; does not cross a row group's end.
struct DirectoryRun {
  SeriesId series;
  uint32_t num_rows = 0;
  int64_t first_time = 0;
  int64_t last_time = 0;
  int64_t step = 0;
  uint32_t times_bytes = 0;
};

class PartWriter {
 public:
  PartWriter(const SortedRows& rows, const PartWriteOptions& options, std::vector<std::byte>& file)
      : rows_(rows), options_(options), file_(file), begin_(file.size()) {}

  PartMeta Write() {
    STRIA_CHECK(rows_.num_rows() > 0);
    AppendInteger(kPartMagic, file_);
    AppendInteger(kPartVersion, file_);
    AppendInteger<uint32_t>(0, file_);
    FillHead();
    for (size_t row = 0; row < rows_.num_rows(); row += kMaxRowGroupRows) {
      const size_t end = std::min<size_t>(row + kMaxRowGroupRows, rows_.num_rows());
      WriteRowGroup(static_cast<uint32_t>(row), static_cast<uint32_t>(end));
    }
    WriteDirectory();
    footer_.num_runs = runs_.size();
    footer_.overlap = options_.overlap;
    const BlockRef footer = WriteBlock([&](auto& bytes) { EncodePartFooter(footer_, bytes); });
    AppendInteger(static_cast<uint32_t>(footer.length), file_);
    AppendInteger(kPartVersion, file_);
    AppendInteger(kPartEndMagic, file_);
    return Meta();
  }

 private:
  void FillHead() {
    footer_.lineage = options_.lineage;
    footer_.table = rows_.table;
    footer_.database_name = options_.schema->database;
    footer_.table_name = options_.schema->name;
    footer_.level = options_.level;
    footer_.seq_min = options_.seq_min;
    footer_.seq_max = options_.seq_max;
    footer_.num_rows = rows_.num_rows();
    for (const auto& column : rows_.columns) {
      const ColumnSchema* schema = options_.schema->Find(column.id);
      footer_.columns.push_back(
          {column.id, column.type, schema == nullptr ? std::string() : schema->name});
    }
  }

  // Appends what `fill` appends and its checksum.
  template <typename Fill>
  BlockRef WriteBlock(const Fill& fill) {
    const size_t begin = file_.size();
    fill(file_);
    const uint64_t offset = begin - begin_;
    AppendInteger(Checksum(std::span(file_).subspan(begin), offset), file_);
    return {offset, file_.size() - begin};
  }

  void WriteRowGroup(uint32_t row_begin, uint32_t row_end) {
    RowGroupRef group;
    group.num_rows = row_end - row_begin;
    group.first_run = runs_.size();
    for (const auto& column : rows_.columns) {
      group.columns.push_back(WriteColumn(column, row_begin, row_end));
    }
    WriteTimes(row_begin, row_end, group);
    footer_.row_groups.push_back(std::move(group));
  }

  ColumnChunkRef WriteColumn(const ColumnRows& column, uint32_t row_begin, uint32_t row_end) {
    ColumnChunkRef chunk;
    std::vector<ZoneMap> zones;
    std::vector<uint64_t> lengths;
    bool any_value = false;
    constexpr uint32_t kPageRows = kVectorsPerPage * kVectorRows;
    for (uint32_t page = row_begin; page < row_end; page += kPageRows) {
      const uint32_t page_end = std::min(page + kPageRows, row_end);
      vectors_.clear();
      lengths.clear();
      uint32_t num_valid = 0;
      for (uint32_t row = page; row < page_end; row += kVectorRows) {
        const VectorInput input = Slice(column, row, std::min(row + kVectorRows, page_end));
        zones.push_back(MakeZoneMap(input));
        num_valid += zones.back().num_valid;
        const size_t before = vectors_.size();
        EncodeVector(input, vectors_);
        lengths.push_back(vectors_.size() - before);
      }
      if (num_valid == 0) {
        chunk.pages.emplace_back();
        continue;
      }
      any_value = true;
      chunk.pages.push_back(WriteBlock([&](auto& bytes) {
        EncodeIntegers(lengths, false, bytes);
        AppendBytes(vectors_, bytes);
      }));
    }
    if (!any_value) return {};
    chunk.zone_maps = WriteBlock([&](auto& bytes) { EncodeZoneMaps(zones, bytes); });
    return chunk;
  }

  static VectorInput Slice(const ColumnRows& column, uint32_t begin, uint32_t end) {
    VectorInput input;
    input.type = column.type;
    if (column.type == DataType::kString) {
      input.strings = std::span(column.strings).subspan(begin, end - begin);
    } else {
      input.bits = std::span(column.bits).subspan(begin, end - begin);
    }
    if (!column.validity.empty()) {
      input.validity = std::span(column.validity).subspan(begin, end - begin);
    }
    return input;
  }

  // Adds the runs of the row group to the directory, and writes the times of those that need it.
  void WriteTimes(uint32_t row_begin, uint32_t row_end, RowGroupRef& group) {
    group.min_time = std::numeric_limits<int64_t>::max();
    group.max_time = std::numeric_limits<int64_t>::min();
    std::vector<std::byte> times;
    uint32_t times_first_run = 0;
    const auto flush = [&] {
      if (times.empty()) return;
      const BlockRef block = WriteBlock([&](auto& bytes) { AppendBytes(times, bytes); });
      group.times.push_back({block, times_first_run});
      times.clear();
    };
    // A run that the group before cut goes on here.
    for (; next_run_ < rows_.runs.size() && rows_.runs[next_run_].row_begin < row_end;
         ++next_run_) {
      const SortedRun& run = rows_.runs[next_run_];
      const uint32_t begin = std::max(run.row_begin, row_begin);
      const uint32_t end = std::min(run.row_end, row_end);
      const auto slice = std::span(rows_.times).subspan(begin, end - begin);
      DirectoryRun entry{.series = run.series,
                         .num_rows = end - begin,
                         .first_time = slice.front(),
                         .last_time = slice.back(),
                         .step = FindStep(slice),
                         .times_bytes = 0};
      if (entry.step == 0) {
        if (times.size() >= kTimesBlockBytes) flush();
        if (times.empty()) times_first_run = group.num_runs;
        const size_t before = times.size();
        EncodeTimes(slice, times);
        entry.times_bytes = static_cast<uint32_t>(times.size() - before);
      }
      group.min_time = std::min(group.min_time, entry.first_time);
      group.max_time = std::max(group.max_time, entry.last_time);
      runs_.push_back(entry);
      ++group.num_runs;
      if (run.row_end > row_end) break;
    }
    flush();
  }

  void WriteDirectory() {
    for (size_t begin = 0; begin < runs_.size(); begin += kRunsPerDirectoryPage) {
      const auto runs = std::span(runs_).subspan(
          begin, std::min<size_t>(kRunsPerDirectoryPage, runs_.size() - begin));
      DirectoryPageRef page;
      page.num_runs = static_cast<uint32_t>(runs.size());
      page.first_key = options_.key_of(runs.front().series);
      page.min_time = std::ranges::min(runs, {}, &DirectoryRun::first_time).first_time;
      page.max_time = std::ranges::max(runs, {}, &DirectoryRun::last_time).last_time;
      page.runs = WriteBlock([&](auto& bytes) { EncodeRuns(runs, bytes); });
      std::vector<std::string> keys;
      for (const auto& run : runs)
        keys.push_back(options_.key_of(run.series));
      page.keys = WriteBlock([&](auto& bytes) { EncodeText(std::vector<std::string_view>(keys.begin(), keys.end()), bytes); });
      footer_.directory.push_back(std::move(page));
    }
  }

  static void EncodeRuns(std::span<const DirectoryRun> runs, std::vector<std::byte>& bytes) {
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

  PartMeta Meta() const {
    PartMeta meta;
    meta.offset = begin_;
    meta.length = file_.size() - begin_;
    meta.table = rows_.table;
    meta.num_rows = rows_.num_rows();
    meta.num_runs = runs_.size();
    meta.min_time = std::ranges::min(runs_, {}, &DirectoryRun::first_time).first_time;
    meta.max_time = std::ranges::max(runs_, {}, &DirectoryRun::last_time).last_time;
    meta.seq_min = options_.seq_min;
    meta.seq_max = options_.seq_max;
    meta.level = options_.level;
    return meta;
  }

  const SortedRows& rows_;
  const PartWriteOptions& options_;
  std::vector<std::byte>& file_;
  const size_t begin_;
  PartFooter footer_;
  std::vector<DirectoryRun> runs_;
  size_t next_run_ = 0;
  std::vector<std::byte> vectors_;  // Of the page that is being written.
};

}  // namespace

PartMeta WritePart(const SortedRows& rows, const PartWriteOptions& options,
                   std::vector<std::byte>& file) {
  return PartWriter(rows, options, file).Write();
}

}  // namespace stria::storage
