// The server that is measured: its process, its directory, and what it says about itself.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "bench/stria_bench/http_connection.h"
#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/verbs.h"
#include "storage/base/status.h"

namespace stria::bench {

/// Thread safety: confined.
class ServerUnderTest {
 public:
  /// Fails with kUnavailable when nobody listens, kInvalidArgument on a URL that is none. A process
  /// or a directory that cannot be found is none.
  static Result<std::unique_ptr<ServerUnderTest>> Open(const ServerOptions& options);

  const Url& url() const { return url_; }
  HttpConnection& connection() { return *connection_; }
  pid_t pid() const { return pid_; }
  const std::string& data() const { return data_; }

  /// nullopt when the process is not to be seen.
  std::optional<ProcessStats> Stats() const;

  /// Posts to a route such as /api/v1/flush and waits. Fails with kUnimplemented where the server
  /// has no such route, kInvalidArgument with its message where it refuses.
  Status Order(std::string_view target);

  /// The answer to a statement as CSV without its head, in the given database. Fails with
  /// kInvalidArgument and the server's message.
  Result<std::string> Ask(std::string_view sql, std::string_view database);

  /// A value of /metrics, summed over the labels; nullopt where there is none.
  std::optional<double> Metric(std::string_view name);

  /// Bytes of the write-ahead log since the directory was made, from the names and sizes of its
  /// segments; the unused ends of full segments count as used. nullopt where it is not to be seen.
  std::optional<uint64_t> LogBytesWritten();

 private:
  ServerUnderTest() = default;

  Url url_;
  std::unique_ptr<HttpConnection> connection_;
  pid_t pid_ = 0;
  std::string data_;
};

/// The message in an error body, or the body itself.
std::string ErrorMessage(const HttpReply& reply);

/// The first number after `"name":` in JSON text, from the end; nullopt where there is none.
std::optional<double> LastJsonNumber(std::string_view json, std::string_view name);

}  // namespace stria::bench
