// stria-bench query: every standard query type on random windows.

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "bench/stria_bench/asker.h"
#include "bench/stria_bench/data_shape.h"
#include "bench/stria_bench/percentiles.h"
#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/query_types.h"
#include "bench/stria_bench/report.h"
#include "bench/stria_bench/server_under_test.h"
#include "bench/stria_bench/verbs.h"
#include "query/expr/time_text.h"
#include "storage/base/errors.h"
#include "storage/base/mutex.h"

namespace stria::bench {
namespace {

// Asked before the clock starts, so that plans and files are known.
constexpr size_t kWarmUp = 3;

struct Asked {
  Percentiles times;
  double rows = 0;
  double rows_scanned = 0;
  uint64_t num_bytes = 0;

  void MergeFrom(const Asked& other) {
    times.MergeFrom(other.times);
    rows += other.rows;
    rows_scanned += other.rows_scanned;
    num_bytes += other.num_bytes;
  }
};

// Connections that stay open from type to type.
class Clients {
 public:
  static Result<std::unique_ptr<Clients>> Open(const Url& url, const QueryOptions& options) {
    auto clients = std::make_unique<Clients>();
    clients->cold_ = options.cold;
    for (int64_t i = 0; i < options.clients; ++i) {
      STRIA_ASSIGN_OR_RETURN(auto asker, Asker::Open(url, options.server.database, options.format));
      clients->askers_.push_back(std::move(asker));
    }
    return clients;
  }

  Result<Asked> AskAll(const std::vector<std::string>& texts) {
    std::atomic<size_t> next = 0;
    Mutex mutex;
    Asked all;
    Status failed;
    {
      std::vector<std::jthread> threads;
      for (auto& asker : askers_) {
        threads.emplace_back([&] {
          Asked mine;
          Status status = AskSome(*asker, texts, next, mine);
          const MutexLock lock(mutex);
          all.MergeFrom(mine);
          if (failed.ok()) failed = std::move(status);
        });
      }
    }
    STRIA_RETURN_IF_ERROR(failed);
    return all;
  }

 private:
  Status AskSome(Asker& asker, const std::vector<std::string>& texts, std::atomic<size_t>& next,
                 Asked& asked) const {
    while (true) {
      const size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= texts.size()) return Status::Ok();
      if (cold_) STRIA_RETURN_IF_ERROR(DropPageCache());
      STRIA_ASSIGN_OR_RETURN(const Answer answer, asker.Ask(texts[index]));
      asked.times.Add(answer.ns);
      asked.rows += answer.rows;
      asked.rows_scanned += answer.rows_scanned;
      asked.num_bytes += answer.num_bytes;
    }
  }

  std::vector<std::unique_ptr<Asker>> askers_;
  bool cold_ = false;
};

Result<DataShape> FindShape(const QueryOptions& options, ServerUnderTest& server) {
  STRIA_ASSIGN_OR_RETURN(DataShape data,
                         ReadDataShape(server, options.server.database, options.workload));
  data.begin_ns = options.start_ns.value_or(data.begin_ns);
  data.end_ns = options.end_ns.value_or(data.end_ns);
  if (data.begin_ns >= data.end_ns) return InvalidArgument("--start is not before --end");
  return data;
}

Cell Milliseconds(Percentiles& times, double percent) {
  return Cell::Number(static_cast<double>(times.At(percent)) / 1e6, 3);
}

Status AskType(const QueryType& type, const DataShape& data, const QueryOptions& options,
               ServerUnderTest& server, Clients& clients, Report& report) {
  const auto count = static_cast<size_t>(options.queries);
  std::vector<std::string> texts = DrawTexts(type, data, options.seed, count + kWarmUp);
  if (!options.cold) {
    const auto warm_up = clients.AskAll({texts.begin() + options.queries, texts.end()});
    if (!warm_up) return warm_up.error();
  }
  texts.resize(count);

  const auto before = server.Stats();
  const int64_t begin = NowNs();
  STRIA_ASSIGN_OR_RETURN(Asked asked, clients.AskAll(texts));
  const double seconds = static_cast<double>(NowNs() - begin) / 1e9;
  const auto after = server.Stats();

  std::ranges::sort(texts);
  const auto distinct = static_cast<uint64_t>(std::ranges::unique(texts).begin() - texts.begin());
  const auto number = static_cast<double>(count);
  const bool has_statistics = options.format == "json";
  report.AddRow({
      Cell::Text(type.name),
      Cell::Count(count),
      Cell::Count(distinct),
      Milliseconds(asked.times, 50),
      Milliseconds(asked.times, 95),
      Milliseconds(asked.times, 99),
      Milliseconds(asked.times, 100),
      has_statistics ? Cell::Number(asked.rows / number, 0) : Cell::None(),
      Cell::Number(static_cast<double>(asked.num_bytes) / number, 0),
      has_statistics ? Cell::Number(asked.rows_scanned / seconds, 0) : Cell::None(),
      before && after ? Cell::Number((after->cpu_seconds - before->cpu_seconds) / number * 1000, 3)
                      : Cell::None(),
  });
  return Status::Ok();
}

Status Query(const QueryOptions& options, Report& report) {
  STRIA_ASSIGN_OR_RETURN(const auto types, ChooseTypes(options.workload, options.types));
  STRIA_ASSIGN_OR_RETURN(const auto server, ServerUnderTest::Open(options.server));
  STRIA_ASSIGN_OR_RETURN(const DataShape data, FindShape(options, *server));
  STRIA_ASSIGN_OR_RETURN(const auto clients, Clients::Open(server->url(), options));

  report.Add("database", Cell::Text(options.server.database));
  report.Add("begin", Cell::Text(query::FormatTimestamp(data.begin_ns)));
  report.Add("end", Cell::Text(query::FormatTimestamp(data.end_ns)));
  report.Add(options.workload == WorkloadKind::kIot ? "trucks" : "hosts",
             Cell::Count(data.names.size()));
  report.Add("seed", Cell::Count(options.seed));
  report.Add("clients", Cell::Count(static_cast<uint64_t>(options.clients)));
  report.Add("format", Cell::Text(options.format));
  report.Add("cache", Cell::Text(options.cold ? "page cache dropped before each query, the "
                                                "server's own cache as it was"
                                              : "warm"));
  report.SetColumns({"type", "queries", "distinct", "p50_ms", "p95_ms", "p99_ms", "max_ms", "rows",
                     "bytes", "rows_scanned_per_second", "server_cpu_ms"});
  for (const QueryType* type : types) {
    if (const auto misfit = Misfit(*type, data)) {
      report.Note(fmt::format("{}: not asked: {}", type->name, *misfit));
      continue;
    }
    if (options.print_sql) {
      for (const auto& text :
           DrawTexts(*type, data, options.seed, static_cast<size_t>(options.queries)))
        fmt::print("{};\n", text);
      continue;
    }
    STRIA_RETURN_IF_ERROR(
        AskType(*type, data, options, *server, *clients, report).WithContext(type->name));
  }
  return Status::Ok();
}

}  // namespace

int RunQuery(const QueryOptions& options) {
  Report report;
  if (const Status status = Query(options, report); !status.ok()) return Fail(status);
  if (!options.print_sql) report.Print(options.json);
  return kExitDone;
}

}  // namespace stria::bench
