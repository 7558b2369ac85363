// stria-bench mixed: what dashboards feel while rows come in.

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "bench/stria_bench/asker.h"
#include "bench/stria_bench/data_shape.h"
#include "bench/stria_bench/feed.h"
#include "bench/stria_bench/percentiles.h"
#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/query_types.h"
#include "bench/stria_bench/report.h"
#include "bench/stria_bench/server_under_test.h"
#include "bench/stria_bench/verbs.h"
#include "bench/workload/random.h"
#include "storage/base/errors.h"
#include "storage/base/mutex.h"

namespace stria::bench {
namespace {

// What a dashboard shows: some hosts in detail, the whole fleet by the hour, the newest values.
constexpr std::string_view kPanels[] = {"single-groupby-1-1-1",
                                        "single-groupby-5-8-1",
                                        "cpu-max-all-8",
                                        "double-groupby-1",
                                        "lastpoint",
                                        "groupby-orderby-limit"};
// Long enough to be never at its end.
constexpr int64_t kEndlessNs = 4LL * 365 * 86'400 * 1'000'000'000;

using PanelTimes = std::map<std::string, Percentiles, std::less<>>;

// Asks panel after panel until the time is over.
class Dashboard {
 public:
  Dashboard(std::unique_ptr<Asker> asker, const std::vector<const QueryType*>& panels,
            const DataShape& data, uint64_t seed)
      : asker_(std::move(asker)), panels_(panels), data_(data), random_(seed) {}

  // Half of the windows end with the newest row, as on a live screen.
  Status Run(int64_t until_ns, const std::atomic<int64_t>& newest_ns, PanelTimes& times) {
    while (NowNs() < until_ns) {
      const QueryType& type = *panels_[next_panel_++ % panels_.size()];
      data_.end_ns = std::max(data_.end_ns, newest_ns.load(std::memory_order_relaxed) + 1);
      Question question = DrawQuestion(type, data_, random_);
      if (type.window_ns > 0 && random_.Chance(0.5)) {
        question.begin_ns = data_.end_ns - type.window_ns;
        question.end_ns = data_.end_ns;
      }
      STRIA_ASSIGN_OR_RETURN(const Answer answer, asker_->Ask(type.make_sql(question)));
      times[type.name].Add(answer.ns);
    }
    return Status::Ok();
  }

 private:
  std::unique_ptr<Asker> asker_;
  const std::vector<const QueryType*>& panels_;
  DataShape data_;
  Rng random_;
  size_t next_panel_ = 0;
};

// All dashboards for some seconds.
Result<PanelTimes> RunDashboards(std::vector<std::unique_ptr<Dashboard>>& dashboards,
                                 int64_t seconds, const std::atomic<int64_t>& newest_ns) {
  const int64_t until_ns = NowNs() + seconds * 1'000'000'000;
  Mutex mutex;
  PanelTimes all;
  Status failed;
  {
    std::vector<std::jthread> threads;
    for (auto& dashboard : dashboards) {
      threads.emplace_back([&] {
        PanelTimes mine;
        Status status = dashboard->Run(until_ns, newest_ns, mine);
        const MutexLock lock(mutex);
        for (const auto& [name, times] : mine)
          all[name].MergeFrom(times);
        if (failed.ok()) failed = std::move(status);
      });
    }
  }
  STRIA_RETURN_IF_ERROR(failed);
  return all;
}

void AddPanels(const std::vector<const QueryType*>& panels, PanelTimes& alone, PanelTimes& mixed,
               Report& report) {
  report.SetColumns({"type", "alone", "alone_p50_ms", "alone_p99_ms", "mixed", "mixed_p50_ms",
                     "mixed_p99_ms", "p99_ratio"});
  const auto ms = [](Percentiles& times, double percent) {
    return times.count() == 0 ? Cell::None()
                              : Cell::Number(static_cast<double>(times.At(percent)) / 1e6, 3);
  };
  for (const QueryType* panel : panels) {
    Percentiles& before = alone[panel->name];
    Percentiles& during = mixed[panel->name];
    report.AddRow(
        {Cell::Text(panel->name), Cell::Count(before.count()), ms(before, 50), ms(before, 99),
         Cell::Count(during.count()), ms(during, 50), ms(during, 99),
         before.count() == 0 || during.count() == 0
             ? Cell::None()
             : Cell::Number(static_cast<double>(during.At(99)) / static_cast<double>(before.At(99)),
                            2)});
  }
}

Status Mix(const MixedOptions& options, Report& report) {
  WorkloadOptions workload = options.workload;
  workload.duration_ns = kEndlessNs;
  STRIA_ASSIGN_OR_RETURN(const auto server, ServerUnderTest::Open(options.server));
  STRIA_ASSIGN_OR_RETURN(const auto rows, OpenWorkload(workload));
  const std::string& database = options.server.database;
  {
    Feed history(*rows, {.batch_rows = options.batch_rows, .max_rows = options.history_rows});
    STRIA_ASSIGN_OR_RETURN(const auto written,
                           WriteFeed(server->url(), database, options.writers, history));
    report.Add("history_rows", Cell::Count(written.num_rows));
  }
  STRIA_ASSIGN_OR_RETURN(const DataShape data,
                         ReadDataShape(*server, database, WorkloadKind::kCpuOnly));
  std::vector<const QueryType*> panels;
  for (const auto& type : QueryTypes(WorkloadKind::kCpuOnly)) {
    if (std::ranges::count(kPanels, type.name) == 0) continue;
    if (const auto misfit = Misfit(type, data)) {
      report.Note(fmt::format("{}: not asked: {}", type.name, *misfit));
    } else {
      panels.push_back(&type);
    }
  }
  std::vector<std::unique_ptr<Dashboard>> dashboards;
  for (int64_t i = 0; i < options.dashboards; ++i) {
    STRIA_ASSIGN_OR_RETURN(auto asker, Asker::Open(server->url(), database, "json"));
    dashboards.push_back(std::make_unique<Dashboard>(std::move(asker), panels, data,
                                                     workload.seed + static_cast<uint64_t>(i)));
  }

  std::atomic<int64_t> newest_ns = 0;
  STRIA_ASSIGN_OR_RETURN(PanelTimes alone, RunDashboards(dashboards, options.seconds, newest_ns));

  Feed feed(*rows, {.batch_rows = options.batch_rows, .rows_per_second = options.rows_per_second});
  Result<FeedResult> written = FeedResult();
  std::jthread writers([&] {
    written = WriteFeed(server->url(), database, options.writers, feed, [&](const FedBody& body) {
      // Relaxed: a time that is a little old gives a window that is as good.
      newest_ns.store(body.last_time_ns, std::memory_order_relaxed);
    });
  });
  auto mixed = RunDashboards(dashboards, options.seconds, newest_ns);
  feed.Stop();
  writers.join();
  if (!written) return written.error();
  if (!mixed) return mixed.error();

  report.Add("seconds", Cell::Count(static_cast<uint64_t>(options.seconds)));
  report.Add("writers", Cell::Count(static_cast<uint64_t>(options.writers)));
  report.Add("dashboards", Cell::Count(static_cast<uint64_t>(options.dashboards)));
  report.Add("seed", Cell::Count(workload.seed));
  report.Add("rows_written", Cell::Count(written->num_rows));
  report.Add("rows_per_second",
             Cell::Number(static_cast<double>(written->num_rows) / written->seconds, 0));
  report.Add("ack_p50_ms", Cell::Number(static_cast<double>(written->acks.At(50)) / 1e6, 3));
  report.Add("ack_p99_ms", Cell::Number(static_cast<double>(written->acks.At(99)) / 1e6, 3));
  AddPanels(panels, alone, *mixed, report);
  return Status::Ok();
}

}  // namespace

int RunMixed(const MixedOptions& options) {
  Report report;
  if (const Status status = Mix(options, report); !status.ok()) return Fail(status);
  report.Print(options.json);
  return kExitDone;
}

}  // namespace stria::bench
