// How many threads a server has for what.

#pragma once

#include <cstddef>

#include "storage/base/settings.h"

namespace stria::server {

/// Threads of the network: server.threads, or one for each processor.
size_t NumNetworkThreads(const Settings& settings);

/// Statements that compute at once.
size_t NumRunningQueries(const Settings& settings);

/// Threads of the executor for those, and for statements that wait for their client to read.
size_t NumForegroundThreads(const Settings& settings);

}  // namespace stria::server
