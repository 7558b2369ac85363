#include "query/aggregate/hyper_log_log.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace stria::query {
namespace {

constexpr size_t kMaxHashes = 256;
constexpr unsigned kIndexBits = 12;
constexpr size_t kNumRegisters = size_t{1} << kIndexBits;
constexpr unsigned kMaxRank = 64 - kIndexBits + 1;

// Ertl's sigma: sum of the contributions of registers that are 0, whose share is `x`.
double Sigma(double x) {
  if (x == 1) return HUGE_VAL;
  double weight = 1;
  double sum = x;
  for (double before = -1; sum != before;) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

// Ertl's tau: the same of registers that are full.
double Tau(double x) {
  if (x == 0 || x == 1) return 0;
  double weight = 1;
  double sum = 1 - x;
  for (double before = -1; sum != before;) {
    x = std::sqrt(x);
    before = sum;
    weight /= 2;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

}  // namespace

void HyperLogLog::Add(uint64_t hash) {
  if (!registers_.empty()) {
    AddToRegisters(hash);
    return;
  }
  const auto place = std::ranges::lower_bound(hashes_, hash);
  if (place != hashes_.end() && *place == hash) return;
  hashes_.insert(place, hash);
  if (hashes_.size() > kMaxHashes) Spread();
}

void HyperLogLog::AddToRegisters(uint64_t hash) {
  uint8_t& rank = registers_[hash >> (64 - kIndexBits)];
  const uint64_t rest = hash << kIndexBits;
  const unsigned zeros = rest == 0 ? kMaxRank - 1 : static_cast<unsigned>(std::countl_zero(rest));
  rank = std::max(rank, static_cast<uint8_t>(zeros + 1));
}

void HyperLogLog::Spread() {
  registers_.resize(kNumRegisters);
  for (const uint64_t hash : hashes_)
    AddToRegisters(hash);
  hashes_ = {};
}

void HyperLogLog::Merge(const HyperLogLog& other) {
  for (const uint64_t hash : other.hashes_)
    Add(hash);
  if (other.registers_.empty()) return;
  if (registers_.empty()) Spread();
  for (size_t i = 0; i < kNumRegisters; ++i)
    registers_[i] = std::max(registers_[i], other.registers_[i]);
}

uint64_t HyperLogLog::Estimate() const {
  if (registers_.empty()) return hashes_.size();
  constexpr double kCount = kNumRegisters;
  std::array<double, kMaxRank + 1> num_of_rank = {};
  for (const uint8_t rank : registers_)
    ++num_of_rank[rank];
  double sum = kCount * Tau(1 - num_of_rank[kMaxRank] / kCount);
  for (unsigned rank = kMaxRank - 1; rank > 0; --rank)
    sum = (sum + num_of_rank[rank]) / 2;
  sum += kCount * Sigma(num_of_rank[0] / kCount);
  const double kBias = 1 / (2 * std::log(2));
  return static_cast<uint64_t>(std::llround(kBias * kCount * kCount / sum));
}

size_t HyperLogLog::MemoryBytes() const {
  return hashes_.capacity() * sizeof(uint64_t) + registers_.capacity();
}

}  // namespace stria::query
