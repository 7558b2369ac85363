#include "ingest/table_builder.h"

#include <algorithm>
#include <numeric>

namespace stria::ingest {
namespace {

constexpr size_t kFirstRows = 8;  // Ten thousand tables of three rows must stay small.
// An expectation from few rows may be far off; but what grows is copied, and filled with zeros.
constexpr size_t kFewRows = 64;
constexpr size_t kMaxGrowthOfFew = 8;
constexpr size_t kMaxGrowth = 64;
constexpr size_t kFirstArenaBytes = 1 << 10;
constexpr size_t kMaxArenaBytes = 64 << 10;  // A guess; only unescaped strings live there.

size_t BytesPerValue(DataType type) {
  return 1 + (type == DataType::kString ? sizeof(std::string_view) : sizeof(uint64_t));
}

constexpr size_t kBytesPerRow = sizeof(uint32_t) + sizeof(int64_t) + sizeof(uint32_t);

// resize() alone may double the allocation, which the budget would not know of.
template <typename T>
void ResizeExactly(std::vector<T>& values, size_t size) {
  values.reserve(size);
  values.resize(size);
}

}  // namespace

TableBuilder::TableBuilder(std::string_view table, uint64_t seed) : name_index_(0, TextHash{seed}) {
  batch_.table = table;
}

uint32_t TableBuilder::FindName(std::string_view name) {
  if (const auto found = name_index_.find(name); found != name_index_.end()) return found->second;
  const auto index = static_cast<uint32_t>(names_.size());
  names_.push_back({.text = std::string(name)});
  name_index_.emplace(std::string(name), index);
  return index;
}

uint32_t TableBuilder::AddColumn(uint32_t name, DataType type) {
  const auto column = static_cast<uint32_t>(batch_.fields.size());
  names_[name].column_by_type[static_cast<size_t>(type)] = static_cast<int32_t>(column);
  FieldColumn& field = batch_.fields.emplace_back();
  field.name = names_[name].text;
  field.type = type;
  Resize(field);
  allocated_bytes_ += capacity_ * BytesPerValue(type) + sizeof(FieldColumn);
  return column;
}

void TableBuilder::Grow(size_t expected_rows) {
  const size_t old_capacity = capacity_;
  const size_t most_growth = capacity_ < kFewRows ? kMaxGrowthOfFew : kMaxGrowth;
  capacity_ = std::clamp(expected_rows, std::max(kFirstRows, capacity_ + capacity_ / 2),
                         std::max(kFirstRows, capacity_ * most_growth));
  ResizeExactly(batch_.series_index, capacity_);
  ResizeExactly(batch_.times, capacity_);
  ResizeExactly(batch_.line_offsets, capacity_);
  allocated_bytes_ += (capacity_ - old_capacity) * kBytesPerRow;
  for (FieldColumn& field : batch_.fields) {
    Resize(field);
    allocated_bytes_ += (capacity_ - old_capacity) * BytesPerValue(field.type);
  }
}

void TableBuilder::Resize(FieldColumn& field) {
  ResizeExactly(field.validity, capacity_);
  if (field.type == DataType::kString) {
    ResizeExactly(field.strings, capacity_);
  } else {
    ResizeExactly(field.bits, capacity_);
  }
}

void TableBuilder::Erase(uint32_t name) {
  for (const int32_t column : names_[name].column_by_type) {
    if (column < 0) continue;
    FieldColumn& field = batch_.fields[static_cast<size_t>(column)];
    field.validity[num_rows_] = 0;
    if (field.type == DataType::kString) {
      field.strings[num_rows_] = {};
    } else {
      field.bits[num_rows_] = 0;
    }
  }
}

// Series are moved one by one where they grow, so in larger steps than rows.
void TableBuilder::GrowSeries() {
  constexpr size_t kGrowth = 4;
  auto& series = batch_.series;
  if (series.size() == series.capacity() && !series.empty())
    series.reserve(kGrowth * series.size());
}

uint32_t TableBuilder::AddSeries(std::string key, std::string_view text, uint64_t hash) {
  GrowSeries();
  batch_.series.push_back({.key = std::move(key), .text = text, .text_hash = hash});
  return static_cast<uint32_t>(batch_.series.size() - 1);
}

uint32_t TableBuilder::AddKnownSeries(uint32_t shard, SeriesId id) {
  GrowSeries();
  batch_.series.push_back({.key = {}, .text = {}, .shard = shard, .id = id.value()});
  return static_cast<uint32_t>(batch_.series.size() - 1);
}

std::string_view TableBuilder::Keep(std::string_view text) {
  if (batch_.arena.empty() ||
      batch_.arena.back()->capacity() - batch_.arena.back()->size() < text.size()) {
    const size_t chunk_bytes =
        std::min(kMaxArenaBytes, kFirstArenaBytes << std::min<size_t>(batch_.arena.size(), 6));
    auto& chunk = batch_.arena.emplace_back(std::make_unique<std::string>());
    chunk->reserve(std::max(chunk_bytes, text.size()));
    allocated_bytes_ += chunk->capacity();
  }
  std::string& chunk = *batch_.arena.back();
  const size_t offset = chunk.size();
  chunk.append(text);  // Within the reserved size, so that views of it stay good.
  return std::string_view(chunk).substr(offset);
}

RowBatch TableBuilder::Finish() && {
  batch_.series_index.resize(num_rows_);
  batch_.times.resize(num_rows_);
  batch_.line_offsets.resize(num_rows_);
  for (FieldColumn& field : batch_.fields) {
    field.validity.resize(num_rows_);
    if (field.type == DataType::kString) {
      field.strings.resize(num_rows_);
    } else {
      field.bits.resize(num_rows_);
    }
    field.num_valid = std::accumulate(field.validity.begin(), field.validity.end(), uint32_t{0});
  }
  std::erase_if(batch_.fields, [](const FieldColumn& field) { return field.num_valid == 0; });
  return std::move(batch_);
}

}  // namespace stria::ingest
