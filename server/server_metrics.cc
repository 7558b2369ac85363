#include "server/server_metrics.h"

#include <algorithm>
#include <array>

#include "storage/base/check.h"

namespace stria::server {
namespace {

constexpr MetricDef kMetrics[] = {
    {"stria_connections", "gauge", "protocol", "Open connections."},
    {"stria_lines_rejected_total", "counter", "reason",
     "Lines that were not stored: \"parse\" for those that are no line protocol, \"type_conflict\" "
     "for those that do not fit their table."},
    {"stria_memory_bytes", "gauge", "kind",
     "Memory by use: \"memtable\" for rows not in parts yet, \"cache\" for pages of parts, "
     "\"series\" for what is known of series, \"query\" for queries, \"request\" for bodies that "
     "are worked on; \"process\" is all, as it was last measured."},
    {"stria_memory_limit_bytes", "gauge", "", "Memory that the process may use."},
    {"stria_part_bytes", "gauge", "tier", "Size of all parts."},
    {"stria_parts", "gauge", "tier", "Number of parts."},
    {"stria_queries_total", "counter", "result",
     "Statements by their end: \"ok\", or the code of the error."},
    {"stria_quarantined", "gauge", "component",
     "Damaged files and records that are kept apart from the rest; system.health names them."},
    {"stria_query_seconds", "histogram", "", "Time from a statement to the end of its answer."},
    {"stria_recovery_seconds", "gauge", "", "How long the last start took to open the data."},
    {"stria_rows_written_total", "counter", "protocol,database",
     "Rows that were acknowledged since the start."},
    {"stria_wal_bytes_total", "counter", "",
     "Bytes that were written to the write-ahead log since the start."},
    {"stria_wal_sync_seconds", "summary", "",
     "Count and total time of syncs of the write-ahead log."},
    {"stria_wal_syncs_total", "counter", "", "Syncs of the write-ahead log since the start."},
};

constexpr std::array<std::string_view, 2> kTiers = {"hot", "warm"};

// The sentence of a metric that is in the table.
std::string_view Help(std::string_view name) {
  const auto* const found = std::ranges::find(kMetrics, name, &MetricDef::name);
  STRIA_CHECK(found != std::end(kMetrics));
  return found->description;
}

}  // namespace

std::span<const MetricDef> AllMetrics() {
  return kMetrics;
}

ServerMetrics::ServerMetrics()
    : lines_unparsed_(metrics_.GetCounter(
          "stria_lines_rejected_total", Help("stria_lines_rejected_total"), {{"reason", "parse"}})),
      lines_in_conflict_(metrics_.GetCounter("stria_lines_rejected_total",
                                             Help("stria_lines_rejected_total"),
                                             {{"reason", "type_conflict"}})),
      query_seconds_(metrics_.GetHistogram("stria_query_seconds", Help("stria_query_seconds"))) {
  metrics_.GetCounter("stria_queries_total", Help("stria_queries_total"), {{"result", "ok"}});
}

void ServerMetrics::Watch(const storage::Engine& engine, const HttpServer& http) {
  engine_ = &engine;
  const auto gauge = [&](std::string_view name, const MetricLabels& labels,
                         std::function<double()> value) {
    metrics_.AddCallback(name, Help(name), "gauge", labels, std::move(value));
  };
  gauge("stria_connections", {{"protocol", "http"}},
        [&http] { return static_cast<double>(http.stats().connections); });
  gauge("stria_memory_bytes", {{"kind", "memtable"}},
        [&engine] { return static_cast<double>(engine.metrics().memtable_bytes); });
  gauge("stria_memory_bytes", {{"kind", "cache"}},
        [&engine] { return static_cast<double>(engine.metrics().cache_bytes); });
  gauge("stria_memory_bytes", {{"kind", "series"}},
        [&engine] { return static_cast<double>(engine.metrics().series_bytes); });
  gauge("stria_memory_bytes", {{"kind", "request"}},
        [&http] { return static_cast<double>(http.stats().in_flight_bytes); });
  using storage::HealthComponent;
  for (const auto component :
       {HealthComponent::kLog, HealthComponent::kPart, HealthComponent::kSeries}) {
    gauge("stria_quarantined", {{"component", std::string(HealthComponentName(component))}},
          [&engine, component] {
            return static_cast<double>(std::ranges::count_if(
                engine.HealthEntries(), [component](const storage::HealthEntry& entry) {
                  return entry.component == component &&
                         entry.state == storage::HealthState::kQuarantined;
                }));
          });
  }
  gauge("stria_recovery_seconds", {},
        [&engine] { return static_cast<double>(engine.metrics().recovery_ns) / 1e9; });
  metrics_.AddCallback(
      "stria_wal_bytes_total", Help("stria_wal_bytes_total"), "counter", {},
      [&engine] { return static_cast<double>(engine.metrics().wal_bytes_written); });
  metrics_.AddCallback("stria_wal_syncs_total", Help("stria_wal_syncs_total"), "counter", {},
                       [&engine] { return static_cast<double>(engine.metrics().wal_syncs); });
  metrics_.AddSummaryCallback(
      "stria_wal_sync_seconds", Help("stria_wal_sync_seconds"), {}, [&engine] {
        const auto metrics = engine.metrics();
        return std::pair(metrics.wal_syncs, static_cast<double>(metrics.wal_sync_ns) / 1e9);
      });
}

void ServerMetrics::WatchMemory(const MemoryBudget& process, const MemoryBudget& queries) {
  const auto gauge = [&](std::string_view name, const MetricLabels& labels,
                         std::function<double()> value) {
    metrics_.AddCallback(name, Help(name), "gauge", labels, std::move(value));
  };
  gauge("stria_memory_bytes", {{"kind", "process"}},
        [&process] { return static_cast<double>(process.used()); });
  gauge("stria_memory_bytes", {{"kind", "query"}},
        [&queries] { return static_cast<double>(queries.used()); });
  gauge("stria_memory_limit_bytes", {},
        [&process] { return static_cast<double>(process.limit()); });
}

void ServerMetrics::OnWrite(const WriteReport& report) {
  if (report.rows != 0) RowsWritten(report.protocol, report.database).Add(report.rows);
  lines_unparsed_.Add(report.lines_unparsed);
  lines_in_conflict_.Add(report.rows_in_conflict);
}

void ServerMetrics::OnQuery(const QueryReport& report) {
  metrics_
      .GetCounter("stria_queries_total", Help("stria_queries_total"),
                  {{"result", std::string(report.result)}})
      .Add();
  query_seconds_.ObserveNs(report.elapsed_ns);
}

std::string ServerMetrics::Text() {
  CountParts();
  return metrics_.Text();
}

Counter& ServerMetrics::RowsWritten(std::string_view protocol, std::string_view database) {
  std::string key(protocol);
  key.append("/").append(database);
  const MutexLock lock(mutex_);
  const auto found = rows_written_.find(key);
  if (found != rows_written_.end()) return *found->second;
  Counter& counter = metrics_.GetCounter(
      "stria_rows_written_total", Help("stria_rows_written_total"),
      {{"protocol", std::string(protocol)}, {"database", std::string(database)}});
  rows_written_.emplace(std::move(key), &counter);
  return counter;
}

void ServerMetrics::CountParts() {
  struct Totals {
    int64_t parts = 0, bytes = 0;
  };
  std::map<std::string, Totals, std::less<>> totals;
  for (const auto tier : kTiers)
    totals[std::string(tier)];
  if (engine_ != nullptr) {
    for (const auto& part : engine_->Parts()) {
      Totals& tier = totals[part.tier];
      tier.parts += 1;
      tier.bytes += static_cast<int64_t>(part.bytes);
    }
  }
  for (const auto& [tier, total] : totals) {
    metrics_.GetGauge("stria_parts", Help("stria_parts"), {{"tier", tier}}).Set(total.parts);
    metrics_.GetGauge("stria_part_bytes", Help("stria_part_bytes"), {{"tier", tier}})
        .Set(total.bytes);
  }
}

}  // namespace stria::server
