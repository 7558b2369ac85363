#include "server/routes.h"

#include <utility>
#include <vector>

#include "server/api/admin_handlers.h"
#include "server/api/metrics_handler.h"
#include "server/api/rejects_handler.h"
#include "server/api/sql_handler.h"
#include "server/api/write_handler.h"
#include "server/thread_counts.h"

namespace stria::server {

void AddRoutes(const ServerParts& parts, HttpRouter& router) {
  const Settings& settings = *parts.settings;
  const auto write = MakeWriteHandler(
      {.max_batch_bytes = settings.Size("ingest.max_batch"),
       .max_inflated_bytes = settings.Size("ingest.max_in_flight"),
       .create_databases = settings.Flag("ingest.create_databases"),
       .on_rejected = [rejects = parts.rejects](
                          std::vector<RejectedLine> lines) { rejects->Add(std::move(lines)); }},
      *parts.engine, *parts.clock, *parts.metrics);
  const auto sql = MakeSqlHandler(
      {.limits = {.timeout_ns = settings.DurationNs("query.timeout"),
                  .memory_bytes = settings.Size("query.memory"),
                  .max_rows = static_cast<uint64_t>(settings.Count("query.max_rows")),
                  .memory = parts.query_memory},
       .max_running = NumRunningQueries(settings)},
      {.service = parts.queries,
       .executor = parts.executor,
       .clock = parts.clock,
       .random = parts.random,
       .observer = parts.metrics});
  const auto ping = MakePingHandler();
  router.Add({"/", {"GET"}, "this page", MakeIndexHandler(router)});
  router.Add({"/write", {"POST"}, "line protocol, as InfluxDB 1 and QuestDB take it", write});
  router.Add({"/api/v2/write", {"POST"}, "line protocol, as InfluxDB 2 takes it", write});
  router.Add({"/api/v1/sql", {"GET", "POST"}, "SQL in, rows out", sql});
  router.Add({"/ping", {"GET", "POST"}, "204 when the server is there", ping});
  router.Add(
      {"/health", {"GET"}, "what works and what does not", MakeHealthHandler(*parts.engine)});
  router.Add({"/ready",
              {"GET"},
              "200 when the server takes requests, else 503",
              MakeReadyHandler(*parts.engine, *parts.clock, *parts.state)});
  ServerMetrics& metrics = *parts.metrics;
  router.Add({"/metrics",
              {"GET"},
              "numbers for Prometheus",
              MakeMetricsHandler(*parts.executor, [&metrics] { return metrics.Text(); })});
  router.Add({"/settings", {"GET"}, "what QuestDB's clients ask first", MakeSettingsHandler()});
  router.Add({"/api/v1/flush",
              {"POST"},
              "writes all rows in memory into parts",
              MakeFlushHandler(*parts.engine, *parts.executor)});
  router.Add({"/api/v1/compact",
              {"POST"},
              "merges the parts of every table",
              MakeCompactHandler(*parts.engine, *parts.executor)});
  router.Add({"/api/v1/rejects/replay",
              {"POST"},
              "writes lines of system.rejects again",
              MakeReplayRejectsHandler(*parts.rejects, *parts.executor)});
  router.Add({"/api/v1/rejects/drop",
              {"POST"},
              "forgets lines of system.rejects",
              MakeDropRejectsHandler(*parts.rejects, *parts.executor)});
}

}  // namespace stria::server
