// A server that takes bodies, drops them and answers 204: how fast a client alone is.

#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "bench/stria_bench/http_connection.h"
#include "storage/base/mutex.h"
#include "storage/base/status.h"

namespace stria::bench {

/// Listens on a free port of 127.0.0.1, with a thread for each connection.
///
/// Thread safety: thread-compatible.
class NullSink {
 public:
  /// Fails with kIoError.
  static Result<std::unique_ptr<NullSink>> Start();
  /// Breaks connections that are still open.
  ~NullSink();
  NullSink(const NullSink&) = delete;
  NullSink& operator=(const NullSink&) = delete;

  Url url() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  NullSink(int listener, uint16_t port);
  void Accept();
  static void Serve(int socket);

  const int listener_;
  const uint16_t port_;
  Mutex mutex_;
  std::vector<int> sockets_ STRIA_GUARDED_BY(mutex_);
  std::vector<std::jthread> connections_ STRIA_GUARDED_BY(mutex_);
  bool stopping_ STRIA_GUARDED_BY(mutex_) = false;
  std::jthread acceptor_;
};

}  // namespace stria::bench
