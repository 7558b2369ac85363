#include "query/exec/run_aggregate.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <thread>
#include <utility>

#include "query/aggregate/basic_accumulator.h"
#include "query/exec/run_slices.h"
#include "storage/compute/aggregate_kernels.h"

namespace stria::query {
namespace {

using storage::AggregateSet;
using storage::RowSlice;
using storage::ScanBlock;
using storage::ScanRun;
using storage::ScanSeries;
using storage::SliceTotals;
using Kind = RunColumn::Kind;

// A grid is zeroed and walked over whole, so it has a bound (1 M groups of one sum are 32 MB), and
// is not much larger than the rows that go into it.
constexpr uint64_t kMaxGridGroups = uint64_t{1} << 20;
constexpr uint64_t kSmallGridGroups = 4096;
constexpr uint64_t kMinRowsPerGridGroup = 4;

// Values of parts take 0.3 ns each and those of memtables 2 ns (aggregate_bench), so this many take
// 0.6 to 4 ms on one core; waking another one costs 30-70 us.
constexpr uint64_t kParallelValues = 2'000'000;

constexpr size_t kNoTag = std::numeric_limits<size_t>::max();

bool IsByTime(AggregateKind kind) {
  return kind == AggregateKind::kFirst || kind == AggregateKind::kLast;
}

}  // namespace

// A field, and the aggregates of it.
struct RunAggregateOperator::Argument {
  uint32_t field = 0;
  AggregateSet wanted = 0;
  std::vector<size_t> calls;
};

// The groups of one worker, and what it needs while it is at a block.
class RunAggregateOperator::Worker {
 public:
  Worker(const RunAggregateOperator& owner, const std::optional<GroupGrid>& grid)
      : owner_(owner), groups_(grid), memory_(owner.context_) {
    const auto& calls = owner.node_.aggregates;
    for (size_t i = 0; i < calls.size(); ++i) {
      accumulators_.emplace_back(calls[i]);
      const RunColumn& column = owner.plan_.arguments[i];
      if (column.kind == Kind::kField) AddFieldCall(column.field, i);
      // What depends on where a run begins and ends keeps slices of different runs apart.
      needs_runs_ |=
          column.kind == Kind::kTime || column.kind == Kind::kTag || IsByTime(calls[i].kind);
    }
    Resize();
  }

  Status AddBlock(ScanBlock& block) {
    block_ = &block;
    runs_ = block.runs();
    times_of_run_.assign(runs_.size(), {});
    STRIA_RETURN_IF_ERROR(CutBlock());
    Resize();
    for (size_t i = 0; i < slices_.size(); ++i)
      row_counts_[slice_groups_[i]] += slices_[i].end - slices_[i].begin;
    for (size_t i = 0; i < accumulators_.size(); ++i)
      STRIA_RETURN_IF_ERROR(AddRunCall(i));
    STRIA_RETURN_IF_ERROR(AddFields());
    return CountMemory();
  }

  void Absorb(const Worker& other) {
    std::vector<uint32_t> mapping(other.groups_.size());
    for (uint32_t group = 0; group < mapping.size(); ++group)
      mapping[group] =
          groups_.GroupOf(other.groups_.TagGroupOf(group), other.groups_.BucketOf(group));
    Resize();
    for (uint32_t group = 0; group < mapping.size(); ++group)
      row_counts_[mapping[group]] += other.row_counts_[group];
    for (size_t i = 0; i < accumulators_.size(); ++i)
      accumulators_[i].Merge(other.accumulators_[i], mapping);
  }

  Status CountMemory() {
    uint64_t bytes = groups_.MemoryBytes() + row_counts_.capacity() * sizeof(uint64_t);
    for (const auto& accumulator : accumulators_)
      bytes += accumulator.MemoryBytes();
    return memory_.Set(bytes);
  }

  const RunGroups& groups() const { return groups_; }
  const std::vector<uint64_t>& row_counts() const { return row_counts_; }
  std::vector<BasicAccumulator>& accumulators() { return accumulators_; }

 private:
  void AddFieldCall(uint32_t field, size_t call) {
    auto found = std::ranges::find(fields_, field, &Argument::field);
    if (found == fields_.end())
      found = fields_.insert(fields_.end(), Argument{.field = field, .wanted = 0, .calls = {}});
    found->wanted |= accumulators_[call].wanted();
    found->calls.push_back(call);
  }

  void Resize() {
    if (row_counts_.size() == groups_.size()) return;
    row_counts_.resize(groups_.size());
    for (auto& accumulator : accumulators_)
      accumulator.Resize(groups_.size());
  }

  Result<std::span<const int64_t>> TimesOf(uint32_t run) {
    if (times_of_run_[run].empty()) {
      STRIA_ASSIGN_OR_RETURN(times_of_run_[run], block_->Times(runs_[run]));
    }
    return times_of_run_[run];
  }

  Result<int64_t> TimeAt(uint32_t run_index, uint32_t row) {
    const ScanRun& run = runs_[run_index];
    if (row == run.row_begin) return run.first_time;
    if (row + 1 == run.row_end) return run.last_time;
    if (run.step > 0) return RegularTimeAt(run, row);
    STRIA_ASSIGN_OR_RETURN(const auto times, TimesOf(run_index));
    return times[row - run.row_begin];
  }

  // Fills the slices of the block, in the order of their rows.
  Status CutBlock() {
    slices_.clear();
    slice_groups_.clear();
    slice_runs_.clear();
    slice_vectors_.clear();
    std::vector<uint32_t> order(runs_.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto by_row = [this](uint32_t index) { return runs_[index].row_begin; };
    if (!std::ranges::is_sorted(order, {}, by_row)) std::ranges::sort(order, {}, by_row);
    for (const uint32_t index : order) {
      const ScanRun& run = runs_[index];
      const uint32_t tag_group = owner_.tag_group_of_[run.series];
      if (!owner_.plan_.bucket) {
        AddSlice(index, run.row_begin, run.row_end, groups_.GroupOf(tag_group, 0));
        continue;
      }
      std::span<const int64_t> times;
      if (NeedsTimes(run, *owner_.plan_.bucket)) {
        STRIA_ASSIGN_OR_RETURN(times, TimesOf(index));
      }
      cuts_.clear();
      CutRun(run, times, *owner_.plan_.bucket, cuts_);
      for (const auto& cut : cuts_)
        AddSlice(index, cut.row_begin, cut.row_end, groups_.GroupOf(tag_group, cut.bucket));
    }
    return Status::Ok();
  }

  // Adds rows [begin, end) of one run and group, cut at the edges of vectors.
  void AddSlice(uint32_t run, uint32_t begin, uint32_t end, uint32_t group) {
    while (begin < end) {
      const uint32_t vector = begin / kVectorRows;
      const uint32_t first_row = vector * kVectorRows;
      const uint32_t piece_end = std::min(end, first_row + kVectorRows);
      if (!needs_runs_ && !slices_.empty() && slice_vectors_.back() == vector &&
          slice_groups_.back() == group && slices_.back().end == begin - first_row) {
        slices_.back().end = piece_end - first_row;
      } else {
        slices_.push_back({begin - first_row, piece_end - first_row});
        slice_groups_.push_back(group);
        slice_runs_.push_back(run);
        slice_vectors_.push_back(vector);
      }
      begin = piece_end;
    }
  }

  // Feeds a call whose argument no vector is read for.
  Status AddRunCall(size_t call) {
    const RunColumn& column = owner_.plan_.arguments[call];
    const AggregateKind kind = owner_.node_.aggregates[call].kind;
    if (column.kind == Kind::kField) return Status::Ok();
    const bool is_count = kind == AggregateKind::kCountStar || kind == AggregateKind::kCount;
    for (size_t i = 0; i < slices_.size(); ++i) {
      const uint32_t first_row = slice_vectors_[i] * kVectorRows;
      const ScanRun& run = runs_[slice_runs_[i]];
      const int32_t code = column.kind == Kind::kTag ? CodeOf(column, run.series) : 0;
      if (code < 0) continue;
      if (is_count) {
        accumulators_[call].AddCount(slice_groups_[i], slices_[i].end - slices_[i].begin);
        continue;
      }
      const bool wants_end = kind == AggregateKind::kMax || kind == AggregateKind::kLast;
      const uint32_t row = first_row + (wants_end ? slices_[i].end - 1 : slices_[i].begin);
      STRIA_ASSIGN_OR_RETURN(const int64_t time, TimeAt(slice_runs_[i], row));
      if (column.kind == Kind::kTime) {
        accumulators_[call].AddWord(slice_groups_[i], static_cast<uint64_t>(time), time);
      } else {
        accumulators_[call].AddString(slice_groups_[i],
                                      TagOf(column).dictionary[static_cast<size_t>(code)], time);
      }
    }
    return Status::Ok();
  }

  const ScanSeries::Tag& TagOf(const RunColumn& column) const {
    return owner_.scan_.scan()->series().tags[owner_.tag_of_column_[column.scan_column]];
  }
  int32_t CodeOf(const RunColumn& column, uint32_t series) const {
    return owner_.tag_of_column_[column.scan_column] == kNoTag ? -1 : TagOf(column).codes[series];
  }

  // Reads each vector of each field once.
  Status AddFields() {
    for (size_t begin = 0; begin < slices_.size();) {
      const uint32_t vector = slice_vectors_[begin];
      size_t end = begin + 1;
      while (end < slices_.size() && slice_vectors_[end] == vector)
        ++end;
      const auto slices = std::span(slices_).subspan(begin, end - begin);
      const auto groups = std::span<const uint32_t>(slice_groups_).subspan(begin, end - begin);
      if (totals_.size() < slices.size()) totals_.resize(slices.size());
      for (const auto& argument : fields_) {
        STRIA_RETURN_IF_ERROR(block_->ReadVectorInto(argument.field, vector, decoded_));
        const VectorView& view = decoded_.view;
        if (view.all_null) continue;
        AggregateSlices(view, argument.wanted, slices, totals_.data());
        for (const size_t call : argument.calls) {
          STRIA_RETURN_IF_ERROR(FindTimes(owner_.node_.aggregates[call].kind, begin, slices));
          accumulators_[call].AddSlices(groups, view, totals_.data(), slice_times_.data());
        }
      }
      begin = end;
    }
    return Status::Ok();
  }

  // For first and last: when the value of each slice was there.
  Status FindTimes(AggregateKind kind, size_t first_slice, std::span<const RowSlice> slices) {
    if (!IsByTime(kind)) return Status::Ok();
    slice_times_.resize(slices.size());
    for (size_t i = 0; i < slices.size(); ++i) {
      if (totals_[i].count == 0) continue;
      const uint32_t row =
          kind == AggregateKind::kFirst ? totals_[i].first_row : totals_[i].last_row;
      const uint32_t first_row = slice_vectors_[first_slice] * kVectorRows;
      STRIA_ASSIGN_OR_RETURN(slice_times_[i],
                             TimeAt(slice_runs_[first_slice + i], first_row + row));
    }
    return Status::Ok();
  }

  const RunAggregateOperator& owner_;
  RunGroups groups_;
  std::vector<uint64_t> row_counts_;  // By group.
  std::vector<BasicAccumulator> accumulators_;
  std::vector<Argument> fields_;
  bool needs_runs_ = false;
  MemoryUse memory_;

  // Of the block at hand.
  ScanBlock* block_ = nullptr;
  std::span<const ScanRun> runs_;
  std::vector<std::span<const int64_t>> times_of_run_;  // Once asked for.
  std::vector<BucketSlice> cuts_;
  std::vector<RowSlice> slices_;
  std::vector<uint32_t> slice_groups_;
  std::vector<uint32_t> slice_runs_;
  std::vector<uint32_t> slice_vectors_;
  DecodedVector decoded_;             // The vector at hand.
  std::vector<SliceTotals> totals_;   // Of its slices.
  std::vector<int64_t> slice_times_;  // Likewise.
};

RunAggregateOperator::RunAggregateOperator(const PlanNode& node, RunAggregatePlan plan,
                                           QueryContext& context)
    : node_(node),
      plan_(std::move(plan)),
      context_(context),
      scan_(*node.input, context),
      tag_groups_(
          static_cast<size_t>(std::ranges::count(plan_.keys, Kind::kTag, &RunColumn::kind))) {}

RunAggregateOperator::~RunAggregateOperator() = default;

// Gives series with the same values of the key tags the same number.
void RunAggregateOperator::NumberTagGroups() {
  const ScanSeries& series = scan_.scan()->series();
  for (const auto& column : node_.input->columns) {
    const auto tag = std::ranges::find(series.tags, column.id, &ScanSeries::Tag::column);
    tag_of_column_.push_back(column.role == ColumnRole::kTag && tag != series.tags.end()
                                 ? static_cast<size_t>(tag - series.tags.begin())
                                 : kNoTag);
  }
  std::vector<const std::vector<int32_t>*> codes;
  for (const auto& key : plan_.keys) {
    if (key.kind != Kind::kTag) continue;
    const size_t tag = tag_of_column_[key.scan_column];
    codes.push_back(tag == kNoTag ? nullptr : &series.tags[tag].codes);
  }
  std::vector<uint64_t> words(codes.size());
  tag_group_of_.resize(series.num_series);
  for (uint32_t i = 0; i < series.num_series; ++i) {
    for (size_t key = 0; key < codes.size(); ++key) {
      const int32_t code = codes[key] == nullptr ? -1 : std::max((*codes[key])[i], -1);
      words[key] = static_cast<uint64_t>(int64_t{code});
    }
    tag_group_of_[i] = tag_groups_.FindOrAdd(words.data());
  }
}

std::optional<GroupGrid> RunAggregateOperator::PlanGrid() const {
  const uint64_t num_tag_groups = std::max<uint64_t>(tag_groups_.size(), 1);
  GroupGrid grid{.num_tag_groups = static_cast<uint32_t>(num_tag_groups), .num_buckets = 1};
  if (!plan_.bucket) return grid;
  std::optional<std::pair<int64_t, int64_t>> span = scan_.time_span();
  if (!span) {
    const TimeRange range = node_.input->request.time;
    if (range.empty() || range.unbounded_above()) return std::nullopt;
    span = {range.begin, range.end - 1};
  }
  grid.first_bucket = plan_.bucket->IndexOf(span->first);
  // Unsigned: the indices of buckets of a nanosecond may be as far apart as times.
  const uint64_t more_buckets = static_cast<uint64_t>(plan_.bucket->IndexOf(span->second)) -
                                static_cast<uint64_t>(grid.first_bucket);
  const uint64_t max_groups = std::min(
      kMaxGridGroups, std::max(kSmallGridGroups, scan_.estimated_rows() / kMinRowsPerGridGroup));
  if (more_buckets >= max_groups / num_tag_groups) return std::nullopt;
  grid.num_buckets = static_cast<uint32_t>(more_buckets) + 1;
  return grid;
}

size_t RunAggregateOperator::CountWorkers() const {
  const uint64_t num_columns = 1 + node_.input->columns.size();
  if (scan_.num_morsels() < 2 || scan_.estimated_rows() * num_columns < kParallelValues) return 1;
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 64);
}

Status RunAggregateOperator::Open() {
  STRIA_RETURN_IF_ERROR(scan_.Open());
  NumberTagGroups();
  const auto grid = PlanGrid();
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0, count = CountWorkers(); i < count; ++i) {
    workers.push_back(std::make_unique<Worker>(*this, grid));
    STRIA_RETURN_IF_ERROR(workers.back()->CountMemory());
  }
  const auto read = [&](size_t worker, size_t morsel) -> Result<bool> {
    STRIA_ASSIGN_OR_RETURN(const auto block, scan_.TakeBlock(morsel));
    STRIA_RETURN_IF_ERROR(workers[worker]->AddBlock(*block));
    return true;
  };
  STRIA_RETURN_IF_ERROR(ForEachMorsel(context_, scan_.num_morsels(), workers.size(), read));
  result_ = std::move(workers[0]);
  for (size_t i = 1; i < workers.size(); ++i)
    result_->Absorb(*workers[i]);
  const auto& row_counts = result_->row_counts();
  for (uint32_t group = 0; group < row_counts.size(); ++group) {
    // Without keys there is one group, whether or not it has rows.
    if (row_counts[group] > 0 || plan_.keys.empty()) groups_.push_back(group);
  }
  return Status::Ok();
}

Column RunAggregateOperator::KeyColumn(size_t key, std::span<const uint32_t> groups) const {
  const RunColumn& source = plan_.keys[key];
  Column column;
  column.type = node_.exprs[key]->type;
  if (source.kind == Kind::kBucket) {
    for (const uint32_t group : groups) {
      const int64_t bucket = result_->groups().BucketOf(group);
      column.bits.push_back(static_cast<uint64_t>(plan_.bucket->BeginOf(bucket)));
    }
    return column;
  }
  const size_t tag = tag_of_column_[source.scan_column];
  if (tag == kNoTag) return Column::Constant(Value::Null(column.type), column.type);
  const auto word =
      std::ranges::count(std::span(plan_.keys).first(key), Kind::kTag, &RunColumn::kind);
  column.form = Column::Form::kDictionary;
  column.dictionary = &scan_.scan()->series().tags[tag].dictionary;
  column.keep_alive = scan_.scan();
  for (const uint32_t group : groups) {
    const uint64_t* words = tag_groups_.KeyOf(result_->groups().TagGroupOf(group));
    column.codes.push_back(static_cast<int32_t>(words[word]));
  }
  return column;
}

Result<bool> RunAggregateOperator::Read(size_t /*morsel*/, const BatchConsumer& consume) {
  for (size_t begin = 0; begin < groups_.size(); begin += kMaxBatchRows) {
    const auto groups = std::span<const uint32_t>(groups_).subspan(
        begin, std::min<size_t>(kMaxBatchRows, groups_.size() - begin));
    Batch batch;
    batch.num_rows = static_cast<uint32_t>(groups.size());
    for (size_t key = 0; key < plan_.keys.size(); ++key)
      batch.columns.push_back(KeyColumn(key, groups));
    for (auto& accumulator : result_->accumulators()) {
      STRIA_ASSIGN_OR_RETURN(Column column, accumulator.Finish(groups));
      batch.columns.push_back(std::move(column));
    }
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, consume(std::move(batch)));
    if (!goes_on) return false;
  }
  return true;
}

}  // namespace stria::query
