// POST /write (InfluxDB v1, and QuestDB when no database is named) and POST /api/v2/write: line
// protocol in, 204 when every row is durable.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/byte_budget.h"
#include "server/http/http_message.h"
#include "server/rejects/reject_log.h"
#include "storage/base/clock.h"
#include "storage/engine/engine.h"

namespace stria::server {

/// What became of one request, for metrics.
struct WriteReport {
  std::string_view protocol;  ///< "influx_v1", "influx_v2" or "questdb"
  std::string_view database;
  uint64_t rows = 0;
  uint64_t lines_unparsed = 0;
  uint64_t rows_in_conflict = 0;
};

/// Thread safety: thread-safe.
class WriteObserver {
 public:
  virtual ~WriteObserver() = default;
  virtual void OnWrite(const WriteReport& report) = 0;
};

struct WriteHandlerOptions {
  uint64_t max_batch_bytes = 64ULL << 20;      ///< of a body when decompressed
  uint64_t max_inflated_bytes = 512ULL << 20;  ///< of all compressed bodies, when decompressed
  std::string default_database = "default";    ///< of requests in QuestDB's form
  bool create_databases = true;
  /// Takes the lines that were refused for what their table is; may be null. Must not wait.
  std::function<void(std::vector<RejectedLine>)> on_rejected = {};
};

/// `engine`, `clock` and `observer` outlive the handler and the answers it owes.
std::shared_ptr<HttpHandler> MakeWriteHandler(const WriteHandlerOptions& options,
                                              storage::Engine& engine, Clock& clock,
                                              WriteObserver& observer);

}  // namespace stria::server
