// Sorted rows to a part and back. `items_per_second` is values; a part has 1,000 series of 360
// rows. `bytes_a_value` is the whole part by its values.

#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "bench/micro/memory_files.h"
#include "storage/encoding/bit_packing.h"
#include "storage/format/part_reader.h"
#include "storage/format/part_writer.h"
#include "storage/memtable/memtable.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNumHosts = 1000;
constexpr uint32_t kNumTicks = 360;
constexpr int64_t kNumValues = int64_t{kNumHosts} * kNumTicks * bench::kNumFields;

struct CpuPart {
  std::vector<std::string> keys = bench::CpuKeys(kNumHosts);
  SortedRows rows;
  PartWriteOptions options;

  CpuPart() {
    const auto memtable = std::make_shared<Memtable>(TableId(1));
    memtable->Append(bench::CpuRows(kNumHosts, kNumTicks), 1, 0);
    memtable->Publish();
    const auto pieces = memtable->Pieces();
    auto parts = RowPlacement(pieces, bench::CpuRanks(keys)).Split({}, nullptr);
    rows.table = memtable->table();
    for (const auto& [id, type] : memtable->Columns()) {
      auto& column = rows.columns.emplace_back();
      column.id = id;
      column.type = type;
      memtable->PlaceColumn(parts[0], column);
    }
    rows.runs = std::move(parts[0].runs);
    rows.times = std::move(parts[0].times);
    options.schema = std::make_shared<TableSchema>(bench::CpuSchema());
    options.key_of = [this](SeriesId id) { return keys[id.value()]; };
    options.lineage = {1, 2};
    options.seq_min = options.seq_max = 1;
  }
  CpuPart(const CpuPart&) = delete;
  CpuPart& operator=(const CpuPart&) = delete;
};

void BM_WritePart(benchmark::State& state) {
  const CpuPart part;
  std::vector<std::byte> file;
  for (auto _ : state) {
    file.clear();
    benchmark::DoNotOptimize(WritePart(part.rows, part.options, file));
  }
  state.SetItemsProcessed(state.iterations() * kNumValues);
  state.counters["bytes_a_value"] = static_cast<double>(file.size()) / kNumValues;
}
BENCHMARK(BM_WritePart)->Unit(benchmark::kMillisecond);

// Reads every vector of every field, each into the same memory, as run aggregates do; the argument
// says whether the blocks are in the cache (1) or come out of the file (0).
void BM_ReadPart(benchmark::State& state) {
  const CpuPart part;
  const auto bytes = std::make_shared<std::vector<std::byte>>();
  const PartMeta meta = WritePart(part.rows, part.options, *bytes);
  BlockCache cache(1 << 30);
  auto reader = PartReader::Open(std::make_shared<bench::MemoryFile>(bytes), meta,
                                 state.range(0) == 1 ? &cache : nullptr);
  if (!reader) {
    state.SkipWithError("damaged");
    return;
  }
  DecodedVector memory;
  for (auto _ : state) {
    for (size_t group = 0; group < (*reader)->num_row_groups(); ++group) {
      const auto source =
          (*reader)->OpenRowGroup(group, {.time = {}, .series = nullptr, .bytes_read = nullptr});
      if (!source || *source == nullptr) {
        state.SkipWithError("no rows");
        return;
      }
      const uint32_t num_vectors = ((*source)->num_rows() + kVectorRows - 1) / kVectorRows;
      for (uint32_t column = 1; column <= bench::kNumFields; ++column) {
        for (uint32_t vector = 0; vector < num_vectors; ++vector) {
          if (!(*source)->ReadVectorInto(ColumnId(column), DataType::kInt64, vector, memory).ok()) {
            state.SkipWithError("damaged");
          }
          benchmark::DoNotOptimize(memory.view);
        }
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * kNumValues);
}
BENCHMARK(BM_ReadPart)->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

// The limit of the above on this machine: as many vectors of as many bits are unpacked, from as
// many bytes, and nothing else is done.
void BM_UnpackPart(benchmark::State& state) {
  constexpr unsigned kWidth = 7;
  constexpr size_t kNumVectors = kNumValues / kPackedValues;
  const std::vector<std::byte> packed(kNumVectors * PackedBytes(kWidth), std::byte{0x5a});
  alignas(64) std::byte lanes[kPackedValues];
  for (auto _ : state) {
    for (size_t vector = 0; vector < kNumVectors; ++vector) {
      UnpackBits(kWidth, packed.data() + vector * PackedBytes(kWidth), lanes);
      benchmark::ClobberMemory();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kNumVectors * kPackedValues));
}
BENCHMARK(BM_UnpackPart)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
