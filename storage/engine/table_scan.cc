#include "storage/engine/table_scan.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <unordered_map>

#include <malloc.h>

#include "storage/base/check.h"
#include "storage/base/errors.h"
#include "storage/merge/apply_tombstones.h"
#include "storage/merge/run_merge.h"

namespace stria::storage {
namespace {

// Of so many series the keys are made, so that the row groups without them are passed over. A
// guess.
constexpr size_t kMaxKeys = 4096;

// A plan takes about 100 bytes for each run: from here on it is large.
constexpr uint64_t kManyRuns = 1 << 20;

// What one block is made of: clipped runs of one source.
struct BlockPlan {
  RunSource* source = nullptr;
  std::vector<ScanRun> runs;
  std::vector<uint32_t> source_runs;  // Parallel to `runs`.
};

// A run of a source that a series of the scan has.
struct FoundRun {
  RunSlice slice;
  int64_t first = 0;
  int64_t last = 0;
};

// A source, and the tombstones that may hit its rows.
struct OpenSource {
  RunSource* source = nullptr;
  TombstoneList tombstones;
  uint64_t applied_deletes = 0;
  bool compares = true;     // Every run, whatever its part's overlap set says.
  bool may_overlap = true;  // Some run, with what came before.
};

/// Merged rows as a source, so that blocks read them like any other.
class MergedSource final : public RunSource {
 public:
  explicit MergedSource(SortedRows rows) : rows_(std::move(rows)) {
    for (const auto& run : rows_.runs) {
      runs_.push_back({.series = run.series,
                       .row_begin = run.row_begin,
                       .row_end = run.row_end,
                       .first_time = rows_.times[run.row_begin],
                       .last_time = rows_.times[run.row_end - 1],
                       .step = 0});
    }
  }

  uint32_t num_rows() const override { return static_cast<uint32_t>(rows_.num_rows()); }
  std::span<const SourceRun> runs() const override { return runs_; }
  Result<std::span<const int64_t>> Times(size_t run_index) override {
    const SourceRun& run = runs_[run_index];
    return std::span<const int64_t>(rows_.times)
        .subspan(run.row_begin, run.row_end - run.row_begin);
  }
  Result<VectorView> ReadVector(ColumnId id, DataType type, uint32_t vector) override {
    const size_t begin = size_t{vector} * kVectorRows;
    VectorView view;
    view.type = type;
    view.num_rows = static_cast<uint32_t>(std::min<size_t>(kVectorRows, rows_.num_rows() - begin));
    const auto column = std::ranges::find(rows_.columns, id, &ColumnRows::id);
    if (column == rows_.columns.end()) {
      view.all_null = true;
      return view;
    }
    const bool is_string = type == DataType::kString;
    view.lanes = is_string ? Lanes::kString : Lanes::k64;
    view.data = is_string ? static_cast<const void*>(column->strings.data() + begin)
                          : static_cast<const void*>(column->bits.data() + begin);
    view.validity = column->validity.empty() ? nullptr : column->validity.data() + begin;
    return view;
  }

 private:
  SortedRows rows_;
  std::vector<SourceRun> runs_;
};

class SourceBlock final : public ScanBlock {
 public:
  SourceBlock(const BlockPlan& plan, std::span<const ColumnSchema> fields,
              std::vector<ScanRun> runs, std::vector<uint32_t> source_runs)
      : plan_(plan),
        fields_(fields),
        runs_(std::move(runs)),
        source_runs_(std::move(source_runs)) {}

  std::span<const ScanRun> runs() const override { return runs_; }

  Result<std::span<const int64_t>> Times(const ScanRun& run) override {
    const auto index = static_cast<size_t>(&run - runs_.data());
    const uint32_t source_run = source_runs_[index];
    STRIA_ASSIGN_OR_RETURN(const auto times, plan_.source->Times(source_run));
    const uint32_t begin = plan_.source->runs()[source_run].row_begin;
    return times.subspan(run.row_begin - begin, run.row_end - run.row_begin);
  }

  Result<VectorView> ReadVector(size_t field, uint32_t vector) override {
    return plan_.source->ReadVector(fields_[field].id, fields_[field].type, vector);
  }

  Status ReadVectorInto(size_t field, uint32_t vector, DecodedVector& memory) override {
    return plan_.source->ReadVectorInto(fields_[field].id, fields_[field].type, vector, memory);
  }

  Status ReadRows(size_t field, uint32_t vector, std::span<const uint32_t> rows, uint64_t* bits,
                  uint8_t* validity) override {
    return plan_.source->ReadRows(fields_[field].id, fields_[field].type, vector, rows, bits,
                                  validity);
  }

 private:
  const BlockPlan& plan_;
  std::span<const ColumnSchema> fields_;
  std::vector<ScanRun> runs_;
  std::vector<uint32_t> source_runs_;
};

class TableScan final : public Scan {
 public:
  TableScan(const ScanRequest& request, std::vector<ScanShard> shards)
      : request_(request), shards_(std::move(shards)) {}

  // The allocator keeps what is freed in the arena of the thread that planned: as much in each, if
  // many take turns. So the memory of a large plan is given back.
  ~TableScan() override {
    if (num_runs_ < kManyRuns) return;
    blocks_.clear();
    sources_.clear();
    series_ = {};
    malloc_trim(0);
  }
  TableScan(const TableScan&) = delete;
  TableScan& operator=(const TableScan&) = delete;

  Status Plan() {
    for (const ColumnId id : request_.fields) {
      const ColumnSchema* column = request_.table->Find(id);
      if (column == nullptr || column->role != ColumnRole::kField) {
        return InvalidArgument("column {} of table {} is not a field", id.value(),
                               request_.table->name);
      }
      fields_.push_back(*column);
    }
    for (const auto& column : request_.table->columns) {
      const auto& wanted = request_.tag_columns;
      if (column.role != ColumnRole::kTag ||
          (wanted && std::ranges::find(*wanted, column.id) == wanted->end())) {
        continue;
      }
      series_.tags.push_back(
          {.column = column.id, .name = column.name, .dictionary = {}, .codes = {}});
    }
    for (auto& shard : shards_)
      STRIA_RETURN_IF_ERROR(PlanShard(shard));
    if (request_.last_row_only) KeepLastRows();
    return Status::Ok();
  }

  const ScanSeries& series() const override { return series_; }
  size_t num_blocks() const override { return blocks_.size(); }

  Result<std::unique_ptr<ScanBlock>> OpenBlock(size_t index) override {
    const BlockPlan& plan = *blocks_[index];
    std::vector<ScanRun> runs = plan.runs;
    std::vector<uint32_t> source_runs = plan.source_runs;
    if (!request_.hints.empty()) SkipByZones(plan, runs, source_runs);
    uint64_t num_rows = 0;
    for (const auto& run : runs)
      num_rows += run.row_end - run.row_begin;
    rows_.fetch_add(num_rows, std::memory_order_relaxed);
    return std::unique_ptr<ScanBlock>(
        std::make_unique<SourceBlock>(plan, fields_, std::move(runs), std::move(source_runs)));
  }

  ScanStats stats() const override {
    ScanStats stats = stats_;
    stats.rows = rows_.load(std::memory_order_relaxed);
    stats.blocks = blocks_.size();
    stats.bytes_read = bytes_read_.load(std::memory_order_relaxed);
    stats.vectors_pruned = vectors_pruned_.load(std::memory_order_relaxed);
    return stats;
  }

 private:
  // The series of a shard that match: their numbers in the scan count up from `first`.
  struct WantedSeries {
    std::vector<SeriesId> ids;  // Ascending.
    SeriesSubset subset;        // Positions in `ids`.
    uint32_t first = 0;
    std::vector<std::string> keys;  // Ascending; of a few series only.
  };

  WantedSeries AddSeries(const TableSeriesIndex& index) {
    auto ids = index.Match(request_.tags);
    SeriesSubset subset(ids, std::max(index.num_series(), NumSeries(ids)));
    WantedSeries wanted{std::move(ids), std::move(subset), series_.num_series, {}};
    series_.num_series += wanted.subset.size();
    AddTags(index, wanted.ids);
    if (!request_.tags.empty() && wanted.ids.size() <= kMaxKeys) {
      for (const SeriesId id : wanted.ids)
        wanted.keys.push_back(index.KeyOf(id));
      std::ranges::sort(wanted.keys);
    }
    return wanted;
  }

  static uint32_t NumSeries(std::span<const SeriesId> ids) {
    return ids.empty() ? 0 : ids.back().value() + 1;
  }

  void AddTags(const TableSeriesIndex& index, std::span<const SeriesId> ids) {
    for (size_t i = 0; i < series_.tags.size(); ++i) {
      auto& tag = series_.tags[i];
      TagCodes found = index.CodesOf(tag.name, ids);
      if (tag.codes.empty()) {
        tag.dictionary = std::move(found.dictionary);
        tag.codes = std::move(found.codes);
        continue;
      }
      // Another shard's values come first: give equal strings equal codes.
      std::unordered_map<std::string, int32_t> code_of;
      for (size_t code = 0; code < tag.dictionary.size(); ++code) {
        code_of.emplace(tag.dictionary[code], static_cast<int32_t>(code));
      }
      std::vector<int32_t> mapped(found.dictionary.size());
      for (size_t code = 0; code < mapped.size(); ++code) {
        const auto [entry, added] =
            code_of.emplace(found.dictionary[code], static_cast<int32_t>(tag.dictionary.size()));
        if (added) tag.dictionary.push_back(found.dictionary[code]);
        mapped[code] = entry->second;
      }
      for (const int32_t code : found.codes) {
        tag.codes.push_back(code < 0 ? -1 : mapped[static_cast<size_t>(code)]);
      }
    }
  }

  Status OpenSources(ScanShard& shard, const WantedSeries& wanted,
                     std::vector<OpenSource>& sources) {
    const bool has_keys = wanted.keys.size() == wanted.ids.size();
    const RunFilter filter{.time = request_.time,
                           .series = &wanted.subset,
                           .keys = has_keys ? &wanted.keys : nullptr,
                           .bytes_read = &bytes_read_};
    const TombstoneList& tombstones = *shard.snapshot.tombstones;
    uint64_t seq_max = 0;
    int64_t max_time = std::numeric_limits<int64_t>::min();
    for (const auto& meta : shard.snapshot.version->PartsOf(request_.table->id).parts) {
      if (!request_.time.Overlaps(meta.min_time, meta.max_time) || tombstones.Covers(meta)) {
        ++stats_.parts_pruned;
        continue;
      }
      ++stats_.parts;
      STRIA_ASSIGN_OR_RETURN(auto part, shard.shard->parts().Open(meta));
      parts_.push_back(part);
      const auto hits = tombstones.Touching(meta.min_time, meta.max_time, meta.applied_deletes());
      // Overlap sets tell of older parts. One that compaction has put before this one may hold rows
      // that are newer, of other times.
      const bool compares = meta.seq_min <= seq_max && meta.min_time <= max_time;
      seq_max = std::max(seq_max, meta.seq_max);
      max_time = std::max(max_time, meta.max_time);
      for (size_t group = 0; group < part->num_row_groups(); ++group) {
        STRIA_ASSIGN_OR_RETURN(auto source, part->OpenRowGroup(group, filter));
        if (source == nullptr) continue;
        sources.push_back({.source = source.get(),
                           .tombstones = hits,
                           .applied_deletes = meta.applied_deletes(),
                           .compares = compares,
                           .may_overlap = compares || part->may_overlap()});
        sources_.push_back(std::move(source));
      }
    }
    for (const auto& [memtable, num_rows, applied] : shard.snapshot.memtables) {
      if (num_rows == 0 || !request_.time.Overlaps(memtable->min_time(), memtable->max_time()))
        continue;
      const auto hits = tombstones.Touching(memtable->min_time(), memtable->max_time(), applied);
      for (auto& source : memtable->Sources(num_rows)) {
        sources.push_back({.source = source.get(), .tombstones = hits, .applied_deletes = applied});
        sources_.push_back(std::move(source));
      }
    }
    return Status::Ok();
  }

  // Which of the wanted series have runs that overlap: sources stand in the order of their sequence
  // numbers, which nearly always is that of time too. Runs that are in no overlap set are not
  // compared.
  static bool FindOverlaps(std::span<const OpenSource> sources, const SeriesSubset& wanted,
                           std::vector<uint8_t>& overlaps) {
#ifndef STRIA_DCHECK_ENABLED
    if (std::ranges::none_of(sources, &OpenSource::may_overlap)) return false;
#endif
    std::vector<int64_t> last_of(wanted.size(), std::numeric_limits<int64_t>::min());
    std::vector<uint8_t> seen(wanted.size(), 0);
    bool any_overlap = false;
    for (const auto& source : sources) {
      for (const SourceRun& run : source.source->runs()) {
        const uint32_t i = wanted.Find(run.series);
        if (i == SeriesSubset::kNone) continue;
        const bool is_after = seen[i] == 0 || run.first_time > last_of[i];
        if (source.compares || run.may_overlap) {
          if (!is_after) overlaps[i] = any_overlap = true;
        } else {
          STRIA_DCHECK(is_after);
        }
        last_of[i] = seen[i] != 0 ? std::max(last_of[i], run.last_time) : run.last_time;
        seen[i] = 1;
      }
    }
    return any_overlap;
  }

  Status PlanShard(ScanShard& shard) {
    if (shard.snapshot.series == nullptr) return Status::Ok();
    const WantedSeries wanted = AddSeries(*shard.snapshot.series);
    if (wanted.ids.empty()) return Status::Ok();
    std::vector<OpenSource> sources;
    STRIA_RETURN_IF_ERROR(OpenSources(shard, wanted, sources));

    std::vector<uint8_t> overlaps(wanted.ids.size(), 0);
    const bool any_overlap = FindOverlaps(sources, wanted.subset, overlaps);
    std::map<uint32_t, std::vector<RunSlice>> merge_of;  // By position in wanted.ids.
    std::vector<RunSlice> slices;                        // What deletes leave of a run.
    for (const auto& [source, tombstones, applied, compares, may_overlap] : sources) {
      auto block = std::make_unique<BlockPlan>();
      block->source = source;
      const auto runs = source->runs();
      num_runs_ += runs.size();
      for (uint32_t index = 0; index < runs.size(); ++index) {
        const uint32_t position = wanted.subset.Find(runs[index].series);
        if (position == SeriesSubset::kNone) continue;
        const RunSlice whole{source, index, runs[index].row_begin, runs[index].row_end};
        slices.clear();
        if (tombstones.empty()) {
          slices.push_back(whole);
        } else {
          const SourceRun& run = runs[index];
          STRIA_RETURN_IF_ERROR(AppendSurviving(
              whole, tombstones.DeletedRanges(run.series, run.first_time, run.last_time, applied),
              slices));
        }
        for (const RunSlice& slice : slices) {
          if (any_overlap && overlaps[position] != 0) {
            merge_of[position].push_back(slice);
            continue;
          }
          STRIA_RETURN_IF_ERROR(AddRun(slice, wanted.first + position, *block));
        }
      }
      AddBlock(std::move(block));
    }
    for (const auto& [position, overlapping] : merge_of) {
      STRIA_RETURN_IF_ERROR(
          MergeSeries(wanted.ids[position], wanted.first + position, overlapping));
    }
    FinishMerged();
    return Status::Ok();
  }

  // Adds the rows of `slice` that lie in the time range.
  Status AddRun(const RunSlice& slice, uint32_t series, BlockPlan& block) {
    const SourceRun& run = slice.source->runs()[slice.run];
    RunSlice clipped = slice;
    if (!request_.time.Contains(run.first_time) || !request_.time.Contains(run.last_time)) {
      STRIA_ASSIGN_OR_RETURN(clipped, ClipToTime(slice, request_.time.begin, request_.time.end));
    }
    if (clipped.row_begin == clipped.row_end) return Status::Ok();
    ScanRun out{.series = series,
                .row_begin = clipped.row_begin,
                .row_end = clipped.row_end,
                .first_time = run.first_time,
                .last_time = run.last_time,
                .step = run.step};
    if (run.step > 0) {
      out.first_time = run.first_time + int64_t{clipped.row_begin - run.row_begin} * run.step;
      out.last_time = run.first_time + int64_t{clipped.row_end - 1 - run.row_begin} * run.step;
    } else {
      STRIA_ASSIGN_OR_RETURN(const auto times, slice.source->Times(slice.run));
      out.first_time = times[clipped.row_begin - run.row_begin];
      out.last_time = times[clipped.row_end - 1 - run.row_begin];
    }
    block.runs.push_back(out);
    block.source_runs.push_back(slice.run);
    return Status::Ok();
  }

  void AddBlock(std::unique_ptr<BlockPlan> block) {
    if (!block->runs.empty()) blocks_.push_back(std::move(block));
  }

  // Merges what overlaps into rows of our own; the rest of the series stays where it is.
  Status MergeSeries(SeriesId id, uint32_t series, const std::vector<RunSlice>& slices) {
    std::vector<RunSlice> clipped;
    for (const auto& slice : slices) {
      STRIA_ASSIGN_OR_RETURN(const auto part,
                             ClipToTime(slice, request_.time.begin, request_.time.end));
      if (part.row_begin < part.row_end) clipped.push_back(part);
    }
    STRIA_ASSIGN_OR_RETURN(const auto plan, PlanMerge(clipped));
    for (const auto& piece : plan) {
      if (piece.slices.size() == 1) {
        // Blocks are read by different workers, so a source must have one block: rows of a series
        // that shares its source with the block made above are appended to that block.
        STRIA_RETURN_IF_ERROR(AddRun(piece.slices[0], series, BlockOf(piece.slices[0].source)));
        continue;
      }
      if (merged_.columns.empty()) {
        for (const auto& field : fields_) {
          merged_.columns.push_back(
              {.id = field.id, .type = field.type, .bits = {}, .strings = {}, .validity = {}});
        }
      }
      const size_t before = merged_.num_rows();
      STRIA_RETURN_IF_ERROR(AppendMerged(piece, id, merged_));
      // Each piece is a run of its own here: pass-through rows may lie between two of them.
      const auto end = static_cast<uint32_t>(merged_.num_rows());
      if (merged_.runs.back().row_begin != before) {
        merged_.runs.back().row_end = static_cast<uint32_t>(before);
        merged_.runs.push_back(
            {.series = id, .row_begin = static_cast<uint32_t>(before), .row_end = end});
      }
      merged_series_.push_back(series);
    }
    return Status::Ok();
  }

  BlockPlan& BlockOf(RunSource* source) {
    for (auto& block : blocks_) {
      if (block->source == source) return *block;
    }
    blocks_.push_back(std::make_unique<BlockPlan>());
    blocks_.back()->source = source;
    return *blocks_.back();
  }

  void FinishMerged() {
    if (merged_.num_rows() == 0) return;
    auto source = std::make_unique<MergedSource>(std::move(merged_));
    auto block = std::make_unique<BlockPlan>();
    block->source = source.get();
    const auto runs = source->runs();
    for (uint32_t i = 0; i < runs.size(); ++i) {
      block->runs.push_back({.series = merged_series_[i],
                             .row_begin = runs[i].row_begin,
                             .row_end = runs[i].row_end,
                             .first_time = runs[i].first_time,
                             .last_time = runs[i].last_time,
                             .step = 0});
      block->source_runs.push_back(i);
    }
    AddBlock(std::move(block));
    sources_.push_back(std::move(source));
    merged_ = {};
    merged_series_.clear();
  }

  // Cuts everything down to the newest row of each series. Pieces do not overlap, so it is the last
  // row of the piece that ends last.
  void KeepLastRows() {
    std::vector<int64_t> newest(series_.num_series, std::numeric_limits<int64_t>::min());
    std::vector<uint8_t> seen(series_.num_series, 0);
    for (const auto& block : blocks_) {
      for (const auto& run : block->runs) {
        newest[run.series] =
            seen[run.series] != 0 ? std::max(newest[run.series], run.last_time) : run.last_time;
        seen[run.series] = 1;
      }
    }
    for (auto& block : blocks_) {
      std::vector<ScanRun> runs;
      std::vector<uint32_t> source_runs;
      for (size_t i = 0; i < block->runs.size(); ++i) {
        ScanRun run = block->runs[i];
        if (run.last_time != newest[run.series]) continue;
        run.row_begin = run.row_end - 1;
        run.first_time = run.last_time;
        runs.push_back(run);
        source_runs.push_back(block->source_runs[i]);
      }
      block->runs = std::move(runs);
      block->source_runs = std::move(source_runs);
    }
    std::erase_if(blocks_, [](const auto& block) { return block->runs.empty(); });
  }

  static std::pair<double, double> HintRange(const FieldHint& hint) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    switch (hint.op) {
      case CompareOp::kEq: return {hint.value, hint.value};
      case CompareOp::kLt:
      case CompareOp::kLe: return {-kInfinity, hint.value};
      case CompareOp::kGt:
      case CompareOp::kGe: return {hint.value, kInfinity};
      case CompareOp::kNe: break;
    }
    return {-kInfinity, kInfinity};
  }

  // Leaves out the rows of vectors that no row can pass.
  void SkipByZones(const BlockPlan& plan, std::vector<ScanRun>& runs,
                   std::vector<uint32_t>& source_runs) {
    const uint32_t num_vectors = (plan.source->num_rows() + kVectorRows - 1) / kVectorRows;
    std::vector<int8_t> excluded(num_vectors, -1);
    const auto is_excluded = [&](uint32_t vector) {
      if (excluded[vector] < 0) {
        excluded[vector] = std::ranges::any_of(request_.hints, [&](const FieldHint& hint) {
          const auto [low, high] = HintRange(hint);
          return plan.source->ZoneExcludes(hint.column, vector, low, high);
        });
        if (excluded[vector] != 0) vectors_pruned_.fetch_add(1, std::memory_order_relaxed);
      }
      return excluded[vector] != 0;
    };
    std::vector<ScanRun> kept;
    std::vector<uint32_t> kept_source_runs;
    for (size_t i = 0; i < runs.size(); ++i) {
      const ScanRun& run = runs[i];
      uint32_t begin = run.row_begin;
      while (begin < run.row_end) {
        uint32_t end = begin;
        while (end < run.row_end && !is_excluded(end / kVectorRows)) {
          end = std::min(run.row_end, (end / kVectorRows + 1) * kVectorRows);
        }
        if (end > begin) {
          ScanRun part = run;
          part.row_begin = begin;
          part.row_end = end;
          const SourceRun& whole = plan.source->runs()[source_runs[i]];
          if (run.step > 0) {
            part.first_time = whole.first_time + int64_t{begin - whole.row_begin} * run.step;
            part.last_time = whole.first_time + int64_t{end - 1 - whole.row_begin} * run.step;
          } else if (const auto times = plan.source->Times(source_runs[i])) {
            part.first_time = (*times)[begin - whole.row_begin];
            part.last_time = (*times)[end - 1 - whole.row_begin];
          }
          kept.push_back(part);
          kept_source_runs.push_back(source_runs[i]);
        }
        begin = std::max(end, (end / kVectorRows + 1) * kVectorRows);
        if (end == run.row_end) break;
      }
    }
    runs = std::move(kept);
    source_runs = std::move(kept_source_runs);
  }

  const ScanRequest request_;
  std::vector<ScanShard> shards_;
  std::vector<ColumnSchema> fields_;
  ScanSeries series_;
  uint64_t num_runs_ = 0;
  std::atomic<uint64_t> bytes_read_ = 0;  // Before the sources, which count in it.
  std::vector<std::shared_ptr<PartReader>> parts_;
  std::vector<std::unique_ptr<RunSource>> sources_;
  std::vector<std::unique_ptr<BlockPlan>> blocks_;
  SortedRows merged_;
  std::vector<uint32_t> merged_series_;  // Of each run of merged_.
  ScanStats stats_;
  std::atomic<uint64_t> rows_ = 0;  // Counters.
  std::atomic<uint64_t> vectors_pruned_ = 0;
};

}  // namespace

Result<std::unique_ptr<Scan>> OpenTableScan(const ScanRequest& request,
                                            std::vector<ScanShard> shards) {
  auto scan = std::make_unique<TableScan>(request, std::move(shards));
  STRIA_RETURN_IF_ERROR(scan->Plan());
  return std::unique_ptr<Scan>(std::move(scan));
}

}  // namespace stria::storage
