// A server process that the demo starts, kills and starts again.

#pragma once

#include <cstdint>
#include <string>

#include <sys/types.h>

#include "storage/base/status.h"

namespace stria::cli {

/// A child running `stria serve`. The child dies with this process.
///
/// Thread safety: confined.
class ChildServer {
 public:
  ChildServer(std::string data, std::string http)
      : data_(std::move(data)), http_(std::move(http)) {}
  ~ChildServer() { Stop(); }
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  /// Starts the child and waits for its ready line. Fails with what the child wrote to stderr.
  /// Later starts use the port that the first got.
  Status Start();

  /// SIGKILL, as a crash would.
  void Kill();

  /// SIGTERM, and SIGKILL after 10 s. Does nothing when no child runs.
  void Stop();

  const std::string& url() const { return url_; }
  double seconds_to_ready() const { return seconds_to_ready_; }

 private:
  void Reap(bool at_once);

  std::string data_;
  std::string http_;
  std::string url_;
  pid_t pid_ = -1;
  double seconds_to_ready_ = 0;
};

}  // namespace stria::cli
