#include "query/aggregate/percentile.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "query/aggregate/numbers.h"
#include "query/expr/evaluator.h"

namespace stria::query {

Percentile::Percentile(const AggregateCall& call)
    : kind_(call.kind),
      argument_(call.argument->type),
      result_(call.type),
      fraction_(call.parameters[0]) {}

void Percentile::AddRows(std::span<const uint32_t> groups, const Column* values,
                         const Column* /*order*/) {
  ForEachWord(*values, groups, [&](uint32_t group, uint64_t word) { values_.Add(group, word); });
}

void Percentile::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  values_.Merge(static_cast<const Percentile&>(other).values_, mapping);
}

uint64_t Percentile::Select(std::span<uint64_t> values, size_t rank) const {
  const auto less = [this](uint64_t a, uint64_t b) { return CompareBits(argument_, a, b) < 0; };
  const auto nth = values.begin() + static_cast<ptrdiff_t>(rank);
  std::nth_element(values.begin(), nth, values.end(), less);
  return *nth;
}

uint64_t Percentile::Continuous(std::span<uint64_t> values) const {
  const double place = fraction_ * static_cast<double>(values.size() - 1);
  const auto rank = static_cast<size_t>(place);
  const double share = place - static_cast<double>(rank);
  const uint64_t low = Select(values, rank);
  double more = 0;
  if (share > 0) {
    const auto less = [this](uint64_t a, uint64_t b) { return CompareBits(argument_, a, b) < 0; };
    const uint64_t high =
        *std::min_element(values.begin() + static_cast<ptrdiff_t>(rank) + 1, values.end(), less);
    // Not from infinity to infinity, which is no distance.
    if (CompareBits(argument_, low, high) != 0) more = share * DifferenceOf(argument_, high, low);
  }
  if (result_ == DataType::kInterval)
    return low + static_cast<uint64_t>(static_cast<int64_t>(std::round(more)));
  return std::bit_cast<uint64_t>(NumberOf(argument_, low) + more);
}

uint64_t Percentile::Discrete(std::span<uint64_t> values) const {
  const double place = std::ceil(fraction_ * static_cast<double>(values.size()));
  return Select(values, place < 1 ? 0 : std::min(static_cast<size_t>(place), values.size()) - 1);
}

Result<Column> Percentile::Finish(std::span<const uint32_t> groups) {
  if (!is_sorted_) values_.SortByGroup();
  is_sorted_ = true;
  Column column = Column::FlatNulls(result_, static_cast<uint32_t>(groups.size()));
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto values = values_.values(groups[i]);
    if (values.empty()) continue;
    column.validity[i] = 1;
    column.bits[i] =
        kind_ == AggregateKind::kPercentileCont ? Continuous(values) : Discrete(values);
  }
  return column;
}

}  // namespace stria::query
