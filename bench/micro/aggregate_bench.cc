// One aggregate over the same rows, by runs and by hash table, and statements of the TSBS kinds
// through the front door.
//
// The rows are those of the TSBS cpu table: 100 hosts, one row each 10 seconds for a day, ten
// integer fields between 0 and 100. `items_per_second` is rows that went into the aggregate. The
// argument is the state of the rows: 0 in memory, 1 in parts.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "query/exec/physical_planner.h"
#include "query/session/session.h"
#include "storage/base/random.h"
#include "storage/engine/engine.h"
#include "tests/support/plan_builder.h"

namespace stria::query {
namespace {

constexpr uint32_t kNumHosts = 100;
constexpr uint32_t kRowsPerHost = 8640;
constexpr uint32_t kNumFields = 10;
constexpr int64_t kStart = 1'451'606'400 * kNsPerSecond;
constexpr int64_t kHour = 3600 * kNsPerSecond;
constexpr TimeRange kWindow{kStart + 5 * kHour, kStart + 17 * kHour};
constexpr int64_t kRowsInWindow = int64_t{kNumHosts} * 12 * 360;

// A server's worth of engine, filled once.
class CpuTable {
 public:
  explicit CpuTable(bool is_flushed) {
    directory_ = (std::filesystem::temp_directory_path() / "stria-bench-XXXXXX").string();
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
    executor_ = MakeThreadExecutor({});
    storage::EngineOptions options;
    options.directory = directory_;
    auto engine = storage::Engine::Open(options, {.files = &storage::PosixFileSystem(),
                                                  .clock = &SystemClock(),
                                                  .random = &SystemRandom(),
                                                  .executor = executor_.get()});
    if (!engine) std::abort();
    engine_ = *std::move(engine);
    for (uint32_t first = 0; first < kRowsPerHost; first += 90)
      Write(first, 90);
    if (is_flushed && !engine_->Flush().ok()) std::abort();
  }
  ~CpuTable() {
    engine_.reset();
    executor_.reset();
    std::filesystem::remove_all(directory_);
  }
  CpuTable(const CpuTable&) = delete;
  CpuTable& operator=(const CpuTable&) = delete;

  storage::Engine& engine() { return *engine_; }
  Executor& executor() { return *executor_; }
  ExecContext MakeContext() {
    return {.engine = *engine_, .executor = *executor_, .clock = SystemClock(), .stats = {}};
  }

 private:
  void Write(uint32_t first, uint32_t count) {
    RowBatch batch;
    batch.table = "cpu";
    for (uint32_t host = 0; host < kNumHosts; ++host) {
      const std::string name = "host_" + std::to_string(host);
      std::vector<TagView> tags = {{"hostname", name}, {"region", "eu-central-1"}};
      batch.series.push_back({*MakeSeriesKey(tags)});
    }
    batch.fields.resize(kNumFields);
    for (uint32_t row = first; row < first + count; ++row) {
      for (uint32_t host = 0; host < kNumHosts; ++host) {
        batch.series_index.push_back(host);
        batch.times.push_back(kStart + row * 10 * kNsPerSecond);
        batch.line_offsets.push_back(0);
        for (auto& field : batch.fields) {
          field.bits.push_back(random_() % 101);
          field.validity.push_back(1);
        }
      }
    }
    for (uint32_t i = 0; i < kNumFields; ++i) {
      batch.fields[i].name = "usage_" + std::to_string(i);
      batch.fields[i].type = DataType::kInt64;
      batch.fields[i].num_valid = count * kNumHosts;
    }
    storage::WriteRequest request;
    request.database = "bench";
    request.batches.push_back(std::move(batch));
    if (!engine_->Write(std::move(request)).status.ok()) std::abort();
  }

  std::string directory_;
  std::minstd_rand random_{1};
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<storage::Engine> engine_;
};

CpuTable& TableOf(benchmark::State& state) {
  static CpuTable in_memory(false);
  static CpuTable in_parts(true);
  return state.range(0) == 0 ? in_memory : in_parts;
}

class DiscardingSink final : public ResultSink {
 public:
  void OnColumns(const std::vector<OutputColumn>& /*columns*/) override {}
  bool OnBatch(const Batch& batch) override {
    num_rows += batch.num_rows;
    return true;
  }
  void OnEnd(const QueryStats& /*stats*/, const std::string& /*note*/) override {}
  void OnError(const QueryError& error) override { failure = error.message; }

  uint64_t num_rows = 0;
  std::string failure;
};

// Averages of five fields by hour and host; behind a filter that keeps every row when it is not to
// go by runs.
PlanPtr GroupByHourAndHost(CpuTable& table, bool by_runs) {
  std::vector<std::string> columns = {"time", "hostname"};
  for (int i = 0; i < 5; ++i)
    columns.push_back("usage_" + std::to_string(i));
  PlanPtr input = ScanOf(table.engine().FindTable("bench", "cpu"), columns, kWindow);
  std::vector<AggregateCall> calls;
  for (int i = 0; i < 5; ++i) {
    calls.push_back(MakeAggregate(AggregateKind::kAvg, Ref(*input, "usage_" + std::to_string(i))));
  }
  std::vector<ExprPtr> keys = {BucketOf(kHour, Ref(*input, "time")), Ref(*input, "hostname")};
  if (!by_runs) input = FilterOf(Literal(Value::Bool(true)), std::move(input));
  return AggregateOf(std::move(keys), std::move(calls), std::move(input));
}

void RunPlan(benchmark::State& state, bool by_runs) {
  CpuTable& table = TableOf(state);
  const PlanPtr plan = GroupByHourAndHost(table, by_runs);
  for (auto _ : state) {
    ExecContext context = table.MakeContext();
    DiscardingSink sink;
    if (ExecutePlan(*plan, context, sink) || sink.num_rows != kNumHosts * 12)
      state.SkipWithError("wrong answer");
  }
  state.SetItemsProcessed(state.iterations() * kRowsInWindow);
}

void BM_RunAggregate(benchmark::State& state) {
  RunPlan(state, true);
}
BENCHMARK(BM_RunAggregate)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

void BM_HashAggregate(benchmark::State& state) {
  RunPlan(state, false);
}
BENCHMARK(BM_HashAggregate)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

// A statement through the front door, without a protocol: parse, bind, optimize, run.
void RunStatement(benchmark::State& state, const std::string& sql) {
  CpuTable& table = TableOf(state);
  const VirtualTableRegistry registry;
  const auto service = MakeQueryService(table.engine(), SystemClock(), table.executor(), registry);
  QueryRequest request;
  request.database = "bench";
  request.sql = sql;
  for (auto _ : state) {
    DiscardingSink sink;
    service->Execute(request, sink);
    if (!sink.failure.empty() || sink.num_rows == 0) {
      state.SkipWithError(sink.failure.c_str());
      break;
    }
  }
}

void RegisterStatement(const char* name, const std::string& sql) {
  benchmark::RegisterBenchmark(name, [sql](benchmark::State& state) { RunStatement(state, sql); })
      ->Arg(0)
      ->Arg(1)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime()
      ->MeasureProcessCPUTime();
}

void RegisterStatements() {
  const std::string window =
      " WHERE time >= '2016-01-01T05:00:00Z' AND time < '2016-01-01T17:00:00Z'";
  RegisterStatement("double-groupby-5",
                    "SELECT time_bucket('1h', time) AS hour, hostname, avg(usage_0), avg(usage_1), "
                    "avg(usage_2), avg(usage_3), avg(usage_4) FROM cpu" +
                        window + " GROUP BY hour, hostname ORDER BY hour, hostname");
  RegisterStatement(
      "single-groupby-1-8-1",
      "SELECT time_bucket('1m', time) AS minute, max(usage_0) FROM cpu WHERE hostname "
      "IN ('host_1', 'host_5', 'host_20', 'host_33', 'host_47', 'host_60', 'host_78', "
      "'host_99') AND time >= '2016-01-01T05:00:00Z' AND time < "
      "'2016-01-01T06:00:00Z' GROUP BY minute ORDER BY minute");
  RegisterStatement("groupby-orderby-limit",
                    "SELECT time_bucket('1m', time) AS minute, max(usage_0) FROM cpu WHERE time < "
                    "'2016-01-01T17:00:00Z' GROUP BY minute ORDER BY minute DESC LIMIT 5");
  RegisterStatement("high-cpu-all", "SELECT * FROM cpu" + window + " AND usage_0 > 90.0");
  RegisterStatement("lastpoint",
                    "SELECT DISTINCT ON (hostname) * FROM cpu ORDER BY hostname, time DESC");
  RegisterStatement("count", "SELECT count(*) FROM cpu");
}

}  // namespace

void RunBenchmarks(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  RegisterStatements();
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace stria::query

int main(int argc, char** argv) {
  stria::query::RunBenchmarks(argc, argv);
  return 0;
}
