// The whole server: engine, queries and listener, wired up in one function.

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "storage/base/settings.h"
#include "storage/base/status.h"

namespace stria::server {

/// Thread safety: thread-compatible.
class Server {
 public:
  virtual ~Server() = default;

  /// Binds the address, opens the data directory and recovers, writes DIR/run.json, and takes
  /// requests. Connections made in the meantime wait.
  ///
  /// Fails with kInvalidArgument on settings that cannot be (an address, a listener that other
  /// machines reach without `server.insecure`), kAlreadyExists when the port is taken, and as
  /// Engine::Open().
  static Result<std::unique_ptr<Server>> Start(const Settings& settings);

  /// Refuses new requests, finishes those under way, closes the engine, and removes run.json.
  /// Called by the destructor.
  virtual void Stop() = 0;

  /// "127.0.0.1:40123"
  virtual std::string http_address() const = 0;
};

}  // namespace stria::server
