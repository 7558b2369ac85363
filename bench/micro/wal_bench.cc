// The write-ahead log: a batch into bytes, bytes into the log, and back.
//
// `items_per_second` is rows, but for appends to a real disk: there it is groups, each of which is
// written and synced (fdatasync) before the next. `bytes_a_row` is what a row takes in the log.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "bench/micro/memory_files.h"
#include "storage/memtable/memtable.h"
#include "storage/wal/rows_record.h"
#include "storage/wal/wal_writer.h"

namespace stria::storage {
namespace {

constexpr uint32_t kNumHosts = 1000;
constexpr uint32_t kNumTicks = 10;
constexpr int64_t kNumRows = int64_t{kNumHosts} * kNumTicks;

std::vector<std::byte> EncodeRows(const TableRows& rows) {
  std::vector<std::byte> payload;
  const TableRows* tables[] = {&rows};
  EncodeRowsRecord({.batch_id = 1, .shards = {}, .series = {}, .tables = {}}, tables, payload);
  return payload;
}

void BM_EncodeRowsRecord(benchmark::State& state) {
  const TableRows rows = bench::CpuRows(kNumHosts, kNumTicks);
  const TableRows* tables[] = {&rows};
  const RowsRecord record{.batch_id = 1, .shards = {}, .series = {}, .tables = {}};
  std::vector<std::byte> payload;
  for (auto _ : state) {
    payload.clear();
    EncodeRowsRecord(record, tables, payload);
    benchmark::DoNotOptimize(payload.data());
  }
  state.SetItemsProcessed(state.iterations() * kNumRows);
  state.counters["bytes_a_row"] = static_cast<double>(payload.size()) / kNumRows;
}
BENCHMARK(BM_EncodeRowsRecord);

void BM_DecodeRowsRecord(benchmark::State& state) {
  const auto payload = EncodeRows(bench::CpuRows(kNumHosts, kNumTicks));
  for (auto _ : state) {
    auto record = DecodeRowsRecord(payload);
    if (!record) state.SkipWithError("damaged");
    benchmark::DoNotOptimize(record);
  }
  state.SetItemsProcessed(state.iterations() * kNumRows);
}
BENCHMARK(BM_DecodeRowsRecord);

// What a start does with each record: check its frame, decode it, append its rows to a memtable.
void BM_Replay(benchmark::State& state) {
  constexpr uint64_t kNonce = 7;
  constexpr size_t kRecordsOfMemtable = 50;
  std::vector<std::byte> frame;
  AppendWalFrame(WalRecordType::kRows, 1, 0, kNonce,
                 EncodeRows(bench::CpuRows(kNumHosts, kNumTicks)), frame);
  auto memtable = std::make_shared<Memtable>(TableId(1));
  uint64_t seq = 0;
  for (auto _ : state) {
    const auto found = DecodeWalFrame(frame, kNonce);
    if (!found) {
      state.SkipWithError("damaged");
      break;
    }
    const auto record = DecodeRowsRecord(found->payload);
    memtable->Append(record->tables.front(), ++seq, 0);
    memtable->Publish();
    if (seq % kRecordsOfMemtable == 0) memtable = std::make_shared<Memtable>(TableId(1));
  }
  state.SetItemsProcessed(state.iterations() * kNumRows);
}
BENCHMARK(BM_Replay);

WalWriter MakeWriter(FileSystem& files, const std::string& directory) {
  return {files, SystemClock(), SystemRandom(), WalWriterOptions{.directory = directory}, {}};
}

// The first group makes a segment, which is not what an append costs.
bool Begin(benchmark::State& state, WalWriter& writer) {
  const std::vector<std::byte> payload(1);
  const WalRecord records[] = {{.type = WalRecordType::kRows, .payload = payload}};
  if (writer.AppendGroup(records) && writer.PrepareNext().ok()) return true;
  state.SkipWithError("the log cannot begin");
  return false;
}

// Appends `payload` as a group, and keeps a spare segment ready as the engine's background does.
bool Append(benchmark::State& state, WalWriter& writer, const std::vector<std::byte>& payload) {
  const WalRecord records[] = {{.type = WalRecordType::kRows, .payload = payload}};
  if (!writer.AppendGroup(records)) {
    state.SkipWithError("append failed");
    return false;
  }
  writer.Recycle(writer.next_seq());
  if (writer.WantsNext()) {
    state.PauseTiming();
    if (!writer.PrepareNext().ok()) state.SkipWithError("no spare segment");
    state.ResumeTiming();
  }
  return true;
}

// Frames, checksums and one copy; no disk.
void BM_AppendToMemory(benchmark::State& state) {
  bench::MemoryFiles files;
  WalWriter writer = MakeWriter(files, "wal");
  const auto payload = EncodeRows(bench::CpuRows(kNumHosts, kNumTicks));
  if (!Begin(state, writer)) return;
  for (auto _ : state) {
    if (!Append(state, writer, payload)) break;
  }
  state.SetItemsProcessed(state.iterations() * kNumRows);
}
BENCHMARK(BM_AppendToMemory);

// The argument is the size of a record, bytes.
void BM_AppendSynced(benchmark::State& state) {
  std::string directory = (std::filesystem::temp_directory_path() / "stria-wal-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) std::abort();
  {
    WalWriter writer = MakeWriter(PosixFileSystem(), directory);
    const std::vector<std::byte> payload(static_cast<size_t>(state.range(0)), std::byte{1});
    if (Begin(state, writer)) {
      for (auto _ : state) {
        if (!Append(state, writer, payload)) break;
      }
    }
  }
  std::filesystem::remove_all(directory);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AppendSynced)
    ->Arg(1000)
    ->Arg(60'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace stria::storage

BENCHMARK_MAIN();
