// The HTTP listener and its threads.
//
// Handlers are called on its threads and must not wait; they answer later from wherever they are.
// A connection is read again only after its answer has been written, so that pipelined requests are
// answered in order and a slow client costs one request of memory.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http/http_message.h"
#include "storage/base/clock.h"
#include "storage/base/random.h"
#include "storage/base/status.h"

namespace stria::server {

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8181;  ///< 0: any free one
  size_t num_threads = 2;
  size_t max_connections = 8192;
  uint64_t max_body_bytes = 64ULL << 20;        ///< of one request, as received; else 413
  uint64_t max_in_flight_bytes = 512ULL << 20;  ///< bodies of all requests; else 503
  uint32_t max_header_bytes = 64 << 10;
  uint64_t max_queued_bytes = 4ULL << 20;  ///< of one answer that the client has not taken yet
  int64_t idle_timeout_s = 75;             ///< between requests, and for the head of one
  int64_t progress_timeout_s = 30;         ///< without any byte in either direction
  std::function<bool(std::string_view origin)> allows_origin;  ///< empty: no other origin
};

struct HttpServerStats {
  uint64_t connections = 0;
  uint64_t in_flight_bytes = 0;
  uint64_t requests = 0;
};

/// Thread safety: thread-safe.
class HttpServer {
 public:
  virtual ~HttpServer() = default;

  /// Binds the address; nothing is accepted before Start(). Fails with kAlreadyExists when another
  /// socket has it, kInvalidArgument when it is no address of this machine. `handler`, `clock` and
  /// `random` outlive the server.
  static Result<std::unique_ptr<HttpServer>> Listen(const HttpServerOptions& options,
                                                    HttpHandler& handler, Clock& clock,
                                                    Random& random);

  virtual void Start() = 0;

  /// Accepts no more, closes connections that wait for a request, lets answers under way finish for
  /// at most `grace_ms`, and joins the threads. Not from a thread of the server.
  virtual void Stop(int64_t grace_ms) = 0;

  virtual uint16_t port() const = 0;
  virtual HttpServerStats stats() const = 0;
};

/// "HOST:PORT", "[::1]:PORT", ":PORT" or "HOST" as host and port. Fails with kInvalidArgument.
Result<std::pair<std::string, uint16_t>> ParseHostPort(const std::string& text,
                                                       uint16_t default_port);

}  // namespace stria::server
