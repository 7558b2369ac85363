#include "query/aggregate/histogram.h"

#include <algorithm>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "query/aggregate/numbers.h"

namespace stria::query {

Histogram::Histogram(const AggregateCall& call)
    : low_(call.parameters[0]),
      high_(call.parameters[1]),
      stride_(static_cast<size_t>(call.parameters[2]) + 2) {}

size_t Histogram::BucketOf(double value) const {
  if (value < low_) return 0;
  if (!(value < high_)) return stride_ - 1;  // NaN is the greatest number.
  const auto num_buckets = static_cast<double>(stride_ - 2);
  const auto bucket = static_cast<size_t>((value - low_) / (high_ - low_) * num_buckets);
  return std::min(bucket, stride_ - 3) + 1;
}

void Histogram::AddRows(std::span<const uint32_t> groups, const Column* values,
                        const Column* /*order*/) {
  ForEachNumber(*values, groups, [&](uint32_t group, double value) {
    ++counts_[group * stride_ + BucketOf(value)];
  });
}

void Histogram::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& counts = static_cast<const Histogram&>(other).counts_;
  for (size_t i = 0; i < mapping.size(); ++i) {
    for (size_t bucket = 0; bucket < stride_; ++bucket)
      counts_[mapping[i] * stride_ + bucket] += counts[i * stride_ + bucket];
  }
}

Result<Column> Histogram::Finish(std::span<const uint32_t> groups) {
  Column column = Column::FlatNulls(DataType::kString, static_cast<uint32_t>(groups.size()));
  const auto texts = std::make_shared<std::vector<std::string>>();
  texts->reserve(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto counts = std::span(counts_).subspan(groups[i] * stride_, stride_);
    if (std::ranges::all_of(counts, [](uint64_t count) { return count == 0; })) continue;
    column.validity[i] = 1;
    column.strings[i] = texts->emplace_back(fmt::format("[{}]", fmt::join(counts, ",")));
  }
  column.keep_alive = texts;
  return column;
}

}  // namespace stria::query
