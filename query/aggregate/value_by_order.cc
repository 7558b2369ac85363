#include "query/aggregate/value_by_order.h"

#include <memory>

#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

int OrderOf(DataType type, uint64_t a_word, std::string_view a_text, uint64_t b_word,
            std::string_view b_text) {
  if (type != DataType::kString) return CompareBits(type, a_word, b_word);
  const int order = a_text.compare(b_text);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace

void ValueByOrder::Cells::Resize(size_t num_groups) {
  if (type == DataType::kString) {
    texts.resize(num_groups);
  } else {
    words.resize(num_groups);
  }
}

ValueByOrder::Cell ValueByOrder::Cells::At(uint32_t group) const {
  if (type == DataType::kString) return {.word = 0, .text = texts[group]};
  return {.word = words[group], .text = {}};
}

void ValueByOrder::Cells::Set(uint32_t group, const Cell& cell) {
  if (type != DataType::kString) {
    words[group] = cell.word;
    return;
  }
  const size_t capacity_before = texts[group].capacity();  // Never shrinks.
  texts[group].assign(cell.text);
  text_bytes += texts[group].capacity() - capacity_before;
}

size_t ValueByOrder::Cells::MemoryBytes() const {
  return words.capacity() * sizeof(uint64_t) + texts.capacity() * sizeof(std::string) + text_bytes;
}

ValueByOrder::ValueByOrder(const AggregateCall& call)
    : wants_smaller_(call.kind == AggregateKind::kMinBy) {
  values_.type = call.argument->type;
  orders_.type = call.order->type;
}

void ValueByOrder::Resize(size_t num_groups) {
  has_value_.resize(num_groups);
  values_.Resize(num_groups);
  orders_.Resize(num_groups);
}

void ValueByOrder::Offer(uint32_t group, const Cell& value, const Cell& order) {
  if (has_value_[group] != 0) {
    const Cell kept_order = orders_.At(group);
    int compared = OrderOf(orders_.type, order.word, order.text, kept_order.word, kept_order.text);
    if (compared == 0) {
      const Cell kept = values_.At(group);
      compared = OrderOf(values_.type, value.word, value.text, kept.word, kept.text);
    }
    if (compared == 0 || (compared < 0) != wants_smaller_) return;
  }
  has_value_[group] = 1;
  values_.Set(group, value);
  orders_.Set(group, order);
}

void ValueByOrder::AddRows(std::span<const uint32_t> groups, const Column* values,
                           const Column* order) {
  if (values->type == DataType::kNull || order->type == DataType::kNull) return;
  const auto num_rows = static_cast<uint32_t>(groups.size());
  const PlainView value_view(*values, num_rows);
  const PlainView order_view(*order, num_rows);
  if (value_view.all_null() || order_view.all_null()) return;
  const auto cell = [](DataType type, const PlainView& view, uint32_t row) {
    return type == DataType::kString ? Cell{.word = 0, .text = view.String(row)}
                                     : Cell{.word = view.Word(row), .text = {}};
  };
  for (uint32_t row = 0; row < num_rows; ++row) {
    if (!value_view.IsValid(row) || !order_view.IsValid(row)) continue;
    Offer(groups[row], cell(values_.type, value_view, row), cell(orders_.type, order_view, row));
  }
}

void ValueByOrder::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& from = static_cast<const ValueByOrder&>(other);
  for (uint32_t i = 0; i < mapping.size(); ++i) {
    if (from.has_value_[i] != 0) Offer(mapping[i], from.values_.At(i), from.orders_.At(i));
  }
}

Result<Column> ValueByOrder::Finish(std::span<const uint32_t> groups) {
  Column column = Column::FlatNulls(values_.type, static_cast<uint32_t>(groups.size()));
  const auto texts = std::make_shared<std::vector<std::string>>();
  texts->reserve(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    if (has_value_[groups[i]] == 0) continue;
    column.validity[i] = 1;
    if (values_.type == DataType::kString) {
      column.strings[i] = texts->emplace_back(values_.texts[groups[i]]);
    } else {
      column.bits[i] = values_.words[groups[i]];
    }
  }
  column.keep_alive = texts;
  return column;
}

size_t ValueByOrder::MemoryBytes() const {
  return has_value_.capacity() + values_.MemoryBytes() + orders_.MemoryBytes();
}

}  // namespace stria::query
