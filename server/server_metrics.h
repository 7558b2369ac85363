// The metrics of a server: names and sentences in one table, and where their values come from.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/api/sql_handler.h"
#include "server/api/write_handler.h"
#include "server/http/http_server.h"
#include "storage/base/memory_budget.h"
#include "storage/base/metrics.h"
#include "storage/base/mutex.h"
#include "storage/engine/engine.h"

namespace stria::server {

struct MetricDef {
  std::string_view name;
  std::string_view type;         ///< "counter", "gauge", "histogram" or "summary"
  std::string_view labels;       ///< names, separated by commas, or empty
  std::string_view description;  ///< one sentence
};

/// All metrics, by name.
std::span<const MetricDef> AllMetrics();

/// Counts what handlers report, and asks engine and listener for the rest when the text is made.
///
/// Thread safety: thread-safe.
class ServerMetrics final : public WriteObserver, public QueryObserver {
 public:
  ServerMetrics();

  /// Adds what they keep. Before the first Text(), and they outlive the last.
  void Watch(const storage::Engine& engine, const HttpServer& http);
  /// Adds the memory of the process and of queries, likewise.
  void WatchMemory(const MemoryBudget& process, const MemoryBudget& queries);

  void OnWrite(const WriteReport& report) override;
  void OnQuery(const QueryReport& report) override;

  /// Prometheus' text format. Looks at every part; not for threads of the network.
  std::string Text();

 private:
  void CountParts();
  Counter& RowsWritten(std::string_view protocol, std::string_view database);

  Metrics metrics_;
  Counter& lines_unparsed_;
  Counter& lines_in_conflict_;
  Histogram& query_seconds_;
  const storage::Engine* engine_ = nullptr;

  Mutex mutex_;
  // By "protocol/database": a write looks here instead of building labels.
  std::map<std::string, Counter*, std::less<>> rows_written_ STRIA_GUARDED_BY(mutex_);
};

}  // namespace stria::server
