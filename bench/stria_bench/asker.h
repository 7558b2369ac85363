// Asks statements over a connection, and takes the time.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bench/stria_bench/http_connection.h"
#include "storage/base/status.h"

namespace stria::bench {

struct Answer {
  int64_t ns = 0;  ///< from the first byte sent to the last received
  uint64_t num_bytes = 0;
  double rows = 0;          ///< as the answer's statistics say; 0 for CSV, which has none
  double rows_scanned = 0;  ///< the same
};

/// Thread safety: confined.
class Asker {
 public:
  /// `format` is "json" or "csv". Fails with kUnavailable when nobody listens.
  static Result<std::unique_ptr<Asker>> Open(const Url& url, std::string_view database,
                                             std::string_view format);

  /// Fails with kInvalidArgument and the server's message where it refuses, and with kUnavailable
  /// when the connection breaks.
  Result<Answer> Ask(std::string_view sql);

 private:
  Asker(std::unique_ptr<HttpConnection> connection, std::string head, bool is_json)
      : connection_(std::move(connection)), head_(std::move(head)), is_json_(is_json) {}

  std::unique_ptr<HttpConnection> connection_;
  const std::string head_;
  const bool is_json_;
};

}  // namespace stria::bench
