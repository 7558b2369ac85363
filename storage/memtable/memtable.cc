#include "storage/memtable/memtable.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "storage/base/check.h"
#include "storage/memtable/packed_column.h"
#include "storage/memtable/row_order.h"

namespace stria::storage {
namespace {

constexpr size_t kFirstChunkRows = 64;
constexpr size_t kMaxChunkRows = 65'536;

// What an eighth of is filled at most has many columns of which each row has few.
constexpr size_t kPlacesOfASparseValue = 8;
// Places of 9 bytes in a chunk of such rows: some ten thousand columns meet in chunks of 64 rows,
// of about 600 bytes a value; a hundred columns in chunks of a thousand.
constexpr size_t kMaxSparsePlaces = 128 * 1024;

size_t CountValues(std::span<const uint8_t> validity) {
  return static_cast<size_t>(std::ranges::count(validity, uint8_t{1}));
}

bool IsSparse(size_t num_values, size_t num_places) {
  return num_values * kPlacesOfASparseValue < num_places;
}

bool IsSparse(const TableRows& rows) {
  size_t num_values = 0;
  for (const auto& column : rows.columns)
    num_values += column.validity.empty() ? rows.num_rows() : CountValues(column.validity);
  return IsSparse(num_values, rows.columns.size() * rows.num_rows());
}

}  // namespace

/// Rows that never move. Arrays have `capacity` entries from the start, so that the writer fills
/// rows behind the visible ones while readers look at those.
class Memtable::Chunk {
 public:
  struct Column {
    ColumnId id;
    DataType type = DataType::kFloat64;
    std::unique_ptr<uint64_t[]> bits;
    std::unique_ptr<std::string_view[]> strings;
    std::unique_ptr<uint8_t[]> validity;  // 0 until written.
  };
  /// The columns of a full chunk, in the order of its series.
  struct PackedColumns {
    std::vector<const Column*> columns;
    std::vector<PackedColumn> packed;  // Parallel to `columns`.
  };
  /// Grows behind what readers see; where it is full, one of twice the size takes its place.
  struct ColumnList {
    explicit ColumnList(size_t max_columns)
        : capacity(max_columns), columns(std::make_unique<Column*[]>(max_columns)) {}

    const size_t capacity;
    std::unique_ptr<Column*[]> columns;
    std::atomic<size_t> size = 0;  // Release in Add() pairs with acquire in columns().
  };

  explicit Chunk(size_t first_row, size_t capacity)
      : first_row_(first_row),
        capacity_(capacity),
        series_(std::make_unique_for_overwrite<uint32_t[]>(capacity)),
        times_(std::make_unique_for_overwrite<int64_t[]>(capacity)) {
    constexpr size_t kFirstColumns = 8;
    lists_.push_back(std::make_unique<ColumnList>(kFirstColumns));
    list_.store(lists_.back().get(), std::memory_order_release);
  }

  size_t first_row() const { return first_row_; }
  size_t capacity() const { return capacity_; }
  size_t num_free() const { return capacity_ - num_rows_; }

  // Appends rows [begin, end) of `rows`; returns the bytes that it took in memory.
  size_t Append(const TableRows& rows, size_t begin, size_t end) {
    const size_t count = end - begin;
    std::memcpy(series_.get() + num_rows_, rows.series.data() + begin, count * sizeof(uint32_t));
    std::memcpy(times_.get() + num_rows_, rows.times.data() + begin, count * sizeof(int64_t));
    size_t bytes = 0;
    for (size_t index = 0; index < rows.columns.size(); ++index) {
      const ColumnRows& source = rows.columns[index];
      const bool has_values = source.validity.empty() ||
                              std::memchr(source.validity.data() + begin, 1, count) != nullptr;
      if (!has_values && FindAsWriter(source.id, source.type) == nullptr) continue;
      Column& column = FindOrAdd(source, index, bytes);
      if (source.validity.empty()) {
        std::memset(column.validity.get() + num_rows_, 1, count);
      } else {
        std::memcpy(column.validity.get() + num_rows_, source.validity.data() + begin, count);
      }
      if (source.type == DataType::kString) {
        for (size_t i = 0; i < count; ++i) {
          column.strings[num_rows_ + i] = Keep(source.strings[begin + i], bytes);
        }
      } else {
        std::memcpy(column.bits.get() + num_rows_, source.bits.data() + begin,
                    count * sizeof(uint64_t));
      }
    }
    num_rows_ += count;
    return bytes;
  }

  /// Rows of the chunk after this one, which is full. Where most places are empty, since there are
  /// many columns and each row has few, chunks stay small: they then have places for the columns
  /// of few rows only.
  size_t NextCapacity() const {
    size_t num_values = 0;
    for (const Column* column : columns())
      num_values += CountValues({column->validity.get(), capacity_});
    const size_t num_places = columns().size() * capacity_;
    if (!IsSparse(num_values, num_places) || num_places < kMaxSparsePlaces / 2)
      return std::min(2 * capacity_, kMaxChunkRows);
    return num_places > kMaxSparsePlaces ? std::max(capacity_ / 2, kFirstChunkRows) : capacity_;
  }

  std::span<const uint32_t> series(size_t num_rows) const { return {series_.get(), num_rows}; }
  std::span<const int64_t> times(size_t num_rows) const { return {times_.get(), num_rows}; }

  const Column* Find(ColumnId id, DataType type) const {
    for (const Column* column : columns()) {
      if (column->id == id && column->type == type) return column;
    }
    return nullptr;
  }
  /// Find() for the writer, or for whoever holds a chunk that is written no more: of many columns.
  const Column* FindAsWriter(ColumnId id, DataType type) const {
    const auto found = by_id_.find({id, type});
    return found == by_id_.end() ? nullptr : found->second;
  }
  std::span<Column* const> columns() const {
    const ColumnList& list = *list_.load(std::memory_order_acquire);
    return {list.columns.get(), list.size.load(std::memory_order_acquire)};
  }

  /// The order of the first `num_rows` rows by series id. Remembers the last one made.
  std::shared_ptr<const RowOrder> Order(size_t num_rows) const {
    const MutexLock lock(order_mutex_);
    if (order_ == nullptr || order_rows_ != num_rows) {
      order_ = std::make_shared<const RowOrder>(MakeRowOrder(series(num_rows), times(num_rows)));
      order_rows_ = num_rows;
    }
    return order_;
  }

  /// Packs the columns of a chunk whose rows are all visible, unless that was done; returns the
  /// bytes that it took in memory. Confined to one thread at a time.
  size_t Pack() const {
    if (packed() != nullptr) return 0;
    const auto order = Order(capacity_);
    auto packed = std::make_unique<PackedColumns>();
    size_t bytes = 0;
    for (const Column* column : columns()) {
      if (column->type == DataType::kString) continue;
      packed->columns.push_back(column);
      packed->packed.emplace_back(*order, column->type, column->bits.get(), column->validity.get());
      bytes += packed->packed.back().MemoryBytes();
    }
    owned_packed_ = std::move(packed);
    packed_.store(owned_packed_.get(), std::memory_order_release);  // Pairs with packed().
    return bytes;
  }

  /// What Pack() made, or nullptr.
  const PackedColumns* packed() const { return packed_.load(std::memory_order_acquire); }

 private:
  // `index` is where the column is if all rows have the same columns.
  Column& FindOrAdd(const ColumnRows& source, size_t index, size_t& bytes) {
    const auto known = columns();
    if (index < known.size() && known[index]->id == source.id &&
        known[index]->type == source.type) {
      return *known[index];
    }
    Column*& found = by_id_[{source.id, source.type}];
    if (found != nullptr) return *found;
    auto& column = owned_.emplace_back();
    found = &column;
    column.id = source.id;
    column.type = source.type;
    column.validity = std::make_unique<uint8_t[]>(capacity_);
    if (source.type == DataType::kString) {
      column.strings = std::make_unique<std::string_view[]>(capacity_);
      bytes += capacity_ * (sizeof(std::string_view) + 1);
    } else {
      column.bits = std::make_unique_for_overwrite<uint64_t[]>(capacity_);
      // Rows before this one have no value; readers may copy the slots.
      std::memset(column.bits.get(), 0, num_rows_ * sizeof(uint64_t));
      bytes += capacity_ * (sizeof(uint64_t) + 1);
    }
    Add(column);
    return column;
  }

  void Add(Column& column) {
    ColumnList* list = lists_.back().get();
    const size_t size = list->size.load(std::memory_order_relaxed);
    if (size == list->capacity) {
      auto larger = std::make_unique<ColumnList>(2 * size);
      std::copy_n(list->columns.get(), size, larger->columns.get());
      larger->size.store(size, std::memory_order_relaxed);
      lists_.push_back(std::move(larger));
      list = lists_.back().get();
      list_.store(list, std::memory_order_release);  // Pairs with columns().
    }
    list->columns[size] = &column;
    list->size.store(size + 1, std::memory_order_release);
  }

  std::string_view Keep(std::string_view text, size_t& bytes) {
    constexpr size_t kBlockBytes = 16 * 1024;
    if (text.empty()) return {};
    if (arena_.empty() || arena_used_ + text.size() > arena_size_) {
      arena_size_ = std::max(kBlockBytes, text.size());
      arena_.push_back(std::make_unique_for_overwrite<char[]>(arena_size_));
      arena_used_ = 0;
      bytes += arena_size_;
    }
    char* place = arena_.back().get() + arena_used_;
    std::memcpy(place, text.data(), text.size());
    arena_used_ += text.size();
    return {place, text.size()};
  }

  const size_t first_row_;
  const size_t capacity_;
  size_t num_rows_ = 0;  // Of the writer.
  std::unique_ptr<uint32_t[]> series_;
  std::unique_ptr<int64_t[]> times_;
  std::deque<Column> owned_;
  std::map<std::pair<ColumnId, DataType>, Column*> by_id_;  // Of the writer.
  std::vector<std::unique_ptr<ColumnList>> lists_;          // All that readers may still hold.
  std::atomic<const ColumnList*> list_;
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_size_ = 0;
  size_t arena_used_ = 0;
  mutable Mutex order_mutex_;
  mutable std::shared_ptr<const RowOrder> order_ STRIA_GUARDED_BY(order_mutex_);
  mutable size_t order_rows_ STRIA_GUARDED_BY(order_mutex_) = 0;
  mutable std::unique_ptr<const PackedColumns> owned_packed_;  // Of whoever packs.
  mutable std::atomic<const PackedColumns*> packed_ = nullptr;
};

/// A chunk's visible rows, sorted.
class Memtable::SortedSource final : public RunSource {
 public:
  SortedSource(std::shared_ptr<const Chunk> chunk, size_t num_rows)
      : chunk_(std::move(chunk)),
        order_(chunk_->Order(num_rows)),
        packed_(num_rows == chunk_->capacity() ? chunk_->packed() : nullptr) {
    runs_.reserve(order_->runs.size());
    for (const auto& run : order_->runs) {
      runs_.push_back({.series = run.series,
                       .row_begin = run.row_begin,
                       .row_end = run.row_end,
                       .first_time = order_->times[run.row_begin],
                       .last_time = order_->times[run.row_end - 1],
                       .step = 0});
    }
  }

  uint32_t num_rows() const override { return static_cast<uint32_t>(order_->num_rows()); }
  std::span<const SourceRun> runs() const override { return runs_; }

  Result<std::span<const int64_t>> Times(size_t run_index) override {
    const SourceRun& run = runs_[run_index];
    return std::span(order_->times).subspan(run.row_begin, run.row_end - run.row_begin);
  }

  Result<VectorView> ReadVector(ColumnId id, DataType type, uint32_t vector) override {
    const size_t begin = size_t{vector} * kVectorRows;
    const size_t end = std::min<size_t>(begin + kVectorRows, order_->num_rows());
    VectorView view;
    view.type = type;
    view.num_rows = static_cast<uint32_t>(end - begin);
    const Chunk::Column* column = chunk_->Find(id, type);
    if (column == nullptr) {
      view.all_null = true;
      return view;
    }
    if (const auto packed = FindPacked(column, vector)) return *packed;
    auto& gathered = gathered_[{id.value(), vector}];
    if (gathered == nullptr) {
      gathered = std::make_unique<Gathered>();
      gathered->validity.resize(end - begin);
      if (type == DataType::kString) {
        gathered->strings.resize(end - begin);
        GatherStrings(*order_, begin, end, column->strings.get(), column->validity.get(),
                      gathered->strings.data(), gathered->validity.data());
      } else {
        gathered->bits.resize(end - begin);
        GatherBits(*order_, begin, end, column->bits.get(), column->validity.get(),
                   gathered->bits.data(), gathered->validity.data());
      }
      gathered->all_valid = std::ranges::find(gathered->validity, 0) == gathered->validity.end();
    }
    view.lanes = type == DataType::kString ? Lanes::kString : Lanes::k64;
    view.data = type == DataType::kString ? static_cast<const void*>(gathered->strings.data())
                                          : static_cast<const void*>(gathered->bits.data());
    view.validity = gathered->all_valid ? nullptr : gathered->validity.data();
    return view;
  }

 private:
  struct Gathered {
    std::vector<uint64_t> bits;
    std::vector<std::string_view> strings;
    std::vector<uint8_t> validity;
    bool all_valid = false;
  };

  std::optional<VectorView> FindPacked(const Chunk::Column* column, uint32_t vector) const {
    if (packed_ == nullptr) return std::nullopt;
    const auto found = std::ranges::find(packed_->columns, column);
    if (found == packed_->columns.end()) return std::nullopt;
    return packed_->packed[static_cast<size_t>(found - packed_->columns.begin())].Find(vector);
  }

  std::shared_ptr<const Chunk> chunk_;
  std::shared_ptr<const RowOrder> order_;
  const Chunk::PackedColumns* packed_;  // Of the chunk; nullptr: not packed.
  std::vector<SourceRun> runs_;
  std::map<std::pair<uint32_t, uint32_t>, std::unique_ptr<Gathered>> gathered_;
};

Memtable::~Memtable() = default;

Memtable::Chunk& Memtable::WritableChunk(size_t num_rows_wanted, bool is_sparse) {
  if (open_chunk_ != nullptr && open_chunk_->num_free() > 0) return *open_chunk_;
  size_t capacity = open_chunk_ == nullptr ? kFirstChunkRows : open_chunk_->NextCapacity();
  // A large batch need not climb the ladder.
  while (!is_sparse && capacity < kMaxChunkRows && capacity < num_rows_wanted)
    capacity *= 2;
  auto chunk = std::make_shared<Chunk>(num_rows_, capacity);
  bytes_.fetch_add(capacity * (sizeof(uint32_t) + sizeof(int64_t)), std::memory_order_relaxed);
  open_chunk_ = chunk.get();
  const MutexLock lock(mutex_);
  chunks_.push_back(std::move(chunk));
  return *open_chunk_;
}

void Memtable::Append(const TableRows& rows, uint64_t seq, int64_t now_ns) {
  STRIA_DCHECK(rows.table == table_);
  if (rows.num_rows() == 0) return;
  if (num_rows_ == 0) {
    first_seq_ = seq;
    oldest_append_ns_ = now_ns;
  }
  last_seq_ = seq;
  const auto [least, greatest] = std::ranges::minmax(rows.times);
  if (least < min_time()) min_time_.store(least, std::memory_order_relaxed);
  if (greatest > max_time()) max_time_.store(greatest, std::memory_order_relaxed);
  const size_t num_free = open_chunk_ == nullptr ? 0 : open_chunk_->num_free();
  const bool is_sparse = rows.num_rows() > num_free && IsSparse(rows);
  for (size_t begin = 0; begin < rows.num_rows();) {
    Chunk& chunk = WritableChunk(rows.num_rows() - begin, is_sparse);
    const size_t end = std::min(rows.num_rows(), begin + chunk.num_free());
    bytes_.fetch_add(chunk.Append(rows, begin, end), std::memory_order_relaxed);
    num_rows_ += end - begin;
    begin = end;
  }
}

void Memtable::Publish() {
  visible_rows_.store(num_rows_, std::memory_order_release);
}

std::vector<std::shared_ptr<Memtable::Chunk>> Memtable::Chunks() const {
  const MutexLock lock(mutex_);
  return chunks_;
}

std::vector<std::unique_ptr<RunSource>> Memtable::Sources(uint64_t num_visible) const {
  std::vector<std::unique_ptr<RunSource>> sources;
  for (auto& chunk : Chunks()) {
    if (chunk->first_row() >= num_visible) break;
    const size_t num_rows = std::min<size_t>(chunk->capacity(), num_visible - chunk->first_row());
    sources.push_back(std::make_unique<SortedSource>(std::move(chunk), num_rows));
  }
  return sources;
}

void Memtable::PackFullChunks() {
  const uint64_t num_visible = visible_rows();
  for (const auto& chunk : Chunks()) {
    if (chunk->first_row() + chunk->capacity() > num_visible) break;
    bytes_.fetch_add(chunk->Pack(), std::memory_order_relaxed);
  }
}

size_t Memtable::NumRowsIn(const Chunk& chunk) const {
  return std::min<size_t>(chunk.capacity(), num_rows_ - chunk.first_row());
}

std::vector<RowPiece> Memtable::Pieces() const {
  std::vector<RowPiece> pieces;
  for (const auto& chunk : Chunks()) {
    const size_t num_rows = NumRowsIn(*chunk);
    pieces.push_back({.series = chunk->series(num_rows), .times = chunk->times(num_rows)});
  }
  return pieces;
}

std::vector<std::pair<ColumnId, DataType>> Memtable::Columns() const {
  std::map<ColumnId, DataType> columns;
  for (const auto& chunk : Chunks()) {
    for (const auto* column : chunk->columns())
      columns.emplace(column->id, column->type);
  }
  return {columns.begin(), columns.end()};
}

void Memtable::PlaceColumn(const PlacedPart& part, ColumnRows& column) const {
  const bool is_string = column.type == DataType::kString;
  (is_string ? column.strings.resize(part.num_rows()) : column.bits.resize(part.num_rows()));
  const auto chunks = Chunks();
  std::vector<const Chunk::Column*> sources;  // By piece; null: the chunk has no value of it.
  bool all_valid = true;
  for (const auto& chunk : chunks) {
    const auto* source = chunk->FindAsWriter(column.id, column.type);
    sources.push_back(source);
    all_valid = all_valid && source != nullptr &&
                std::memchr(source->validity.get(), 0, NumRowsIn(*chunk)) == nullptr;
  }
  column.validity.clear();
  if (!all_valid) column.validity.resize(part.num_rows(), 0);
  for (const PlacedStretch& stretch : part.stretches) {
    const auto* source = sources[stretch.piece];
    if (source == nullptr) continue;
    const size_t begin = stretch.source_begin;
    const uint8_t* validity = source->validity.get() + begin;
    if (is_string) {
      const auto* strings = source->strings.get() + begin;
      all_valid ? PlaceValues(part, stretch, strings, column.strings.data())
                : PlaceValues(part, stretch, strings, validity, column.strings.data(),
                              column.validity.data());
    } else {
      const uint64_t* bits = source->bits.get() + begin;
      all_valid
          ? PlaceValues(part, stretch, bits, column.bits.data())
          : PlaceValues(part, stretch, bits, validity, column.bits.data(), column.validity.data());
    }
  }
}

}  // namespace stria::storage
