// Answers as text. `items_per_second` is values. The argument is the format: 0 = JSON, 1 = CSV.

#include <bit>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "query/output/cell_text.h"
#include "query/output/row_writer.h"

namespace stria::query {
namespace {

constexpr uint32_t kNumColumns = 10;

Batch MakeBatch(DataType type) {
  std::mt19937_64 random(1);
  Batch batch;
  batch.num_rows = kMaxBatchRows;
  batch.columns.resize(kNumColumns);
  for (auto& column : batch.columns) {
    column.type = type;
    for (uint32_t row = 0; row < kMaxBatchRows; ++row) {
      const uint64_t value = random() % 101;
      const double mean = static_cast<double>(random() >> 11) * 0x1p-53 * 100;
      column.bits.push_back(type == DataType::kFloat64 ? std::bit_cast<uint64_t>(mean) : value);
    }
  }
  return batch;
}

void WriteRows(benchmark::State& state, DataType type) {
  const Batch batch = MakeBatch(type);
  std::vector<OutputColumn> columns(kNumColumns, {.name = "value", .type = type});
  const auto writer = MakeRowWriter(state.range(0) == 0 ? OutputFormat::kJson : OutputFormat::kCsv,
                                    TimeForm::kText);
  std::string text;
  writer->Begin(columns, text);
  for (auto _ : state) {
    text.clear();
    writer->Rows(batch, text);
    benchmark::DoNotOptimize(text.data());
  }
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows * kNumColumns);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

void BM_WriteIntegers(benchmark::State& state) {
  WriteRows(state, DataType::kInt64);
}
BENCHMARK(BM_WriteIntegers)->Arg(0)->Arg(1);

void BM_WriteDoubles(benchmark::State& state) {
  WriteRows(state, DataType::kFloat64);
}
BENCHMARK(BM_WriteDoubles)->Arg(0)->Arg(1);

// Text of all digits: the number alone, without a row around it.
void BM_DoubleText(benchmark::State& state) {
  const Batch batch = MakeBatch(DataType::kFloat64);
  char text[kMaxNumberChars];
  for (auto _ : state) {
    for (const uint64_t bits : batch.columns.front().bits)
      benchmark::DoNotOptimize(WriteDouble(std::bit_cast<double>(bits), text));
  }
  state.SetItemsProcessed(state.iterations() * kMaxBatchRows);
}
BENCHMARK(BM_DoubleText);

void BM_TimeText(benchmark::State& state) {
  char text[kMaxNumberChars];
  TimeWriter writer(TimeForm::kText);
  int64_t time = 1'451'606'400'000'000'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(writer.Write(time, text));
    time += 10'000'000'000;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_TimeText);

}  // namespace
}  // namespace stria::query

BENCHMARK_MAIN();
