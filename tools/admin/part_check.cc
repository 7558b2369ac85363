#include "tools/admin/part_check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include <fmt/core.h>

#include "storage/format/part_layout.h"
#include "storage/types/series_key.h"

namespace stria::admin {
namespace {

using storage::BlockRef;
using storage::PartFooter;
using storage::RowGroupRef;
using storage::SourceRun;

constexpr size_t kMaxProblems = 100;  // More say nothing new of one file.

double AsDouble(DataType type, uint64_t bits) {
  switch (type) {
    case DataType::kFloat64: return std::bit_cast<double>(bits);
    case DataType::kUint64: return static_cast<double>(bits);
    default: return static_cast<double>(static_cast<int64_t>(bits));
  }
}

class PartChecker {
 public:
  PartChecker(storage::PartReader& part, const storage::PartMeta& meta, const KeyOfSeries& key_of)
      : part_(part), footer_(part.footer()), meta_(meta), key_of_(key_of) {}

  PartCheck Run() {
    CheckFooter();
    CheckBlocks();
    ReadAllKeys();
    for (size_t group = 0; group < footer_.row_groups.size(); ++group)
      CheckRowGroup(group);
    return std::move(result_);
  }

 private:
  template <typename... Args>
  void Problem(fmt::format_string<Args...> format, Args&&... args) {
    if (result_.problems.size() < kMaxProblems) {
      result_.problems.push_back(fmt::format(format, std::forward<Args>(args)...));
    }
  }

  // What the manifest and the footer both say.
  void CheckFooter() {
    if (footer_.seq_min != meta_.seq_min || footer_.seq_max != meta_.seq_max) {
      Problem("holds records {} to {} of the log, the manifest says {} to {}", footer_.seq_min,
              footer_.seq_max, meta_.seq_min, meta_.seq_max);
    }
    if (footer_.deletes_seq > meta_.deletes_seq) {
      Problem("has deletes up to {} applied, the manifest says {}", footer_.deletes_seq,
              meta_.deletes_seq);
    }
    if (footer_.level != meta_.level) {
      Problem("is of level {}, the manifest says {}", footer_.level, meta_.level);
    }
    uint64_t num_rows = 0, num_runs = 0;
    for (const RowGroupRef& group : footer_.row_groups) {
      num_rows += group.num_rows;
      num_runs += group.num_runs;
    }
    if (num_rows != footer_.num_rows || num_runs != footer_.num_runs) {
      Problem("row groups have {} rows in {} runs, the footer says {} in {}", num_rows, num_runs,
              footer_.num_rows, footer_.num_runs);
    }
  }

  void CheckBlock(const BlockRef& ref, const std::string& what) {
    if (ref.length == 0) return;
    ++result_.num_blocks;
    const auto block = part_.ReadBlock(ref);
    if (!block) Problem("{}: {}", what, block.error().message());
  }

  void CheckBlocks() {
    for (size_t page = 0; page < footer_.directory.size(); ++page) {
      CheckBlock(footer_.directory[page].runs, fmt::format("directory page {}", page));
      CheckBlock(footer_.directory[page].keys, fmt::format("keys of directory page {}", page));
    }
    for (size_t index = 0; index < footer_.row_groups.size(); ++index) {
      const RowGroupRef& group = footer_.row_groups[index];
      for (const auto& times : group.times)
        CheckBlock(times.block, fmt::format("times of row group {}", index));
      for (size_t column = 0; column < group.columns.size(); ++column) {
        const auto& chunk = group.columns[column];
        const auto name =
            fmt::format("column \"{}\" of row group {}", footer_.columns[column].name, index);
        for (size_t page = 0; page < chunk.pages.size(); ++page)
          CheckBlock(chunk.pages[page], fmt::format("{}, page {}", name, page));
        CheckBlock(chunk.zone_maps, name + ", zone maps");
      }
    }
  }

  void ReadAllKeys() {
    for (size_t page = 0; page < footer_.directory.size(); ++page) {
      const auto keys = part_.ReadKeys(page);
      const size_t begin = keys_.size();
      if (!keys) {
        Problem("keys of directory page {}: {}", page, keys.error().message());
        keys_.resize(begin + footer_.directory[page].num_runs);
        continue;
      }
      keys_.insert(keys_.end(), keys->begin(), keys->end());
      if (!keys->empty() && keys->front() != footer_.directory[page].first_key) {
        Problem("directory page {} begins with another series than its index says", page);
      }
      for (size_t i = begin; i < keys_.size(); ++i) {
        if (!ParseSeriesKey(*keys_[i])) Problem("run {}: its series has no well-formed key", i);
        if (i > 0 && keys_[i - 1].has_value() && *keys_[i] < *keys_[i - 1]) {
          Problem("run {}: series {} comes after a greater one", i, FormatSeriesKey(*keys_[i]));
        }
      }
    }
  }

  void CheckRowGroup(size_t index) {
    const RowGroupRef& group = footer_.row_groups[index];
    const auto source = part_.OpenRowGroup(index, {});
    if (!source) return Problem("row group {}: {}", index, source.error().message());
    if (*source == nullptr) return Problem("row group {} has no run", index);
    for (size_t i = 0; i < (*source)->runs().size(); ++i)
      CheckRun(**source, i, group);
    for (const auto& column : footer_.columns)
      CheckColumn(**source, index, column);
  }

  void CheckRun(storage::RunSource& source, size_t i, const RowGroupRef& group) {
    const SourceRun& run = source.runs()[i];
    const size_t run_index = group.first_run + i;
    result_.runs.push_back({run.series, run.first_time, run.last_time, run.may_overlap});
    if (run.first_time < std::max(group.min_time, meta_.min_time) ||
        run.last_time > std::min(group.max_time, meta_.max_time)) {
      Problem("run {} lies outside the times of its row group or of the part", run_index);
    }
    if (run_index < keys_.size() && keys_[run_index].has_value()) {
      if (run_index > 0 && keys_[run_index] == keys_[run_index - 1] &&
          run.first_time <= last_time_) {
        Problem("run {} goes on with times of the run before", run_index);
      }
      if (key_of_ != nullptr) CheckKey(run.series, *keys_[run_index], run_index);
    }
    last_time_ = run.last_time;
    const auto times = source.Times(i);
    if (!times) return Problem("times of run {}: {}", run_index, times.error().message());
    if (std::ranges::adjacent_find(*times, std::greater_equal<>()) != times->end()) {
      Problem("times of run {} do not ascend", run_index);
    }
    if (times->front() != run.first_time || times->back() != run.last_time) {
      Problem("times of run {} are not those that the directory says", run_index);
    }
  }

  void CheckKey(SeriesId id, const std::string& key, size_t run_index) {
    const auto known = key_of_(id);
    if (!known.has_value()) {
      Problem("run {}: series {} has id {}, which no series file and no record knows", run_index,
              FormatSeriesKey(key), id.value());
    } else if (*known != key) {
      Problem("run {}: id {} is series {} here and {} in the series files", run_index, id.value(),
              FormatSeriesKey(key), FormatSeriesKey(*known));
    }
  }

  void CheckColumn(storage::RunSource& source, size_t group, const storage::FooterColumn& column) {
    const uint32_t num_vectors = (source.num_rows() + kVectorRows - 1) / kVectorRows;
    for (uint32_t vector = 0; vector < num_vectors; ++vector) {
      const auto view = source.ReadVector(column.id, column.type, vector);
      if (!view) {
        Problem("column \"{}\" of row group {}, vector {}: {}", column.name, group, vector,
                view.error().message());
        continue;
      }
      if (view->all_null || column.type == DataType::kString) continue;
      double least = std::numeric_limits<double>::infinity(), greatest = -least;
      for (size_t row = 0; row < view->num_rows; ++row) {
        const double value = AsDouble(column.type, view->Bits(row));
        if (!view->IsValid(row) || std::isnan(value)) continue;
        least = std::min(least, value);
        greatest = std::max(greatest, value);
      }
      if (least > greatest) continue;  // Only NaN.
      if (source.ZoneExcludes(column.id, vector, least, least) ||
          source.ZoneExcludes(column.id, vector, greatest, greatest)) {
        Problem("column \"{}\" of row group {}, vector {}: the zone map leaves out {} or {}",
                column.name, group, vector, least, greatest);
      }
    }
  }

  storage::PartReader& part_;
  const PartFooter& footer_;
  const storage::PartMeta& meta_;
  const KeyOfSeries& key_of_;
  std::vector<std::optional<std::string>> keys_;  // By run; nullopt where they cannot be read.
  int64_t last_time_ = 0;                         // Of the run before.
  PartCheck result_;
};

}  // namespace

PartCheck CheckPart(storage::PartReader& part, const storage::PartMeta& meta,
                    const KeyOfSeries& key_of) {
  return PartChecker(part, meta, key_of).Run();
}

}  // namespace stria::admin
