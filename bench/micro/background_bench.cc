// What a server does with rows after it has acknowledged them: memtables to parts, parts to dense
// parts. `items_per_second` is rows of ten fields; nothing is written but to memory.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "bench/micro/memory_files.h"
#include "storage/compaction/compaction_job.h"
#include "storage/flush/flush_job.h"

namespace stria::storage {
namespace {

constexpr Lineage kLineage = {1, 2};
constexpr uint32_t kBatchRows = 10'000;

// Rows as two connections send them: batches of 10,000, every second pair of which has changed
// places, so that times do not quite ascend.
std::vector<TableRows> Batches(const TableRows& rows) {
  std::vector<TableRows> batches;
  for (size_t begin = 0; begin < rows.num_rows(); begin += kBatchRows) {
    const auto from = static_cast<std::ptrdiff_t>(begin);
    const auto to = static_cast<std::ptrdiff_t>(std::min(begin + kBatchRows, rows.num_rows()));
    TableRows batch{.table = rows.table,
                    .series = {rows.series.begin() + from, rows.series.begin() + to},
                    .times = {rows.times.begin() + from, rows.times.begin() + to},
                    .columns = {},
                    .keep_alive = {}};
    for (const auto& column : rows.columns) {
      batch.columns.push_back({.id = column.id,
                               .type = column.type,
                               .bits = {column.bits.begin() + from, column.bits.begin() + to},
                               .strings = {},
                               .validity = {}});
    }
    batches.push_back(std::move(batch));
    if (batches.size() % 4 == 0) std::swap(batches.back(), batches[batches.size() - 2]);
  }
  return batches;
}

// A table of so many hosts, and what flushes and compactions of it need.
class CpuTable {
 public:
  explicit CpuTable(uint32_t num_hosts) : num_hosts_(num_hosts), keys_(bench::CpuKeys(num_hosts)) {
    ranks_ = std::make_shared<const std::vector<uint32_t>>(bench::CpuRanks(keys_));
    TableSchema schema = bench::CpuSchema();
    schema.partition_ns = 86'400 * kNsPerSecond;
    schema_ = std::make_shared<TableSchema>(std::move(schema));
  }
  CpuTable(const CpuTable&) = delete;
  CpuTable& operator=(const CpuTable&) = delete;

  std::shared_ptr<Memtable> Fill(const std::vector<TableRows>& batches, size_t begin,
                                 size_t end) const {
    auto memtable = std::make_shared<Memtable>(TableId(1));
    for (size_t i = begin; i < end; ++i)
      memtable->Append(batches[i], i + 1, 0);
    memtable->Publish();
    return memtable;
  }
  std::vector<TableRows> Rows(uint32_t num_rows) const {
    return Batches(bench::CpuRows(num_hosts_, num_rows / num_hosts_));
  }

  Result<std::vector<PartMeta>> Flush(std::shared_ptr<const Memtable> memtable,
                                      FlushedTimes& flushed, PartFileWriter& writer) const {
    const FlushInput input{.memtable = std::move(memtable),
                           .schema = schema_,
                           .key_of = KeyOf(),
                           .ranks = ranks_,
                           .tombstones = nullptr,
                           .flushed = &flushed};
    return FlushMemtable(input, kLineage, writer);
  }

  CompactionInput Merge(std::vector<CompactionPart> parts) const {
    return {.parts = std::move(parts),
            .schema = schema_,
            .lineage = kLineage,
            .key_of = KeyOf(),
            .ranks = ranks_,
            .tombstones = nullptr,
            .has_older_reach = false};
  }

 private:
  std::function<std::string(SeriesId)> KeyOf() const {
    return [this](SeriesId id) { return keys_[id.value()]; };
  }

  uint32_t num_hosts_;
  std::vector<std::string> keys_;
  std::shared_ptr<const std::vector<uint32_t>> ranks_;
  TableSchemaPtr schema_;
};

constexpr uint32_t kNumRows = 1'000'000;

// The argument is the number of series.
void BM_Flush(benchmark::State& state) {
  const CpuTable table(static_cast<uint32_t>(state.range(0)));
  const auto batches = table.Rows(kNumRows);
  const auto memtable = table.Fill(batches, 0, batches.size());
  for (auto _ : state) {
    bench::MemoryFiles files;
    FlushedTimes flushed;
    flushed.Start(0, false, 0);
    PartFileWriter writer(files, "", "part");
    if (!table.Flush(memtable, flushed, writer) || !writer.Commit().ok())
      state.SkipWithError("not written");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(memtable->num_rows()));
}
BENCHMARK(BM_Flush)->Arg(100)->Arg(4000)->Arg(100'000)->Unit(benchmark::kMillisecond);

// Four flushed parts, one after the other in time, to one. The argument is the number of series.
void BM_Compact(benchmark::State& state) {
  constexpr size_t kNumParts = 4;
  const CpuTable table(static_cast<uint32_t>(state.range(0)));
  const auto batches = table.Rows(kNumRows);
  bench::MemoryFiles files;
  FlushedTimes flushed;
  flushed.Start(0, false, 0);
  std::vector<PartMeta> metas;
  for (size_t i = 0; i < kNumParts; ++i) {
    PartFileWriter writer(files, "", "part" + std::to_string(i));
    const auto memtable =
        table.Fill(batches, batches.size() * i / kNumParts, batches.size() * (i + 1) / kNumParts);
    const auto parts = table.Flush(memtable, flushed, writer);
    if (!parts || !writer.Commit().ok()) return state.SkipWithError("not written");
    metas.insert(metas.end(), parts->begin(), parts->end());
  }
  uint64_t num_rows = 0;
  for (auto _ : state) {
    std::vector<CompactionPart> parts;
    for (const auto& meta : metas) {
      auto file = files.OpenForRead("/" + meta.file);
      if (!file) return state.SkipWithError("not there");
      auto reader = PartReader::Open(std::shared_ptr<File>(std::move(*file)), meta, nullptr);
      if (!reader) return state.SkipWithError("damaged");
      parts.push_back({meta, std::move(*reader)});
    }
    PartFileWriter writer(files, "", "merged");
    CompactionJob job(table.Merge(std::move(parts)), writer);
    while (true) {
      const auto more = job.Step();
      if (!more) return state.SkipWithError("damaged");
      if (!*more) break;
    }
    const auto part = job.Finish();
    if (!part || !part->has_value() || !writer.Commit().ok())
      return state.SkipWithError("not written");
    num_rows = (*part)->num_rows;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(num_rows));
}
BENCHMARK(BM_Compact)->Arg(100)->Arg(4000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
