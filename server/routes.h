// Which endpoint stands at which route.

#pragma once

#include "query/session/session.h"
#include "server/api/status_handlers.h"
#include "server/http/http_router.h"
#include "server/rejects/rejects.h"
#include "server/server_metrics.h"
#include "storage/base/clock.h"
#include "storage/base/executor.h"
#include "storage/base/memory_budget.h"
#include "storage/base/random.h"
#include "storage/base/settings.h"
#include "storage/engine/engine.h"

namespace stria::server {

/// What the endpoints need; all of it outlives the router and the answers that are owed.
struct ServerParts {
  const Settings* settings = nullptr;
  const ServerState* state = nullptr;
  storage::Engine* engine = nullptr;
  query::QueryService* queries = nullptr;
  ServerMetrics* metrics = nullptr;
  Rejects* rejects = nullptr;
  Executor* executor = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  MemoryBudget* query_memory = nullptr;  ///< of all queries; null: no limit
};

void AddRoutes(const ServerParts& parts, HttpRouter& router);

}  // namespace stria::server
