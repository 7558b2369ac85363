// A keep-alive HTTP connection to a server, for the verbs that are clients.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace stria::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;  ///< empty when a receiver took it
  /// Of the header X-Stria-Rows-Written, or -1.
  int64_t rows_written = -1;
};

/// One connection, kept alive between calls.
///
/// Thread safety: confined to one thread.
class HttpClient {
 public:
  /// `url` is such as "http://127.0.0.1:8181"; `token` may be empty.
  HttpClient(std::string url, std::string token);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends a request with the given path and query; any HTTP status is an answer. Fails with
  /// kUnavailable when no connection can be made, kIoError when it breaks before the answer is
  /// whole, kInvalidArgument when the URL is none, kCancelled when the user interrupts.
  Result<HttpAnswer> Get(const std::string& target);
  Result<HttpAnswer> Post(const std::string& target, std::string_view body,
                          const std::vector<std::string>& headers = {});

  /// The same as Post(), but a body of status 200 goes to `receiver` as it comes; false stops.
  Result<HttpAnswer> PostStreaming(const std::string& target, std::string_view body,
                                   const std::vector<std::string>& headers,
                                   const std::function<bool(std::string_view)>& receiver);

  const std::string& url() const { return url_; }

 private:
  struct Transfer;
  Result<HttpAnswer> Perform(const std::string& target, const std::string_view* body,
                             const std::vector<std::string>& headers,
                             const std::function<bool(std::string_view)>* receiver);

  std::string url_;
  std::string token_;
  std::unique_ptr<Transfer> transfer_;
};

/// `text` with everything but letters, digits and -._~ percent-encoded (RFC 3986).
std::string UrlEncode(std::string_view text);

/// What a refusal says, from an error body of any of the server's dialects: the message, where, and
/// what to do. Or the body itself.
std::string ErrorMessage(const HttpAnswer& answer);

}  // namespace stria::cli
