#include "query/exec/window_rows.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <string_view>
#include <utility>

#include "query/aggregate/group_table.h"
#include "query/expr/comparison.h"
#include "query/expr/evaluator.h"
#include "storage/base/errors.h"

namespace stria::query {
namespace {

// Rank of a key within its column: NULLs first, values, NULLs last.
constexpr uint8_t kNullFirst = 0;
constexpr uint8_t kValue = 1;
constexpr uint8_t kNullLast = 2;

// A row of a partition that is sorted, with its first key at hand.
struct Entry {
  uint64_t word = 0;
  uint32_t row = 0;
  uint8_t rank = kValue;
};

// Bytes for each row: group, position, row at a position, peer.
constexpr uint64_t kRowBytes = 3 * sizeof(uint32_t) + 1;

}  // namespace

// One key of ORDER BY for all rows, as they came.
struct WindowRows::Keys {
  bool descending = false;
  bool is_string = false;
  std::vector<uint64_t> words;            // That compare unsigned; not of strings.
  std::vector<std::string_view> strings;  // Of strings only.
  std::vector<uint8_t> ranks;             // Empty: all are values.
  std::vector<Column> owners;             // Of the strings.

  uint8_t RankOf(uint32_t row) const { return ranks.empty() ? kValue : ranks[row]; }
};

WindowRows::WindowRows(const PlanNode& node, QueryContext& context)
    : node_(node), context_(context), batch_memory_(context), memory_(context) {}

Status WindowRows::Read(Operator& input) {
  STRIA_RETURN_IF_ERROR(ReadBatches(input));
  const size_t num_keys = node_.sort_keys.size();
  STRIA_RETURN_IF_ERROR(memory_.Set(num_rows_ * (kRowBytes + num_keys * sizeof(uint64_t))));
  STRIA_ASSIGN_OR_RETURN(std::vector<uint32_t> row_at, FindPartitions());
  STRIA_RETURN_IF_ERROR(context_.Check());
  std::vector<Keys> keys;
  STRIA_RETURN_IF_ERROR(EncodeKeys(keys));
  if (!keys.empty()) SortPartitions(keys, row_at);
  MarkPeers(keys, row_at);
  STRIA_RETURN_IF_ERROR(context_.Check());
  bool is_in_place = true;
  for (uint32_t position = 0; position < num_rows_ && is_in_place; ++position)
    is_in_place = row_at[position] == position;
  if (!is_in_place) {
    positions_.resize(num_rows_);
    for (uint32_t position = 0; position < num_rows_; ++position)
      positions_[row_at[position]] = position;
  }
  return memory_.Set(num_rows_ * (sizeof(uint32_t) + 1));
}

Status WindowRows::ReadBatches(Operator& input) {
  const size_t num_workers = NumWorkers(input);
  std::vector<std::vector<Batch>> of_morsel(input.num_morsels());
  std::vector<std::unique_ptr<MemoryUse>> memory;
  std::vector<uint64_t> bytes(num_workers);
  for (size_t i = 0; i < num_workers; ++i)
    memory.push_back(std::make_unique<MemoryUse>(context_));
  const auto read = [&](size_t worker, size_t morsel) {
    return input.Read(morsel, [&](Batch&& batch) -> Result<bool> {
      bytes[worker] += HeldBytes(batch);
      STRIA_RETURN_IF_ERROR(memory[worker]->Set(bytes[worker]));
      of_morsel[morsel].push_back(std::move(batch));
      return true;
    });
  };
  STRIA_RETURN_IF_ERROR(ForEachMorsel(context_, input.num_morsels(), num_workers, read));
  uint64_t num_rows = 0;
  for (auto& batches : of_morsel) {
    for (auto& batch : batches) {
      num_rows += batch.num_rows;
      batches_.push_back(std::move(batch));
    }
  }
  if (num_rows >= std::numeric_limits<uint32_t>::max())
    return ResourceExhausted("a window function over {} rows; at most 4294967294 fit", num_rows);
  num_rows_ = static_cast<uint32_t>(num_rows);
  // What the workers held is now held here.
  memory.clear();
  return batch_memory_.Set(std::reduce(bytes.begin(), bytes.end()));
}

// Fills partitions_; the row at each position, where those of a partition are in the order of the
// input.
Result<std::vector<uint32_t>> WindowRows::FindPartitions() {
  std::vector<uint32_t> row_at(num_rows_);
  if (node_.exprs.empty()) {
    std::iota(row_at.begin(), row_at.end(), 0U);
    if (num_rows_ > 0) partitions_.push_back({0, num_rows_});
    return row_at;
  }
  std::vector<DataType> types;
  for (const auto& key : node_.exprs)
    types.push_back(key->type);
  GroupTable table(std::move(types));
  MemoryUse table_memory(context_);
  std::vector<uint32_t> groups;
  groups.reserve(num_rows_);
  std::vector<uint32_t> of_batch;
  for (const auto& batch : batches_) {
    std::vector<Column> computed;
    computed.reserve(node_.exprs.size());
    std::vector<const Column*> keys;
    for (const auto& key : node_.exprs) {
      if (key->kind == ExprKind::kColumn) {
        keys.push_back(&batch.columns[key->column]);
        continue;
      }
      STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*key, batch));
      keys.push_back(&computed.emplace_back(std::move(column)));
    }
    table.FindGroups(keys, batch.num_rows, of_batch);
    groups.insert(groups.end(), of_batch.begin(), of_batch.end());
    STRIA_RETURN_IF_ERROR(table_memory.Set(table.MemoryBytes()));
  }
  partitions_.resize(table.num_groups());
  for (const uint32_t group : groups)
    ++partitions_[group].end;
  uint32_t begin = 0;
  for (auto& partition : partitions_) {
    const uint32_t count = partition.end;
    partition = {begin, begin};
    begin += count;
  }
  for (uint32_t row = 0; row < num_rows_; ++row)
    row_at[partitions_[groups[row]].end++] = row;
  return row_at;
}

Status WindowRows::EncodeKeys(std::vector<Keys>& keys) const {
  for (const auto& sort_key : node_.sort_keys) {
    Keys& key = keys.emplace_back();
    key.descending = sort_key.descending;
    key.is_string = sort_key.expr->type == DataType::kString;
    if (key.is_string) {
      key.strings.resize(num_rows_);
    } else {
      key.words.resize(num_rows_);
    }
    key.owners.reserve(batches_.size());  // The text of a constant lives in its column.
    const uint64_t flip = key.descending ? ~uint64_t{0} : 0;
    uint32_t first_row = 0;
    for (const auto& batch : batches_) {
      STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(*sort_key.expr, batch));
      const bool is_null = column.type == DataType::kNull;
      if (key.is_string) key.owners.push_back(std::move(column));
      const Column& values = key.is_string ? key.owners.back() : column;
      const PlainView view(values, batch.num_rows);
      for (uint32_t row = 0; row < batch.num_rows; ++row) {
        if (is_null || !view.IsValid(row)) {
          if (key.ranks.empty()) key.ranks.assign(num_rows_, kValue);
          key.ranks[first_row + row] = sort_key.nulls_first ? kNullFirst : kNullLast;
        } else if (key.is_string) {
          key.strings[first_row + row] = view.String(row);
        } else {
          key.words[first_row + row] = flip ^ SortableBits(values.type, view.Word(row));
        }
      }
      first_row += batch.num_rows;
    }
  }
  return Status::Ok();
}

int WindowRows::Compare(const std::vector<Keys>& keys, uint32_t a, uint32_t b, size_t first_key) {
  for (size_t i = first_key; i < keys.size(); ++i) {
    const Keys& key = keys[i];
    const uint8_t a_rank = key.RankOf(a);
    const uint8_t b_rank = key.RankOf(b);
    if (a_rank != b_rank) return a_rank < b_rank ? -1 : 1;
    if (key.is_string) {
      const int order = key.strings[a].compare(key.strings[b]);
      if (order != 0) return (order < 0) == key.descending ? 1 : -1;
    } else if (key.words[a] != key.words[b]) {
      return key.words[a] < key.words[b] ? -1 : 1;
    }
  }
  return 0;
}

void WindowRows::SortPartitions(const std::vector<Keys>& keys,
                                std::vector<uint32_t>& row_at) const {
  const bool has_words = !keys[0].is_string;
  const size_t first_other_key = has_words ? 1 : 0;
  std::vector<Entry> entries;
  for (const auto& partition : partitions_) {
    const auto begin = row_at.begin() + partition.begin;
    const auto end = row_at.begin() + partition.end;
    // Rows of a partition came in the order of their numbers.
    if (std::is_sorted(begin, end,
                       [&](uint32_t a, uint32_t b) { return Compare(keys, a, b, 0) < 0; })) {
      continue;
    }
    entries.clear();
    for (auto row = begin; row != end; ++row) {
      entries.push_back({.word = has_words ? keys[0].words[*row] : 0,
                         .row = *row,
                         .rank = has_words ? keys[0].RankOf(*row) : kValue});
    }
    std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
      if (a.rank != b.rank) return a.rank < b.rank;
      if (a.word != b.word) return a.word < b.word;
      const int order = Compare(keys, a.row, b.row, first_other_key);
      return order != 0 ? order < 0 : a.row < b.row;
    });
    std::ranges::transform(entries, begin, &Entry::row);
  }
}

void WindowRows::MarkPeers(const std::vector<Keys>& keys, const std::vector<uint32_t>& row_at) {
  is_first_peer_.assign(num_rows_, 0);
  for (const auto& [begin, end] : partitions_) {
    is_first_peer_[begin] = 1;
    if (keys.empty()) continue;
    for (uint32_t position = begin + 1; position < end; ++position) {
      is_first_peer_[position] =
          Compare(keys, row_at[position - 1], row_at[position], 0) != 0 ? 1 : 0;
    }
  }
}

Result<Column> WindowRows::ValuesOf(const Expr& expr) const {
  Column values;
  values.type = expr.type;
  const bool is_string = expr.type == DataType::kString;
  if (is_string) {
    values.strings.resize(num_rows_);
  } else {
    values.bits.resize(num_rows_);
  }
  const auto owners = std::make_shared<std::vector<Column>>();
  owners->reserve(batches_.size());  // The text of a constant lives in its column.
  uint32_t first_row = 0;
  for (const auto& batch : batches_) {
    STRIA_ASSIGN_OR_RETURN(Column column, Evaluate(expr, batch));
    const bool is_null = column.type == DataType::kNull;
    if (is_string) owners->push_back(std::move(column));
    const Column& of_batch = is_string ? owners->back() : column;
    const PlainView view(of_batch, batch.num_rows);
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      const uint32_t position = PositionOf(first_row + row);
      if (is_null || !view.IsValid(row)) {
        if (values.validity.empty()) values.validity.assign(num_rows_, 1);
        values.validity[position] = 0;
      } else if (is_string) {
        values.strings[position] = view.String(row);
      } else {
        values.bits[position] = view.Word(row);
      }
    }
    first_row += batch.num_rows;
  }
  if (is_string) values.keep_alive = owners;
  return values;
}

}  // namespace stria::query
