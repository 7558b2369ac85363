// How many distinct hashes were added, in bounded memory: exact up to 256, beyond with a standard
// error of 1.6 %.
//
// Up to 256 hashes are kept as they are. Beyond, the first 12 bits of a hash choose one of 4,096
// registers, which keeps the greatest number of leading zeros, and one, of the other bits.
//
// Source: P. Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation
// algorithm", 2007; the estimate, which needs no corrections by table, is O. Ertl's, "New
// cardinality estimation algorithms for HyperLogLog sketches", 2017 (arXiv 1702.01284), section 4.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace stria::query {

/// Thread safety: thread-compatible.
class HyperLogLog {
 public:
  /// `hash`: 64 well mixed bits of a value; the same for equal values.
  void Add(uint64_t hash);
  void Merge(const HyperLogLog& other);
  uint64_t Estimate() const;
  size_t MemoryBytes() const;

 private:
  void AddToRegisters(uint64_t hash);
  void Spread();

  std::vector<uint64_t> hashes_;    // Ascending; while there are few.
  std::vector<uint8_t> registers_;  // Empty until there are many.
};

}  // namespace stria::query
