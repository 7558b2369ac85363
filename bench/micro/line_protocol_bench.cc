// Line protocol to columns. `items_per_second` is lines; a body has about 256 KiB, so that its text
// stays in L2.

#include <string>

#include <benchmark/benchmark.h>

#include "bench/micro/cpu_rows.h"
#include "ingest/line_protocol.h"

namespace stria::bench {
namespace {

constexpr uint32_t kNumLines = 750;

// What the decoder predicts: the same hosts in the same order, tick after tick.
std::string RegularBody() {
  constexpr uint32_t kNumHosts = 25;
  const TableRows rows = CpuRows(kNumHosts, kNumLines / kNumHosts);
  std::string body;
  for (size_t row = 0; row < rows.num_rows(); ++row) {
    body += CpuSeriesText(rows.series[row]);
    for (uint32_t i = 0; i < kNumFields; ++i) {
      body += i == 0 ? ' ' : ',';
      body += kFieldNames[i] + ("=" + std::to_string(rows.columns[i].bits[row])) + 'i';
    }
    body += ' ' + std::to_string(rows.times[row]) + '\n';
  }
  return body;
}

// No prediction holds: hosts in random order, and fields in an order that turns with each line.
std::string IrregularBody() {
  const TableRows rows = CpuRows(kNumLines, 1);
  std::minstd_rand random(2);
  std::string body;
  for (size_t row = 0; row < kNumLines; ++row) {
    body += CpuSeriesText(static_cast<uint32_t>(random() % kNumLines));
    for (uint32_t i = 0; i < kNumFields; ++i) {
      const uint32_t field = (i + static_cast<uint32_t>(row)) % kNumFields;
      body += i == 0 ? ' ' : ',';
      body += kFieldNames[field] + ("=" + std::to_string(rows.columns[field].bits[row])) + 'i';
    }
    body += ' ' + std::to_string(rows.times[row] + static_cast<int64_t>(row)) + '\n';
  }
  return body;
}

void Decode(benchmark::State& state, const std::string& body) {
  for (auto _ : state) {
    auto decoded = ingest::DecodeLineProtocol(body, {});
    if (decoded.num_rows != kNumLines) state.SkipWithError("lines were refused");
    benchmark::DoNotOptimize(decoded);
  }
  state.SetItemsProcessed(state.iterations() * kNumLines);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

void BM_ParsePredicted(benchmark::State& state) {
  Decode(state, RegularBody());
}
BENCHMARK(BM_ParsePredicted);

void BM_ParseGeneral(benchmark::State& state) {
  Decode(state, IrregularBody());
}
BENCHMARK(BM_ParseGeneral);

}  // namespace
}  // namespace stria::bench

BENCHMARK_MAIN();
