// GET /health, /ready, /ping, /settings and /: is it there, does it work, what does it offer.
//
// The shapes are those of InfluxDB and QuestDB, because every client library asks one of them
// before it does anything else.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "server/http/http_message.h"
#include "server/http/http_router.h"
#include "storage/base/clock.h"
#include "storage/engine/engine.h"

namespace stria::server {

/// What the server knows of itself.
struct ServerState {
  int64_t started_ns = 0;  ///< wall clock
  std::atomic<bool> stopping = false;
};

/// 200 and "pass", or 503 and "fail" when only a restart helps. A full disk is told and passes:
/// reads go on, and writes heal by themselves.
std::shared_ptr<HttpHandler> MakeHealthHandler(const storage::Engine& engine);

/// 200 when requests are taken, 503 when the server stops or takes no writes.
std::shared_ptr<HttpHandler> MakeReadyHandler(const storage::Engine& engine, const Clock& clock,
                                              const ServerState& state);

/// 204, or 200 with the version when the parameter `verbose` asks for it.
std::shared_ptr<HttpHandler> MakePingHandler();

/// What QuestDB's clients ask before they write: the versions of line protocol that are understood.
/// Version 2 and 3 add binary values, which are not.
std::shared_ptr<HttpHandler> MakeSettingsHandler();

/// The routes, as plain text. `router` outlives the handler.
std::shared_ptr<HttpHandler> MakeIndexHandler(const HttpRouter& router);

}  // namespace stria::server
