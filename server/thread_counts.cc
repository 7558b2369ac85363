#include "server/thread_counts.h"

#include <algorithm>
#include <thread>

namespace stria::server {
namespace {

// Queries that take long share the processors with short ones, which the kernel then lets in
// between: so more may run than there are processors.
constexpr size_t kMinRunning = 4;

// Threads that sleep while a client does not read the answer it asked for. Each holds up to
// max_queued_bytes of text, and for no longer than the progress timeout.
constexpr size_t kMaxSlowReaders = 60;

}  // namespace

size_t NumNetworkThreads(const Settings& settings) {
  const auto wanted = static_cast<size_t>(settings.Count("server.threads"));
  return wanted != 0 ? wanted : std::max<size_t>(1, std::thread::hardware_concurrency());
}

size_t NumRunningQueries(const Settings& settings) {
  return std::max(kMinRunning, NumNetworkThreads(settings));
}

size_t NumForegroundThreads(const Settings& settings) {
  return NumRunningQueries(settings) + kMaxSlowReaders;
}

}  // namespace stria::server
