#include "query/exec/window.h"

#include <algorithm>
#include <utility>

namespace stria::query {
namespace {

// Rows of a piece of work; more than that in one partition stay together.
constexpr uint32_t kPieceRows = 16 * kMaxBatchRows;

// Batches that are handed out as one morsel.
constexpr size_t kMorselBatches = 64;

bool HasOffset(const FrameBound& bound) {
  return bound.kind == FrameBoundKind::kPreceding || bound.kind == FrameBoundKind::kFollowing;
}

uint64_t WidthOf(DataType type) {
  return (type == DataType::kString ? sizeof(std::string_view) : sizeof(uint64_t)) + 1;
}

// Ranges of partitions of about kPieceRows rows.
std::vector<std::pair<size_t, size_t>> CutIntoPieces(
    const std::vector<WindowPartition>& partitions) {
  std::vector<std::pair<size_t, size_t>> pieces;
  for (size_t begin = 0; begin < partitions.size();) {
    size_t end = begin + 1;
    while (end < partitions.size() && partitions[end].end - partitions[begin].begin <= kPieceRows)
      ++end;
    pieces.emplace_back(begin, end);
    begin = end;
  }
  return pieces;
}

}  // namespace

WindowOperator::WindowOperator(const PlanNode& node, std::unique_ptr<Operator> input,
                               QueryContext& context)
    : node_(node),
      context_(context),
      input_(std::move(input)),
      rows_(node, context),
      memory_(context) {}

Status WindowOperator::Open() {
  STRIA_RETURN_IF_ERROR(input_->Open());
  STRIA_RETURN_IF_ERROR(rows_.Read(*input_));
  for (const auto& call : node_.window_calls) {
    results_.push_back(Column::FlatNulls(call.type, 0));
    STRIA_RETURN_IF_ERROR(Compute(call, results_.back()));
  }
  uint32_t first_row = 0;
  for (const auto& batch : rows_.batches()) {
    first_rows_.push_back(first_row);
    first_row += batch.num_rows;
  }
  return Status::Ok();
}

Status WindowOperator::Compute(const WindowCall& call, Column& result) {
  const uint64_t num_rows = rows_.num_rows();
  uint64_t row_bytes = 0;
  for (const auto& done : results_)
    row_bytes += WidthOf(done.type);
  for (const auto& arg : call.args)
    row_bytes += WidthOf(arg->type);
  const bool needs_key = call.frame.unit == FrameUnit::kRange &&
                         (HasOffset(call.frame.begin) || HasOffset(call.frame.end));
  if (needs_key) row_bytes += WidthOf(node_.sort_keys[0].expr->type);
  STRIA_RETURN_IF_ERROR(memory_.Set(num_rows * row_bytes));

  WindowInput input{.call = call, .rows = rows_, .args = {}};
  for (const auto& arg : call.args) {
    STRIA_ASSIGN_OR_RETURN(Column values, rows_.ValuesOf(*arg));
    input.args.push_back(std::move(values));
  }
  Column key;
  if (needs_key) {
    STRIA_ASSIGN_OR_RETURN(key, rows_.ValuesOf(*node_.sort_keys[0].expr));
    input.key = &key;
    input.order = node_.sort_keys.data();
  }
  result = Column::FlatNulls(call.type, rows_.num_rows());
  const auto& partitions = rows_.partitions();
  const auto pieces = CutIntoPieces(partitions);
  const auto compute = [&](size_t /*worker*/, size_t piece) -> Result<bool> {
    for (size_t i = pieces[piece].first; i < pieces[piece].second; ++i)
      STRIA_RETURN_IF_ERROR(ComputeWindow(input, partitions[i], result));
    return true;
  };
  const size_t num_workers = NumWorkers(pieces.size(), num_rows);
  STRIA_RETURN_IF_ERROR(ForEachMorsel(context_, pieces.size(), num_workers, compute));
  if (call.type == DataType::kString) {
    // The text belongs to the arguments.
    auto owners = std::make_shared<std::vector<std::shared_ptr<const void>>>();
    for (const auto& arg : input.args)
      owners->push_back(arg.keep_alive);
    result.keep_alive = std::move(owners);
  }
  return Status::Ok();
}

size_t WindowOperator::num_morsels() const {
  return (first_rows_.size() + kMorselBatches - 1) / kMorselBatches;
}

Column WindowOperator::ResultsOf(const Column& result, uint32_t first_row,
                                 uint32_t num_rows) const {
  Column column = Column::FlatNulls(result.type, num_rows);
  column.keep_alive = result.keep_alive;
  bool all_valid = true;
  for (uint32_t row = 0; row < num_rows; ++row) {
    const uint32_t position = rows_.PositionOf(first_row + row);
    column.validity[row] = result.validity[position];
    all_valid &= result.validity[position] != 0;
    if (result.type == DataType::kString) {
      column.strings[row] = result.strings[position];
    } else {
      column.bits[row] = result.bits[position];
    }
  }
  if (all_valid) column.validity.clear();
  return column;
}

Result<bool> WindowOperator::Read(size_t morsel, const BatchConsumer& consume) {
  const size_t begin = morsel * kMorselBatches;
  const size_t end = std::min(begin + kMorselBatches, first_rows_.size());
  for (size_t i = begin; i < end; ++i) {
    Batch batch = std::move(rows_.batches()[i]);
    for (const auto& result : results_)
      batch.columns.push_back(ResultsOf(result, first_rows_[i], batch.num_rows));
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, consume(std::move(batch)));
    if (!goes_on) return false;
  }
  return true;
}

}  // namespace stria::query
