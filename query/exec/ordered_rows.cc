#include "query/exec/ordered_rows.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>
#include <utility>

#include "query/exec/batch.h"
#include "query/exec/gather_rows.h"
#include "query/expr/comparison.h"
#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

// Entries below which nothing is cut: small enough for the cache, and 16 batches.
constexpr size_t kFirstCut = 16 * kMaxBatchRows;

// Entries that are sorted before somebody looks whether the answer is still wanted: some 20 ms.
constexpr size_t kSortedAtOnce = 128 * 1024;

// Rank of a key within its column: NULLs first, values, NULLs last.
constexpr uint8_t kNullFirst = 0;
constexpr uint8_t kValue = 1;
constexpr uint8_t kNullLast = 2;

// The first eight bytes, such that words compare as the strings do as far as they go.
uint64_t PrefixOf(std::string_view text) {
  uint64_t word = 0;
  const size_t size = std::min<size_t>(text.size(), 8);
  for (size_t i = 0; i < size; ++i)
    word |= uint64_t{static_cast<uint8_t>(text[i])} << (56 - 8 * i);
  return word;
}

}  // namespace

// A batch with the keys of its rows, key by key: words[key * num_rows + row].
struct OrderedRows::StoredBatch {
  Batch batch;
  std::vector<uint64_t> words;
  std::vector<uint8_t> ranks;
  std::vector<Column> strings;      // By key; of string keys.
  std::vector<uint64_t> positions;  // Where a row came in the input.

  size_t MemoryBytes() const {
    size_t bytes = HeldBytes(batch) + words.capacity() * sizeof(uint64_t) + ranks.capacity() +
                   positions.capacity() * sizeof(uint64_t);
    for (const auto& column : strings)
      bytes += column.MemoryBytes();
    return bytes;
  }
};

// A row, with its first key at hand.
struct OrderedRows::Entry {
  uint64_t word = 0;
  uint32_t batch = 0;
  uint16_t row = 0;
  uint8_t rank = 0;
};

OrderedRows::OrderedRows(const RowOrder& order, QueryContext& context)
    : order_(order), context_(context), memory_(context), cut_at_(kFirstCut) {}

OrderedRows::~OrderedRows() = default;

uint64_t OrderedRows::num_rows() const {
  return entries_.size();
}

Result<OrderedRows::StoredBatch> OrderedRows::Encode(Batch&& batch, uint64_t first_position) const {
  StoredBatch stored;
  const uint32_t num_rows = batch.num_rows;
  stored.words.resize(order_.keys.size() * num_rows);
  stored.ranks.assign(order_.keys.size() * num_rows, kValue);
  stored.strings.resize(order_.keys.size());
  for (size_t key = 0; key < order_.keys.size(); ++key) {
    const SortKey& sort_key = order_.keys[key];
    STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*sort_key.expr, batch));
    const PlainView view(column, num_rows);
    const uint64_t flip = sort_key.descending ? ~uint64_t{0} : 0;
    uint64_t* words = stored.words.data() + key * num_rows;
    uint8_t* ranks = stored.ranks.data() + key * num_rows;
    const bool is_string = column.type == DataType::kString;
    for (uint32_t row = 0; row < num_rows; ++row) {
      if (column.type == DataType::kNull || !view.IsValid(row)) {
        ranks[row] = sort_key.nulls_first ? kNullFirst : kNullLast;
      } else {
        words[row] = flip ^ (is_string ? PrefixOf(view.String(row))
                                       : SortableBits(column.type, view.Word(row)));
      }
    }
    if (sort_key.expr->type != DataType::kString) continue;
    stored.strings[key] = is_string
                              ? std::move(column)
                              : Column::Constant(Value::Null(DataType::kString), DataType::kString);
  }
  stored.positions.resize(num_rows);
  std::iota(stored.positions.begin(), stored.positions.end(), first_position);
  stored.batch = std::move(batch);
  return stored;
}

int OrderedRows::CompareKeys(const StoredBatch& a, uint32_t a_row, const StoredBatch& b,
                             uint32_t b_row, size_t begin, size_t end) const {
  for (size_t key = begin; key < end; ++key) {
    const size_t a_index = key * a.batch.num_rows + a_row;
    const size_t b_index = key * b.batch.num_rows + b_row;
    if (a.ranks[a_index] != b.ranks[b_index]) return a.ranks[a_index] < b.ranks[b_index] ? -1 : 1;
    if (a.words[a_index] != b.words[b_index]) return a.words[a_index] < b.words[b_index] ? -1 : 1;
    if (a.ranks[a_index] != kValue || order_.keys[key].expr->type != DataType::kString) continue;
    const int order = a.strings[key].String(a_row).compare(b.strings[key].String(b_row));
    if (order != 0) return (order < 0) == order_.keys[key].descending ? 1 : -1;
  }
  return 0;
}

bool OrderedRows::IsBefore(const Entry& a, const Entry& b) const {
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.word != b.word) return a.word < b.word;
  const StoredBatch& a_batch = batches_[a.batch];
  const StoredBatch& b_batch = batches_[b.batch];
  const int order = CompareKeys(a_batch, a.row, b_batch, b.row, 0, order_.keys.size());
  return order != 0 ? order < 0 : a_batch.positions[a.row] < b_batch.positions[b.row];
}

bool OrderedRows::HasSameKeys(const Entry& a, const Entry& b) const {
  return a.rank == b.rank && a.word == b.word &&
         CompareKeys(batches_[a.batch], a.row, batches_[b.batch], b.row, 0,
                     order_.num_distinct_keys) == 0;
}

Status OrderedRows::Add(size_t morsel, Batch&& batch) {
  if (morsel != morsel_) {
    morsel_ = morsel;
    num_rows_of_morsel_ = 0;
  }
  // Fewer than 2^32 rows come from one morsel: it is a row group, a chunk or a finished result.
  const uint64_t position = (uint64_t{morsel} << 32) + num_rows_of_morsel_;
  num_rows_of_morsel_ += batch.num_rows;
  STRIA_ASSIGN_OR_RETURN(StoredBatch stored, Encode(std::move(batch), position));
  std::vector<uint32_t> rows;
  if (order_.num_distinct_keys > 0) {
    KeepBestOfRuns(stored, rows);
  } else {
    for (uint32_t row = 0; row < stored.batch.num_rows; ++row) {
      if (!IsTooLate(stored, row)) rows.push_back(row);
    }
  }
  STRIA_RETURN_IF_ERROR(Store(std::move(stored), rows));
  return CutIfDoubled();
}

// Rows come sorted by series, so most rows of a batch have the keys of their neighbour: one pass
// leaves one row of each such run.
void OrderedRows::KeepBestOfRuns(const StoredBatch& stored, std::vector<uint32_t>& rows) const {
  for (uint32_t row = 0; row < stored.batch.num_rows; ++row) {
    const size_t num_keys = order_.num_distinct_keys;
    if (!rows.empty() && CompareKeys(stored, row, stored, rows.back(), 0, num_keys) == 0) {
      if (CompareKeys(stored, row, stored, rows.back(), num_keys, order_.keys.size()) < 0)
        rows.back() = row;
      continue;
    }
    rows.push_back(row);
  }
}

bool OrderedRows::IsTooLate(const StoredBatch& stored, uint32_t row) const {
  if (!has_limit_) return false;
  if (stored.ranks[row] != limit_rank_) return stored.ranks[row] > limit_rank_;
  return stored.words[row] > limit_word_;
}

Status OrderedRows::Store(StoredBatch&& stored, const std::vector<uint32_t>& rows) {
  if (rows.empty()) return Status::Ok();
  const auto batch = static_cast<uint32_t>(batches_.size());
  for (const uint32_t row : rows) {
    const bool has_keys = !order_.keys.empty();
    entries_.push_back({.word = has_keys ? stored.words[row] : 0,
                        .batch = batch,
                        .row = static_cast<uint16_t>(row),
                        .rank = has_keys ? stored.ranks[row] : kValue});
  }
  batches_.push_back(std::move(stored));
  // A batch of which little is wanted is not kept whole.
  const size_t num_kept = rows.size();
  if (num_kept < batches_.back().batch.num_rows / 2) {
    StoredBatch copy =
        CopyOf(entries_.data() + (entries_.size() - num_kept), entries_.data() + entries_.size());
    batches_.back() = std::move(copy);
    for (size_t i = 0; i < num_kept; ++i)
      entries_[entries_.size() - num_kept + i].row = static_cast<uint16_t>(i);
  }
  stored_bytes_ += batches_.back().MemoryBytes();
  return memory_.Set(stored_bytes_ + entries_.capacity() * sizeof(Entry));
}

Status OrderedRows::Absorb(OrderedRows&& other) {
  const auto first_batch = static_cast<uint32_t>(batches_.size());
  for (auto& stored : other.batches_)
    batches_.push_back(std::move(stored));
  for (Entry entry : other.entries_) {
    entry.batch += first_batch;
    entries_.push_back(entry);
  }
  stored_bytes_ += std::exchange(other.stored_bytes_, 0);
  other.batches_.clear();
  other.entries_ = {};
  STRIA_RETURN_IF_ERROR(other.memory_.Set(0));
  STRIA_RETURN_IF_ERROR(memory_.Set(stored_bytes_ + entries_.capacity() * sizeof(Entry)));
  return CutIfDoubled();
}

Status OrderedRows::CutIfDoubled() {
  if (entries_.size() < cut_at_ || (!order_.top && order_.num_distinct_keys == 0)) {
    return Status::Ok();
  }
  KeepWanted();
  if (order_.top && *order_.top > 0 && entries_.size() >= *order_.top) {
    const auto last = std::ranges::max_element(
        entries_, [this](const Entry& a, const Entry& b) { return IsBefore(a, b); });
    has_limit_ = true;
    limit_word_ = last->word;
    limit_rank_ = last->rank;
  }
  Rebuild();
  cut_at_ = std::max(kFirstCut, entries_.size() * 2);
  return memory_.Set(stored_bytes_ + entries_.capacity() * sizeof(Entry));
}

// Leaves the entries that are wanted, in any order.
void OrderedRows::KeepWanted() {
  const auto is_before = [this](const Entry& a, const Entry& b) { return IsBefore(a, b); };
  if (order_.num_distinct_keys > 0) {
    std::ranges::sort(entries_, is_before);
    const auto repeated = std::ranges::unique(
        entries_, [this](const Entry& a, const Entry& b) { return HasSameKeys(a, b); });
    entries_.erase(repeated.begin(), repeated.end());
  }
  if (order_.top && entries_.size() > *order_.top) {
    const auto end = entries_.begin() + static_cast<ptrdiff_t>(*order_.top);
    std::nth_element(entries_.begin(), end, entries_.end(), is_before);
    entries_.erase(end, entries_.end());
  }
}

// Copies the rows of the entries together and forgets all others.
void OrderedRows::Rebuild() {
  std::vector<StoredBatch> batches;
  stored_bytes_ = 0;
  for (size_t begin = 0; begin < entries_.size(); begin += kMaxBatchRows) {
    const size_t end = std::min<size_t>(entries_.size(), begin + kMaxBatchRows);
    batches.push_back(CopyOf(entries_.data() + begin, entries_.data() + end));
    stored_bytes_ += batches.back().MemoryBytes();
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].batch = static_cast<uint32_t>(i / kMaxBatchRows);
    entries_[i].row = static_cast<uint16_t>(i % kMaxBatchRows);
  }
  batches_ = std::move(batches);
}

Status OrderedRows::Finish() {
  KeepWanted();
  const uint64_t held_bytes = stored_bytes_ + entries_.capacity() * sizeof(Entry);
  const bool is_one_stretch = entries_.size() <= kSortedAtOnce;
  // A merge moves the shorter side aside.
  if (!is_one_stretch)
    STRIA_RETURN_IF_ERROR(memory_.Set(held_bytes + entries_.size() / 2 * sizeof(Entry)));
  STRIA_RETURN_IF_ERROR(SortEntries());
  return is_one_stretch ? Status::Ok() : memory_.Set(held_bytes);
}

// Sorts stretch by stretch and merges them: whoever wants no answer any more can say so in between.
Status OrderedRows::SortEntries() {
  const auto is_before = [this](const Entry& a, const Entry& b) { return IsBefore(a, b); };
  const size_t size = entries_.size();
  const auto at = [&](size_t index) {
    return entries_.begin() + static_cast<ptrdiff_t>(std::min(index, size));
  };
  for (size_t begin = 0; begin < size; begin += kSortedAtOnce) {
    STRIA_RETURN_IF_ERROR(context_.Check());
    std::sort(at(begin), at(begin + kSortedAtOnce), is_before);
  }
  for (size_t width = kSortedAtOnce; width < size; width *= 2) {
    for (size_t begin = 0; begin + width < size; begin += 2 * width) {
      STRIA_RETURN_IF_ERROR(context_.Check());
      std::inplace_merge(at(begin), at(begin + width), at(begin + 2 * width), is_before);
    }
  }
  return Status::Ok();
}

Result<bool> OrderedRows::Emit(const BatchConsumer& consume) const {
  for (size_t begin = 0; begin < entries_.size(); begin += kMaxBatchRows) {
    const size_t end = std::min<size_t>(entries_.size(), begin + kMaxBatchRows);
    STRIA_ASSIGN_OR_RETURN(const bool goes_on,
                           consume(Gather(entries_.data() + begin, entries_.data() + end)));
    if (!goes_on) return false;
  }
  return true;
}

Batch OrderedRows::Gather(const Entry* begin, const Entry* end) const {
  Batch result;
  result.num_rows = static_cast<uint32_t>(end - begin);
  const bool is_one_batch =
      std::all_of(begin, end, [&](const Entry& entry) { return entry.batch == begin->batch; });
  if (is_one_batch) {
    std::vector<uint32_t> rows;
    std::transform(begin, end, std::back_inserter(rows),
                   [](const Entry& entry) { return uint32_t{entry.row}; });
    return batches_[begin->batch].batch.Gather(rows);
  }
  std::vector<RowRef> rows(result.num_rows);
  for (size_t column = 0; column < batches_[begin->batch].batch.columns.size(); ++column) {
    std::transform(begin, end, rows.begin(), [&](const Entry& entry) {
      return RowRef{&batches_[entry.batch].batch.columns[column], entry.row};
    });
    result.columns.push_back(GatherRows(rows));
  }
  return result;
}

OrderedRows::StoredBatch OrderedRows::CopyOf(const Entry* begin, const Entry* end) const {
  StoredBatch copy;
  copy.batch = Gather(begin, end);
  const size_t num_keys = order_.keys.size();
  copy.strings.resize(num_keys);
  for (size_t key = 0; key < num_keys; ++key) {
    std::vector<RowRef> rows;
    for (const Entry* entry = begin; entry != end; ++entry) {
      const StoredBatch& stored = batches_[entry->batch];
      const size_t index = key * stored.batch.num_rows + entry->row;
      copy.words.push_back(stored.words[index]);
      copy.ranks.push_back(stored.ranks[index]);
      rows.push_back({&stored.strings[key], entry->row});
    }
    if (order_.keys[key].expr->type == DataType::kString) copy.strings[key] = GatherRows(rows);
  }
  for (const Entry* entry = begin; entry != end; ++entry)
    copy.positions.push_back(batches_[entry->batch].positions[entry->row]);
  return copy;
}

Result<std::unique_ptr<OrderedRows>> ReadOrdered(Operator& input, const RowOrder& order,
                                                 QueryContext& context) {
  const size_t num_workers = NumWorkers(input);
  std::vector<std::unique_ptr<OrderedRows>> parts;
  for (size_t i = 0; i < num_workers; ++i)
    parts.push_back(std::make_unique<OrderedRows>(order, context));
  const auto read = [&](size_t worker, size_t morsel) {
    return input.Read(morsel, [&](Batch&& batch) -> Result<bool> {
      STRIA_RETURN_IF_ERROR(parts[worker]->Add(morsel, std::move(batch)));
      return true;
    });
  };
  STRIA_RETURN_IF_ERROR(ForEachMorsel(context, input.num_morsels(), num_workers, read));
  for (size_t i = 1; i < num_workers; ++i)
    STRIA_RETURN_IF_ERROR(parts[0]->Absorb(std::move(*parts[i])));
  STRIA_RETURN_IF_ERROR(context.Check());
  STRIA_RETURN_IF_ERROR(parts[0]->Finish());
  return std::move(parts[0]);
}

}  // namespace stria::query
