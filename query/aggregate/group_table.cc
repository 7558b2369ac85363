#include "query/aggregate/group_table.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "query/expr/comparison.h"

namespace stria::query {
namespace {

constexpr size_t kFirstSlots = 64;
constexpr uint64_t kLowHalf = 0xFFFFFFFF;
constexpr uint64_t kUnknownNumber = std::numeric_limits<uint64_t>::max();

}  // namespace

uint32_t StringNumbers::FindOrAdd(std::string_view text) {
  if ((strings_->size() + 1) * 2 > slots_.size()) Grow();
  const uint64_t hash = std::hash<std::string_view>()(text);
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t slot = (hash >> 32) & mask;; slot = (slot + 1) & mask) {
    const uint64_t entry = slots_[slot];
    if (entry == 0) {
      const auto number = static_cast<uint32_t>(strings_->size());
      slots_[slot] = (hash & ~kLowHalf) | (number + 1);
      strings_->emplace_back(text);
      text_bytes_ += text.size();
      return number;
    }
    if (((entry ^ hash) & ~kLowHalf) != 0) continue;
    const auto number = static_cast<uint32_t>((entry & kLowHalf) - 1);
    if ((*strings_)[number] == text) return number;
  }
}

void StringNumbers::Grow() {
  std::vector<uint64_t> slots(std::max(kFirstSlots, slots_.size() * 2));
  const uint64_t mask = slots.size() - 1;
  for (const uint64_t entry : slots_) {
    if (entry == 0) continue;
    uint64_t slot = (entry >> 32) & mask;
    while (slots[slot] != 0)
      slot = (slot + 1) & mask;
    slots[slot] = entry;
  }
  slots_ = std::move(slots);
}

size_t StringNumbers::MemoryBytes() const {
  return slots_.capacity() * sizeof(uint64_t) + strings_->capacity() * sizeof(std::string) +
         text_bytes_;
}

GroupTable::GroupTable(std::vector<DataType> key_types)
    : types_(std::move(key_types)),
      num_null_words_((types_.size() + 63) / 64),
      table_(stride()),
      strings_(types_.size()),
      codes_(types_.size()) {}

void GroupTable::FindGroups(const std::vector<const Column*>& keys, uint32_t num_rows,
                            std::vector<uint32_t>& groups) {
  groups.resize(num_rows);
  if (types_.empty()) {
    AddOnlyGroup();
    std::ranges::fill(groups, 0U);
    return;
  }
  words_.assign(num_rows * stride(), 0);
  for (size_t key = 0; key < keys.size(); ++key)
    FillKey(key, *keys[key], num_rows);
  const uint64_t* words = words_.data();
  for (uint32_t row = 0; row < num_rows; ++row, words += stride()) {
    // Rows come sorted by series and time, so the next row is mostly of the same group.
    if (row > 0 && std::equal(words, words + stride(), words - stride())) {
      groups[row] = groups[row - 1];
    } else {
      groups[row] = table_.FindOrAdd(words);
    }
  }
}

void GroupTable::FillKey(size_t key, const Column& column, uint32_t num_rows) {
  if (types_[key] == DataType::kString && column.type == DataType::kString) {
    FillStrings(key, column, num_rows);
    return;
  }
  const PlainView view(column, num_rows);
  const bool is_float = types_[key] == DataType::kFloat64;
  uint64_t* words = words_.data();
  for (uint32_t row = 0; row < num_rows; ++row, words += stride()) {
    if (column.type == DataType::kNull || !view.IsValid(row)) {
      MarkNull(key, words);
    } else {
      words[key] = is_float ? CanonicalDouble(view.Word(row)) : view.Word(row);
    }
  }
}

void GroupTable::FillStrings(size_t key, const Column& column, uint32_t num_rows) {
  uint64_t* words = words_.data();
  if (column.form != Column::Form::kDictionary || column.keep_alive == nullptr) {
    std::string_view last;
    uint64_t last_number = kUnknownNumber;
    for (uint32_t row = 0; row < num_rows; ++row, words += stride()) {
      if (column.IsNull(row)) {
        MarkNull(key, words);
        continue;
      }
      const std::string_view text = column.String(row);
      if (last_number == kUnknownNumber || text != last) {
        last = text;
        last_number = strings_[key].FindOrAdd(text);
      }
      words[key] = last_number;
    }
    return;
  }
  CodeCache& cache = codes_[key];
  if (cache.dictionary != column.dictionary || cache.owner != column.keep_alive) {
    cache = {.owner = column.keep_alive,
             .dictionary = column.dictionary,
             .number_of = std::vector<uint64_t>(column.dictionary->size(), kUnknownNumber)};
  }
  for (uint32_t row = 0; row < num_rows; ++row, words += stride()) {
    if (column.codes[row] < 0) {
      MarkNull(key, words);
      continue;
    }
    const auto code = static_cast<size_t>(column.codes[row]);
    uint64_t& number = cache.number_of[code];
    if (number == kUnknownNumber) number = strings_[key].FindOrAdd((*column.dictionary)[code]);
    words[key] = number;
  }
}

void GroupTable::Absorb(const GroupTable& other, std::vector<uint32_t>& mapping) {
  std::vector<std::vector<uint64_t>> number_of(types_.size());
  for (size_t key = 0; key < types_.size(); ++key) {
    for (const auto& text : *other.strings_[key].strings())
      number_of[key].push_back(strings_[key].FindOrAdd(text));
  }
  std::vector<uint64_t> words(stride());
  mapping.resize(other.num_groups());
  for (uint32_t group = 0; group < mapping.size(); ++group) {
    const uint64_t* theirs = other.table_.KeyOf(group);
    std::copy(theirs, theirs + stride(), words.begin());
    for (size_t key = 0; key < types_.size(); ++key) {
      if (types_[key] == DataType::kString && !IsNull(key, theirs))
        words[key] = number_of[key][words[key]];
    }
    mapping[group] = table_.FindOrAdd(words.data());
  }
}

void GroupTable::AddOnlyGroup() {
  if (table_.size() == 0) table_.FindOrAdd(nullptr);
}

Column GroupTable::KeyColumn(size_t key, uint32_t begin, uint32_t end) const {
  const DataType type = types_[key];
  if (type == DataType::kNull) return Column::Constant(Value::Null(type), type);
  Column column;
  column.type = type;
  if (type == DataType::kString) {
    column.form = Column::Form::kDictionary;
    column.dictionary = strings_[key].strings().get();
    column.keep_alive = strings_[key].strings();
    for (uint32_t group = begin; group < end; ++group) {
      const uint64_t* words = table_.KeyOf(group);
      column.codes.push_back(IsNull(key, words) ? -1 : static_cast<int32_t>(words[key]));
    }
    return column;
  }
  bool has_null = false;
  for (uint32_t group = begin; group < end; ++group) {
    const uint64_t* words = table_.KeyOf(group);
    column.bits.push_back(words[key]);
    has_null |= IsNull(key, words);
  }
  if (has_null) {
    for (uint32_t group = begin; group < end; ++group)
      column.validity.push_back(IsNull(key, table_.KeyOf(group)) ? 0 : 1);
  }
  return column;
}

size_t GroupTable::MemoryBytes() const {
  size_t bytes = table_.MemoryBytes() + words_.capacity() * sizeof(uint64_t);
  for (const auto& strings : strings_)
    bytes += strings.MemoryBytes();
  return bytes;
}

}  // namespace stria::query
