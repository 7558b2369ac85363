// POST /api/v1/flush and POST /api/v1/compact: 204 when it is done and durable.

#pragma once

#include <memory>

#include "server/http/http_message.h"
#include "storage/base/executor.h"
#include "storage/engine/engine.h"

namespace stria::server {

/// Requests that come while a flush runs share the next one, so that a crowd of them costs one
/// thread. `engine` and `executor` outlive the handler.
std::shared_ptr<HttpHandler> MakeFlushHandler(storage::Engine& engine, Executor& executor);

/// The same for compaction.
std::shared_ptr<HttpHandler> MakeCompactHandler(storage::Engine& engine, Executor& executor);

}  // namespace stria::server
