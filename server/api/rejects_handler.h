// POST /api/v1/rejects/replay and POST /api/v1/rejects/drop, both with ?database= and ?table=: what
// `stria rejects` asks for. Without either parameter, all lines are meant.

#pragma once

#include <memory>

#include "server/http/http_message.h"
#include "server/rejects/rejects.h"
#include "storage/base/executor.h"

namespace stria::server {

/// Answers {"replayed":N,"rejected":M}; a failure in between is an error, and what was replayed
/// stays so. `rejects` and `executor` outlive the handler.
std::shared_ptr<HttpHandler> MakeReplayRejectsHandler(Rejects& rejects, Executor& executor);

/// Answers {"dropped":N}.
std::shared_ptr<HttpHandler> MakeDropRejectsHandler(Rejects& rejects, Executor& executor);

}  // namespace stria::server
