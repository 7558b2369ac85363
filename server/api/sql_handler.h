// /api/v1/sql: one SQL statement in, its rows out.
//
//   GET  ?q=SELECT...&db=plant&format=csv&epoch=ms
//   POST the statement as text, with the same parameters, or JSON {"q","db","format","epoch"}
//
// Headers X-Stria-Timeout, X-Stria-Memory and X-Stria-Max-Rows lower the limits of the server for
// one statement. Every answer has X-Query-Id.
//
// Waking another thread costs more than a short query. So a statement whose like (the same text but
// for its literals) took little time before is tried on the network's thread, within a small budget
// of time and output; one that exceeds it starts again on the executor, where it may take long and
// where its rows are sent while it runs. Measured on two cores, seen by the client: SELECT 1 takes
// 74 us instead of 197; 60 rows of one series beside six clients that keep sorting a whole table,
// 0.11 ms instead of 96.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "query/session/session.h"
#include "server/http/http_message.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/random.h"

namespace stria::server {

/// What became of one statement, for metrics.
struct QueryReport {
  std::string_view result;  ///< "ok" or the code of its error
  int64_t elapsed_ns = 0;   ///< from the request until its answer is made
};

/// Thread safety: thread-safe.
class QueryObserver {
 public:
  virtual ~QueryObserver() = default;
  virtual void OnQuery(const QueryReport& report) = 0;
};

struct SqlHandlerOptions {
  query::QueryLimits limits;               ///< what a request may have at most
  size_t max_statement_bytes = 1 << 20;    ///< longer ones are answered too_large
  int64_t inline_budget_ns = 1'000'000;    ///< of a try on the network's thread
  int64_t inline_expected_ns = 200'000;    ///< what its like may have taken before; 0: no tries
  size_t inline_output_bytes = 256 << 10;  ///< of a try
  /// Statements that compute at once on the executor. It should have more threads than that: one
  /// for each client that may be slow to read.
  size_t max_running = 4;
  size_t max_waiting = 1024;  ///< statements for the executor; more are refused
};

/// What a handler needs; all of it outlives the handler and the answers it owes.
struct SqlHandlerEnv {
  query::QueryService* service = nullptr;
  Executor* executor = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  QueryObserver* observer = nullptr;
};

std::shared_ptr<HttpHandler> MakeSqlHandler(const SqlHandlerOptions& options,
                                            const SqlHandlerEnv& env);

}  // namespace stria::server
