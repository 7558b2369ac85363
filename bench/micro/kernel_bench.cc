// Aggregate kernels on the lanes of decoded vectors. `items_per_second` is values. A vector of
// 1,024 rows is cut into three slices, as a bucket of an hour cuts runs of 10 s.

#include <array>
#include <bit>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "storage/compute/aggregate_kernels.h"
#include "storage/compute/wide_totals.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNumVectors = 16;
constexpr std::array<RowSlice, 3> kSlices = {{{0, 360}, {360, 720}, {720, 1024}}};

template <typename Lane>
void Aggregate(benchmark::State& state, Lanes lanes, DataType type, AggregateSet wanted,
               bool has_nulls) {
  std::mt19937_64 random(1);
  std::vector<std::vector<Lane>> values(kNumVectors, std::vector<Lane>(kVectorRows));
  for (auto& vector : values) {
    for (auto& value : vector) {
      const uint64_t number = random() % 101;
      value = static_cast<Lane>(type == DataType::kFloat64
                                    ? std::bit_cast<uint64_t>(static_cast<double>(number))
                                    : number);
    }
  }
  std::vector<uint8_t> validity(kVectorRows, 1);
  for (size_t i = 0; i < validity.size(); i += 10)
    validity[i] = 0;
  std::array<SliceTotals, kSlices.size()> totals;
  for (auto _ : state) {
    for (const auto& vector : values) {
      const VectorView view{.type = type,
                            .lanes = lanes,
                            .num_rows = kVectorRows,
                            .all_null = false,
                            .base = 0,
                            .data = vector.data(),
                            .validity = has_nulls ? validity.data() : nullptr,
                            .constant_string = {}};
      AggregateSlices(view, wanted, kSlices, totals.data());
      benchmark::DoNotOptimize(totals);
    }
  }
  state.SetItemsProcessed(state.iterations() * kNumVectors * kVectorRows);
}

constexpr AggregateSet kSumMinMax = kWantSum | kWantMin | kWantMax;

void BM_SumU8(benchmark::State& state) {
  Aggregate<uint8_t>(state, Lanes::kU8, DataType::kInt64, kWantSum, false);
}
BENCHMARK(BM_SumU8);

void BM_MaxU8(benchmark::State& state) {
  Aggregate<uint8_t>(state, Lanes::kU8, DataType::kInt64, kWantMax, false);
}
BENCHMARK(BM_MaxU8);

void BM_SumMinMaxU8(benchmark::State& state) {
  Aggregate<uint8_t>(state, Lanes::kU8, DataType::kInt64, kSumMinMax, false);
}
BENCHMARK(BM_SumMinMaxU8);

void BM_SumU16(benchmark::State& state) {
  Aggregate<uint16_t>(state, Lanes::kU16, DataType::kInt64, kWantSum, false);
}
BENCHMARK(BM_SumU16);

void BM_SumU32(benchmark::State& state) {
  Aggregate<uint32_t>(state, Lanes::kU32, DataType::kInt64, kWantSum, false);
}
BENCHMARK(BM_SumU32);

void BM_SumMinMaxInt64(benchmark::State& state) {
  Aggregate<uint64_t>(state, Lanes::k64, DataType::kInt64, kSumMinMax, false);
}
BENCHMARK(BM_SumMinMaxInt64);

void BM_SumMinMaxInt64WithNulls(benchmark::State& state) {
  Aggregate<uint64_t>(state, Lanes::k64, DataType::kInt64, kSumMinMax, true);
}
BENCHMARK(BM_SumMinMaxInt64WithNulls);

// The limit of these on this machine: whole vectors, uncut, by the widest instructions.
void BM_MaskedTotals(benchmark::State& state) {
  const std::vector<double> values(size_t{kNumVectors} * kVectorRows, 20.25);
  std::vector<uint8_t> validity(kVectorRows, 1);
  uint64_t num_valid = kVectorRows;
  for (size_t i = 0; i < validity.size(); i += 10) {
    validity[i] = 0;
    --num_valid;
  }
  for (auto _ : state) {
    for (size_t vector = 0; vector < kNumVectors; ++vector) {
      benchmark::DoNotOptimize(TotalDoubles(values.data() + vector * kVectorRows, validity.data(),
                                            kVectorRows, num_valid));
    }
  }
  state.SetItemsProcessed(state.iterations() * kNumVectors * kVectorRows);
}
BENCHMARK(BM_MaskedTotals);

void BM_SumMinMaxFloat64WithNulls(benchmark::State& state) {
  Aggregate<uint64_t>(state, Lanes::k64, DataType::kFloat64, kSumMinMax, true);
}
BENCHMARK(BM_SumMinMaxFloat64WithNulls);

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
