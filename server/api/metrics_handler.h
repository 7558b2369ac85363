// GET /metrics: numbers in Prometheus' text format.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/http/http_message.h"
#include "storage/base/executor.h"

namespace stria::server {

/// `text` is thread-safe, and called on the executor: it looks at every part. `executor` outlives
/// the handler.
std::shared_ptr<HttpHandler> MakeMetricsHandler(Executor& executor,
                                                std::function<std::string()> text);

}  // namespace stria::server
