// stddev and variance, of a sample (NULL for fewer than two values) or of the whole population.
//
// Mean and sum of squared distances from it are updated value by value, and merged pair by pair, so
// that no difference of large numbers is taken. Source: B. P. Welford, Technometrics 4, 1962; T. F.
// Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
// sample variances", 1979.

#pragma once

#include <optional>
#include <vector>

#include "query/aggregate/accumulator.h"

namespace stria::query {

struct MomentState {
  uint64_t count = 0;
  double mean = 0;
  double squares = 0;  ///< sum of the squared distances from the mean

  void Add(double value);
  void Merge(const MomentState& other);

  /// What `kind`, one of the four, is; none with too few values.
  std::optional<double> ResultOf(AggregateKind kind) const;
};

class Moments final : public Accumulator {
 public:
  explicit Moments(const AggregateCall& call);

  void Resize(size_t num_groups) override { states_.resize(num_groups); }
  void AddRows(std::span<const uint32_t> groups, const Column* values,
               const Column* order) override;
  void Merge(const Accumulator& other, std::span<const uint32_t> mapping) override;
  Result<Column> Finish(std::span<const uint32_t> groups) override;
  size_t MemoryBytes() const override { return states_.capacity() * sizeof(MomentState); }

 private:
  AggregateKind kind_;
  std::vector<MomentState> states_;
};

}  // namespace stria::query
