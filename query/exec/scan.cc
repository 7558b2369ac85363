#include "query/exec/scan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace stria::query {
namespace {

using storage::Scan;
using storage::ScanBlock;
using storage::ScanRun;
using storage::ScanSeries;

// Vectors of which fewer rows are wanted are copied into a common batch.
constexpr uint32_t kFewRows = 256;

// Blocks are opened early, to know how much there is to do, as long as they are few.
constexpr size_t kMaxBlocksOpenedEarly = 256;

// Rows [begin, end) of a block, all of one run and one vector.
struct Piece {
  const ScanRun* run = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Where an output column comes from.
struct Source {
  enum class Kind : uint8_t { kTime, kTag, kField, kMissing } kind = Kind::kMissing;
  size_t index = 0;
  DataType type = DataType::kNull;
};

std::vector<Source> SourcesOf(const PlanNode& node, const ScanSeries& series) {
  std::vector<Source> sources;
  size_t num_fields = 0;
  for (const auto& column : node.columns) {
    Source source{.kind = Source::Kind::kMissing, .index = 0, .type = column.type};
    switch (column.role) {
      case ColumnRole::kTime: source.kind = Source::Kind::kTime; break;
      case ColumnRole::kField:
        source.kind = Source::Kind::kField;
        source.index = num_fields++;
        break;
      case ColumnRole::kTag: {
        const auto tag = std::ranges::find(series.tags, column.id, &ScanSeries::Tag::column);
        if (tag == series.tags.end()) break;
        source.kind = Source::Kind::kTag;
        source.index = static_cast<size_t>(tag - series.tags.begin());
        break;
      }
    }
    sources.push_back(source);
  }
  return sources;
}

// A vector of a column that has left its block, into whose memory it may point.
struct LentVector {
  explicit LentVector(std::shared_ptr<ScanBlock> from) : block(std::move(from)) {}

  std::shared_ptr<ScanBlock> block;
  DecodedVector decoded;
};

// Turns one block into batches.
class BlockReader {
 public:
  BlockReader(const PlanNode& node, QueryContext& context, std::shared_ptr<Scan> scan,
              std::shared_ptr<ScanBlock> block, const BatchConsumer& consume)
      : context_(context),
        scan_(std::move(scan)),
        block_(std::move(block)),
        consume_(consume),
        sources_(SourcesOf(node, scan_->series())) {}

  Result<bool> Read() {
    const auto runs = block_->runs();
    std::vector<uint32_t> order(runs.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto by_row = [&](uint32_t index) { return runs[index].row_begin; };
    if (!std::ranges::is_sorted(order, {}, by_row)) std::ranges::sort(order, {}, by_row);
    std::vector<Piece> pieces;  // Of one vector.
    uint32_t vector = 0;
    for (const uint32_t index : order) {
      const ScanRun& run = runs[index];
      for (uint32_t row = run.row_begin; row < run.row_end;) {
        if (row / kVectorRows != vector && !pieces.empty()) {
          STRIA_ASSIGN_OR_RETURN(const bool goes_on, AddVector(vector, pieces));
          if (!goes_on) return false;
          pieces.clear();
        }
        vector = row / kVectorRows;
        const uint32_t end = std::min(run.row_end, (vector + 1) * kVectorRows);
        pieces.push_back({&run, row, end});
        row = end;
      }
    }
    if (!pieces.empty()) {
      STRIA_ASSIGN_OR_RETURN(const bool goes_on, AddVector(vector, pieces));
      if (!goes_on) return false;
    }
    return EmitPending();
  }

 private:
  Result<bool> AddVector(uint32_t vector, const std::vector<Piece>& pieces) {
    uint32_t num_rows = 0;
    bool is_slice = true;
    for (size_t i = 0; i < pieces.size(); ++i) {
      num_rows += pieces[i].end - pieces[i].begin;
      is_slice &= i == 0 || pieces[i].begin == pieces[i - 1].end;
    }
    if (num_rows < kFewRows) {
      if (pending_.num_rows + num_rows > kMaxBatchRows) {
        STRIA_ASSIGN_OR_RETURN(const bool goes_on, EmitPending());
        if (!goes_on) return false;
      }
      STRIA_RETURN_IF_ERROR(AppendPending(vector, pieces, num_rows));
      return true;
    }
    STRIA_ASSIGN_OR_RETURN(const bool goes_on, EmitPending());
    if (!goes_on) return false;
    Batch batch;
    batch.num_rows = num_rows;
    for (const auto& source : sources_) {
      STRIA_ASSIGN_OR_RETURN(Column column, ReadColumn(source, vector, pieces, num_rows, is_slice));
      batch.columns.push_back(std::move(column));
    }
    return Emit(std::move(batch));
  }

  Result<bool> Emit(Batch&& batch) {
    STRIA_RETURN_IF_ERROR(context_.Check());
    return consume_(std::move(batch));
  }

  Result<Column> ReadColumn(const Source& source, uint32_t vector, const std::vector<Piece>& pieces,
                            uint32_t num_rows, bool is_slice) {
    Column column;
    column.type = source.type;
    switch (source.kind) {
      case Source::Kind::kTime:
        column.bits.reserve(num_rows);
        STRIA_RETURN_IF_ERROR(AppendTimes(pieces, column.bits));
        return column;
      case Source::Kind::kTag:
        column.form = Column::Form::kDictionary;
        column.dictionary = &scan_->series().tags[source.index].dictionary;
        column.keep_alive = scan_;
        column.codes.reserve(num_rows);
        AppendCodes(source, pieces, column.codes);
        return column;
      case Source::Kind::kField: {
        column.form = Column::Form::kPacked;
        const uint32_t first_row = vector * kVectorRows;
        if (!is_slice && source.type != DataType::kString) {
          STRIA_RETURN_IF_ERROR(block_->ReadVectorInto(source.index, vector, decoded_));
          column.packed = decoded_.view;
          return column.Gather(RowsOf(pieces, first_row));
        }
        // Of the batch, not of the block, so that it goes when the batch does.
        const auto lent = std::make_shared<LentVector>(block_);
        STRIA_RETURN_IF_ERROR(block_->ReadVectorInto(source.index, vector, lent->decoded));
        column.packed = lent->decoded.view;
        column.keep_alive = lent;
        if (!is_slice) return column.Gather(RowsOf(pieces, first_row));
        column.packed =
            column.packed.Slice(pieces.front().begin - first_row, pieces.back().end - first_row);
        return column;
      }
      case Source::Kind::kMissing: break;
    }
    return Column::Constant(Value::Null(source.type), source.type);
  }

  const std::vector<uint32_t>& RowsOf(const std::vector<Piece>& pieces, uint32_t first_row) {
    rows_.clear();
    for (const auto& piece : pieces) {
      for (uint32_t row = piece.begin; row < piece.end; ++row)
        rows_.push_back(row - first_row);
    }
    return rows_;
  }

  Status AppendTimes(const std::vector<Piece>& pieces, std::vector<uint64_t>& bits) {
    for (const auto& [run, begin, end] : pieces) {
      if (run->step > 0) {
        int64_t time = run->first_time + int64_t{begin - run->row_begin} * run->step;
        // Not one step past the last row, which might overflow.
        for (uint32_t row = begin; row < end; ++row) {
          bits.push_back(static_cast<uint64_t>(time));
          if (row + 1 < end) time += run->step;
        }
        continue;
      }
      STRIA_ASSIGN_OR_RETURN(const auto times, block_->Times(*run));
      for (uint32_t row = begin; row < end; ++row)
        bits.push_back(static_cast<uint64_t>(times[row - run->row_begin]));
    }
    return Status::Ok();
  }

  void AppendCodes(const Source& source, const std::vector<Piece>& pieces,
                   std::vector<int32_t>& codes) const {
    const auto& tag = scan_->series().tags[source.index];
    for (const auto& piece : pieces)
      codes.insert(codes.end(), piece.end - piece.begin, tag.codes[piece.run->series]);
  }

  Status AppendPending(uint32_t vector, const std::vector<Piece>& pieces, uint32_t num_rows) {
    if (pending_.num_rows == 0) {
      pending_.columns.clear();
      for (const auto& source : sources_) {
        Column column = Column::FlatNulls(source.type, 0);
        if (source.kind == Source::Kind::kTag) {
          column.form = Column::Form::kDictionary;
          column.dictionary = &scan_->series().tags[source.index].dictionary;
          column.keep_alive = scan_;
        } else if (source.type == DataType::kString) {
          column.keep_alive = block_;
        }
        pending_.columns.push_back(std::move(column));
      }
    }
    const auto& rows = RowsOf(pieces, vector * kVectorRows);
    for (size_t i = 0; i < sources_.size(); ++i) {
      const Source& source = sources_[i];
      Column& column = pending_.columns[i];
      switch (source.kind) {
        case Source::Kind::kTag: AppendCodes(source, pieces, column.codes); break;
        case Source::Kind::kTime: STRIA_RETURN_IF_ERROR(AppendTimes(pieces, column.bits)); break;
        case Source::Kind::kField:
          STRIA_RETURN_IF_ERROR(AppendValues(source, vector, rows, column));
          break;
        case Source::Kind::kMissing: AppendNulls(rows.size(), column); break;
      }
    }
    pending_.num_rows += num_rows;
    return Status::Ok();
  }

  // Pending columns always have a validity vector; it is dropped when all is valid.
  static void AppendNulls(size_t num_rows, Column& column) {
    const size_t size = column.validity.size() + num_rows;
    column.validity.resize(size, 0);
    if (column.type == DataType::kString) {
      column.strings.resize(size);
    } else {
      column.bits.resize(size);
    }
  }

  Status AppendValues(const Source& source, uint32_t vector, const std::vector<uint32_t>& rows,
                      Column& column) {
    const size_t begin = column.validity.size();
    AppendNulls(rows.size(), column);
    if (source.type != DataType::kString) {
      return block_->ReadRows(source.index, vector, rows, column.bits.data() + begin,
                              column.validity.data() + begin);
    }
    // Kept in the block: the strings are not copied.
    STRIA_ASSIGN_OR_RETURN(const VectorView view, block_->ReadVector(source.index, vector));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!view.IsValid(rows[i])) continue;
      column.validity[begin + i] = 1;
      column.strings[begin + i] = view.String(rows[i]);
    }
    return Status::Ok();
  }

  Result<bool> EmitPending() {
    if (pending_.num_rows == 0) return true;
    for (auto& column : pending_.columns) {
      if (std::ranges::find(column.validity, uint8_t{0}) == column.validity.end()) {
        column.validity.clear();
      }
    }
    return Emit(std::exchange(pending_, Batch()));
  }

  QueryContext& context_;
  std::shared_ptr<Scan> scan_;
  std::shared_ptr<ScanBlock> block_;
  const BatchConsumer& consume_;
  std::vector<Source> sources_;
  std::vector<uint32_t> rows_;
  DecodedVector decoded_;
  Batch pending_;
};

}  // namespace

ScanOperator::ScanOperator(const PlanNode& node, QueryContext& context)
    : node_(node), context_(context) {}

ScanOperator::~ScanOperator() {
  opened_.clear();  // Blocks must not outlive the scan.
  if (scan_ != nullptr) context_.AddStats(scan_->stats());
}

Status ScanOperator::Open() {
  storage::ScanRequest request = node_.request;
  request.fields.clear();
  request.tag_columns.emplace();
  for (const auto& column : node_.columns) {
    if (column.role == ColumnRole::kField) request.fields.push_back(column.id);
    if (column.role == ColumnRole::kTag) request.tag_columns->push_back(column.id);
  }
  STRIA_ASSIGN_OR_RETURN(scan_, context_.engine().OpenScan(request));
  const size_t num_blocks = scan_->num_blocks();
  opened_.resize(num_blocks);
  if (num_blocks > kMaxBlocksOpenedEarly) {
    estimated_rows_ = std::numeric_limits<uint32_t>::max();
    return Status::Ok();
  }
  for (size_t i = 0; i < num_blocks; ++i) {
    STRIA_RETURN_IF_ERROR(context_.Check());
    STRIA_ASSIGN_OR_RETURN(opened_[i], scan_->OpenBlock(i));
    for (const auto& run : opened_[i]->runs()) {
      estimated_rows_ += run.row_end - run.row_begin;
      if (!time_span_) time_span_ = {run.first_time, run.last_time};
      time_span_->first = std::min(time_span_->first, run.first_time);
      time_span_->second = std::max(time_span_->second, run.last_time);
    }
  }
  return Status::Ok();
}

Result<std::shared_ptr<ScanBlock>> ScanOperator::TakeBlock(size_t index) {
  if (opened_[index] != nullptr) return std::exchange(opened_[index], nullptr);
  STRIA_ASSIGN_OR_RETURN(auto block, scan_->OpenBlock(index));
  return std::shared_ptr<ScanBlock>(std::move(block));
}

Result<bool> ScanOperator::Read(size_t morsel, const BatchConsumer& consume) {
  STRIA_ASSIGN_OR_RETURN(auto block, TakeBlock(morsel));
  return BlockReader(node_, context_, scan_, std::move(block), consume).Read();
}

}  // namespace stria::query
