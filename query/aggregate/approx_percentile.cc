#include "query/aggregate/approx_percentile.h"

#include <optional>

#include "query/aggregate/numbers.h"

namespace stria::query {

void ApproxPercentile::AddRows(std::span<const uint32_t> groups, const Column* values,
                               const Column* /*order*/) {
  ForEachNumber(*values, groups,
                [&](uint32_t group, double value) { sketches_[group].Add(value); });
}

void ApproxPercentile::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& sketches = static_cast<const ApproxPercentile&>(other).sketches_;
  for (size_t i = 0; i < mapping.size(); ++i)
    sketches_[mapping[i]].Merge(sketches[i]);
}

Result<Column> ApproxPercentile::Finish(std::span<const uint32_t> groups) {
  return NumberColumn(groups, [&](uint32_t group) -> std::optional<double> {
    if (sketches_[group].count() == 0) return std::nullopt;
    return sketches_[group].Quantile(fraction_);
  });
}

size_t ApproxPercentile::MemoryBytes() const {
  size_t bytes = sketches_.capacity() * sizeof(QuantileSketch);
  for (const auto& sketch : sketches_)
    bytes += sketch.MemoryBytes();
  return bytes;
}

}  // namespace stria::query
