// stria-bench cardinality: ingest, memory and queries by the number of series.

#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "bench/stria_bench/asker.h"
#include "bench/stria_bench/feed.h"
#include "bench/stria_bench/percentiles.h"
#include "bench/stria_bench/report.h"
#include "bench/stria_bench/server_under_test.h"
#include "bench/stria_bench/verbs.h"
#include "bench/workload/random.h"
#include "storage/base/errors.h"

namespace stria::bench {
namespace {

struct Kind {
  std::string name;
  std::string (*make_sql)(uint64_t host);
};
const Kind kKinds[] = {
    {"host_ms",
     [](uint64_t host) {
       return fmt::format(
           "SELECT time_bucket('1 minute', time) AS minute, max(usage_user) FROM cpu "
           "WHERE hostname = 'host_{}' GROUP BY minute ORDER BY minute",
           host);
     }},
    {"newest_ms",
     [](uint64_t host) {
       return fmt::format("SELECT * FROM cpu WHERE hostname = 'host_{}' ORDER BY time DESC LIMIT 1",
                          host);
     }},
    {"by_region_ms",
     [](uint64_t) {
       return std::string("SELECT region, count(*), avg(usage_user) FROM cpu GROUP BY region");
     }},
    {"count_hosts_ms",
     [](uint64_t) {
       return std::string("SELECT count(*) FROM (SELECT DISTINCT hostname FROM cpu) AS hosts");
     }},
};

// The median time of a kind of query, asked for random hosts.
Result<Cell> AskKind(const Kind& kind, uint64_t num_series, int64_t queries, Asker& asker,
                     Rng& random) {
  Percentiles times;
  for (int64_t i = 0; i < queries; ++i) {
    STRIA_ASSIGN_OR_RETURN(const Answer answer, asker.Ask(kind.make_sql(random.Below(num_series))));
    times.Add(answer.ns);
  }
  return Cell::Number(static_cast<double>(times.At(50)) / 1e6, 3);
}

Cell Megabytes(uint64_t bytes) {
  return Cell::Number(static_cast<double>(bytes) / 1e6, 1);
}

Status MeasureOne(const CardinalityOptions& options, uint64_t num_series, ServerUnderTest& server,
                  Report& report) {
  WorkloadOptions workload{.scale = num_series, .seed = options.seed};
  const uint64_t num_ticks = std::max<uint64_t>(2, (options.rows + num_series - 1) / num_series);
  workload.duration_ns = static_cast<int64_t>(num_ticks) * workload.interval_ns;
  STRIA_ASSIGN_OR_RETURN(const auto rows, OpenWorkload(workload));
  const std::string database = fmt::format("{}_{}", options.server.database, num_series);

  const auto before = server.Stats();
  Feed feed(*rows, {.batch_rows = options.batch_rows});
  STRIA_ASSIGN_OR_RETURN(FeedResult written,
                         WriteFeed(server.url(), database, options.workers, feed));
  const auto full = server.Stats();
  STRIA_RETURN_IF_ERROR(server.Order("/api/v1/flush"));
  const auto after = server.Stats();

  const bool seen = before && full && after;
  const auto num_rows = static_cast<double>(written.num_rows);
  std::vector<Cell> cells = {
      Cell::Count(num_series),
      Cell::Count(written.num_rows),
      Cell::Number(num_rows / written.seconds, 0),
      Cell::Number(static_cast<double>(written.acks.At(99)) / 1e6, 1),
      seen ? Cell::Number((after->cpu_seconds - before->cpu_seconds) / num_rows * 1e6, 3)
           : Cell::None(),
      seen ? Megabytes(full->resident_bytes) : Cell::None(),
      seen ? Megabytes(after->resident_bytes) : Cell::None(),
      seen ? Megabytes(after->peak_resident_bytes) : Cell::None(),
  };
  STRIA_ASSIGN_OR_RETURN(const auto asker, Asker::Open(server.url(), database, "json"));
  Rng random(options.seed);
  for (const Kind& kind : kKinds) {
    STRIA_ASSIGN_OR_RETURN(Cell cell, AskKind(kind, num_series, options.queries, *asker, random));
    cells.push_back(std::move(cell));
  }
  report.AddRow(std::move(cells));
  return Status::Ok();
}

Status Measure(const CardinalityOptions& options, Report& report) {
  STRIA_ASSIGN_OR_RETURN(const auto server, ServerUnderTest::Open(options.server));
  report.Add("workers", Cell::Count(static_cast<uint64_t>(options.workers)));
  report.Add("batch_rows", Cell::Count(options.batch_rows));
  report.Add("seed", Cell::Count(options.seed));
  std::vector<std::string> columns = {
      "series",         "rows",           "rows_per_second", "ack_p99_ms", "server_cpu_us_per_row",
      "rss_written_mb", "rss_flushed_mb", "peak_rss_mb"};
  for (const Kind& kind : kKinds)
    columns.push_back(kind.name);
  report.SetColumns(std::move(columns));
  for (const uint64_t num_series : options.series) {
    STRIA_RETURN_IF_ERROR(MeasureOne(options, num_series, *server, report)
                              .WithContext(fmt::format("{} series", num_series)));
  }
  report.Note(
      "Rows are made while they are sent, on the same machine: rows/s is a lower bound, server CPU "
      "is not.");
  report.Note(fmt::format(
      "Each number of series is a database of its own, {}_<series>; memory includes the earlier "
      "ones. Times are medians of {} queries.",
      options.server.database, options.queries));
  return Status::Ok();
}

}  // namespace

int RunCardinality(const CardinalityOptions& options) {
  Report report;
  if (const Status status = Measure(options, report); !status.ok()) return Fail(status);
  report.Print(options.json);
  return kExitDone;
}

}  // namespace stria::bench
