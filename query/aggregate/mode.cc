#include "query/aggregate/mode.h"

#include <algorithm>
#include <limits>

#include "query/expr/evaluator.h"

namespace stria::query {
namespace {

constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

}  // namespace

Mode::Mode(const AggregateCall& call) : values_({DataType::kUint64, call.argument->type}) {}

void Mode::AddRows(std::span<const uint32_t> groups, const Column* values,
                   const Column* /*order*/) {
  const std::vector<uint64_t> once(groups.size(), 1);
  Add(groups, *values, once);
}

// Value i is there `times[i]` times more.
void Mode::Add(std::span<const uint32_t> groups, const Column& values,
               std::span<const uint64_t> times) {
  if (values.type == DataType::kNull) return;
  Column group_column;
  group_column.type = DataType::kUint64;
  group_column.bits.assign(groups.begin(), groups.end());
  std::vector<uint32_t> numbers;
  values_.FindGroups({&group_column, &values}, static_cast<uint32_t>(groups.size()), numbers);
  counts_.resize(values_.num_groups());
  for (size_t row = 0; row < numbers.size(); ++row)
    counts_[numbers[row]] += times[row];
}

void Mode::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& from = static_cast<const Mode&>(other);
  std::vector<uint32_t> groups;
  const auto num_values = static_cast<uint32_t>(from.values_.num_groups());
  for (uint32_t begin = 0; begin < num_values; begin += kMaxBatchRows) {
    const uint32_t end = std::min(num_values, begin + kMaxBatchRows);
    const Column group_column = from.values_.KeyColumn(0, begin, end);
    groups.clear();
    for (uint32_t i = 0; i < end - begin; ++i)
      groups.push_back(mapping[group_column.Bits(i)]);
    Add(groups, from.values_.KeyColumn(1, begin, end),
        std::span(from.counts_).subspan(begin, end - begin));
  }
}

void Mode::FindBest() {
  const auto num_values = static_cast<uint32_t>(values_.num_groups());
  const Column groups = values_.KeyColumn(0, 0, num_values);
  best_values_ = values_.KeyColumn(1, 0, num_values);
  best_.assign(num_groups_, kNone);
  for (uint32_t number = 0; number < num_values; ++number) {
    if (best_values_.IsNull(number)) continue;
    uint32_t& best = best_[groups.Bits(number)];
    const bool is_better =
        best == kNone || counts_[number] > counts_[best] ||
        (counts_[number] == counts_[best] &&
         CompareValues(best_values_.ValueAt(number), best_values_.ValueAt(best)) < 0);
    if (is_better) best = number;
  }
}

Result<Column> Mode::Finish(std::span<const uint32_t> groups) {
  if (best_.empty()) FindBest();
  const auto num_rows = static_cast<uint32_t>(groups.size());
  Column column = Column::FlatNulls(best_values_.type, num_rows);
  for (uint32_t i = 0; i < num_rows; ++i) {
    const uint32_t best = best_[groups[i]];
    if (best == kNone) continue;
    column.validity[i] = 1;
    if (column.type == DataType::kString) {
      column.strings[i] = best_values_.String(best);
    } else {
      column.bits[i] = best_values_.Bits(best);
    }
  }
  column.keep_alive = best_values_.keep_alive;
  return column;
}

size_t Mode::MemoryBytes() const {
  return values_.MemoryBytes() + counts_.capacity() * sizeof(uint64_t) +
         best_.capacity() * sizeof(uint32_t) + best_values_.MemoryBytes();
}

}  // namespace stria::query
