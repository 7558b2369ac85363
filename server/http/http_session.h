// One HTTP connection: requests in, answers out, one after the other. The only header that knows
// the socket library.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "server/http/byte_budget.h"
#include "server/http/http_message.h"
#include "server/http/http_server.h"
#include "storage/base/mutex.h"

namespace stria::server {

class HttpSession;

/// What the connections of a server share.
struct SessionContext {
  SessionContext(HttpServerOptions server_options, HttpHandler& http_handler, Clock& wall_clock,
                 Random& random_bits)
      : options(std::move(server_options)),
        handler(http_handler),
        clock(wall_clock),
        random(random_bits),
        budget(options.max_in_flight_bytes),
        io(static_cast<int>(options.num_threads)) {}

  const HttpServerOptions options;
  HttpHandler& handler;
  Clock& clock;
  Random& random;
  ByteBudget budget;
  boost::asio::io_context io;  // Here, so that an answer that comes too late finds it.
  std::atomic<bool> stopping = false;
  std::atomic<bool> stopped = false;  ///< the threads have ended; answers are dropped
  std::atomic<uint64_t> num_requests = 0;

  Mutex mutex;
  std::set<HttpSession*> sessions STRIA_GUARDED_BY(mutex);
};

/// Serves `socket`, whose executor is a strand, until it is closed. `context` is kept alive.
void StartHttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<SessionContext> context);

/// Asks every connection to close: at once if it waits for a request, else after its answer; or at
/// once in any case.
void CloseHttpSessions(SessionContext& context, bool at_once);

}  // namespace stria::server
