#include "query/aggregate/moments.h"

#include <cmath>

#include "query/aggregate/numbers.h"

namespace stria::query {

void MomentState::Add(double value) {
  ++count;
  const double distance = value - mean;
  mean += distance / static_cast<double>(count);
  squares += distance * (value - mean);
}

void MomentState::Merge(const MomentState& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto ours = static_cast<double>(count);
  const auto theirs = static_cast<double>(other.count);
  const double distance = other.mean - mean;
  count += other.count;
  const auto all = static_cast<double>(count);
  mean += distance * (theirs / all);
  squares += other.squares + distance * distance * (ours * theirs / all);
}

std::optional<double> MomentState::ResultOf(AggregateKind kind) const {
  const bool is_sample = kind == AggregateKind::kStddevSamp || kind == AggregateKind::kVarSamp;
  const uint64_t too_few = is_sample ? 1 : 0;
  if (count <= too_few) return std::nullopt;
  const double variance = squares / static_cast<double>(count - too_few);
  const bool is_root = kind == AggregateKind::kStddevSamp || kind == AggregateKind::kStddevPop;
  return is_root ? std::sqrt(variance) : variance;
}

Moments::Moments(const AggregateCall& call) : kind_(call.kind) {}

void Moments::AddRows(std::span<const uint32_t> groups, const Column* values,
                      const Column* /*order*/) {
  ForEachNumber(*values, groups, [&](uint32_t group, double value) { states_[group].Add(value); });
}

void Moments::Merge(const Accumulator& other, std::span<const uint32_t> mapping) {
  const auto& states = static_cast<const Moments&>(other).states_;
  for (size_t i = 0; i < mapping.size(); ++i)
    states_[mapping[i]].Merge(states[i]);
}

Result<Column> Moments::Finish(std::span<const uint32_t> groups) {
  return NumberColumn(groups, [&](uint32_t group) { return states_[group].ResultOf(kind_); });
}

}  // namespace stria::query
