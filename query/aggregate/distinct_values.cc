#include "query/aggregate/distinct_values.h"

#include <algorithm>
#include <utility>

namespace stria::query {

DistinctValues::DistinctValues(const AggregateCall& call, std::unique_ptr<Accumulator> inner)
    : inner_(std::move(inner)), seen_({DataType::kUint64, call.argument->type}) {}

void DistinctValues::AddRows(std::span<const uint32_t> groups, const Column* values,
                             const Column* /*order*/) {
  if (values->type == DataType::kNull) return;
  const auto num_rows = static_cast<uint32_t>(groups.size());
  Column group_column;
  group_column.type = DataType::kUint64;
  group_column.bits.assign(groups.begin(), groups.end());
  const size_t num_before = seen_.num_groups();
  std::vector<uint32_t> numbers;
  seen_.FindGroups({&group_column, values}, num_rows, numbers);
  std::vector<uint32_t> new_rows;
  std::vector<uint32_t> new_groups;
  for (uint32_t row = 0; row < num_rows; ++row) {
    // Numbers are given in the order of the rows.
    if (numbers[row] != num_before + new_rows.size()) continue;
    new_rows.push_back(row);
    new_groups.push_back(groups[row]);
  }
  if (new_rows.empty()) return;
  const Column new_values = values->Gather(new_rows);
  inner_->AddRows(new_groups, &new_values, nullptr);
}

void DistinctValues::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& from = static_cast<const DistinctValues&>(other).seen_;
  std::vector<uint32_t> groups;
  const auto num_values = static_cast<uint32_t>(from.num_groups());
  for (uint32_t begin = 0; begin < num_values; begin += kMaxBatchRows) {
    const uint32_t end = std::min(num_values, begin + kMaxBatchRows);
    const Column group_column = from.KeyColumn(0, begin, end);
    const Column values = from.KeyColumn(1, begin, end);
    groups.clear();
    for (uint32_t i = 0; i < end - begin; ++i)
      groups.push_back(mapping[group_column.Bits(i)]);
    AddRows(groups, &values, nullptr);
  }
}

}  // namespace stria::query
