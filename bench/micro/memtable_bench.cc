// Rows into memory, and out of it in the order of parts. `items_per_second` is rows of eleven
// columns.

#include <memory>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "storage/memtable/memtable.h"

namespace stria::storage {
namespace {

// Batches of 10,000 rows; the memtable is let go of when it has a million.
void BM_Append(benchmark::State& state) {
  constexpr uint64_t kMaxRows = 1'000'000;
  const TableRows rows = bench::CpuRows(1000, 10);
  auto memtable = std::make_shared<Memtable>(TableId(1));
  uint64_t seq = 0;
  for (auto _ : state) {
    memtable->Append(rows, ++seq, 0);
    memtable->Publish();
    if (memtable->num_rows() >= kMaxRows) memtable = std::make_shared<Memtable>(TableId(1));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows.num_rows()));
}
BENCHMARK(BM_Append)->Unit(benchmark::kMicrosecond);

// A memtable as a flush finds it: a million rows. The argument is the number of series.
struct Full {
  std::shared_ptr<Memtable> memtable = std::make_shared<Memtable>(TableId(1));
  std::vector<uint32_t> ranks;

  explicit Full(uint32_t num_hosts) {
    constexpr uint32_t kNumRows = 1'000'000;
    memtable->Append(bench::CpuRows(num_hosts, kNumRows / num_hosts), 1, 0);
    memtable->Publish();
    ranks = bench::CpuRanks(bench::CpuKeys(num_hosts));
  }
};

void BM_PlaceRows(benchmark::State& state) {
  const Full full(static_cast<uint32_t>(state.range(0)));
  const auto pieces = full.memtable->Pieces();
  for (auto _ : state)
    benchmark::DoNotOptimize(RowPlacement(pieces, full.ranks).Split({}, nullptr));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(full.memtable->num_rows()));
}
BENCHMARK(BM_PlaceRows)->Arg(4000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_PlaceRowsAndColumns(benchmark::State& state) {
  const Full full(static_cast<uint32_t>(state.range(0)));
  const auto pieces = full.memtable->Pieces();
  for (auto _ : state) {
    const auto parts = RowPlacement(pieces, full.ranks).Split({}, nullptr);
    ColumnRows values;
    for (const auto& [id, type] : full.memtable->Columns()) {
      values.id = id;
      values.type = type;
      full.memtable->PlaceColumn(parts[0], values);
      benchmark::DoNotOptimize(values.bits.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(full.memtable->num_rows()));
}
BENCHMARK(BM_PlaceRowsAndColumns)->Arg(4000)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
