// A keep-alive HTTP/1.1 connection over a blocking socket. Heads come ready-made and bodies are
// sent from where they lie, so that a client costs little more than the kernel's copy.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/status.h"

namespace stria::bench {

struct Url {
  std::string host;
  uint16_t port = 80;
};

/// "http://HOST[:PORT][/]". Fails with kInvalidArgument.
Result<Url> ParseUrl(std::string_view text);

struct HttpReply {
  int status = 0;
  uint64_t body_bytes = 0;
  std::string body;  ///< the end of it, as much as was to be kept
};

/// Connects anew after a while without a request, because servers close connections that are idle.
///
/// Thread safety: confined.
class HttpConnection {
 public:
  static constexpr size_t kKeepAll = SIZE_MAX;

  /// Fails with kUnavailable when nobody listens there.
  static Result<std::unique_ptr<HttpConnection>> Open(const Url& url);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// A request's head up to the line with the length: "POST /x HTTP/1.1\r\nHost: ...\r\n".
  /// `headers` are whole lines with their ends.
  std::string MakeHead(std::string_view method, std::string_view target,
                       std::string_view headers = {}) const;

  /// Sends a request with a head from MakeHead() and waits for the answer, of whose body about the
  /// last `keep_bytes` are kept. Fails with kUnavailable when the connection breaks, kCorruption
  /// when what comes is no HTTP.
  Result<HttpReply> Send(std::string_view head, std::string_view body,
                         size_t keep_bytes = kKeepAll);

  Result<HttpReply> Get(std::string_view target) { return Send(MakeHead("GET", target), {}); }
  Result<HttpReply> Post(std::string_view target, std::string_view body = {}) {
    return Send(MakeHead("POST", target), body);
  }

 private:
  HttpConnection(Url url, int socket);

  Status SendAll(std::string_view head, std::string_view length, std::string_view body);
  Result<HttpReply> Receive(size_t keep_bytes);
  Status Fill();
  Result<std::string_view> ReadHead();
  Status ReadBody(uint64_t num_bytes, size_t keep_bytes, HttpReply& reply);
  Status ReadChunks(size_t keep_bytes, HttpReply& reply);
  Result<std::string_view> ReadLine();

  const Url url_;
  const std::string host_;  // As the Host header has it.
  int socket_;
  int64_t used_ns_;  // When the last answer had come.
  std::vector<char> buffer_;
  size_t begin_ = 0;  // What was received and not used yet.
  size_t end_ = 0;
};

/// `text` with everything but letters, digits and -._~ percent-encoded.
std::string UrlEncode(std::string_view text);

}  // namespace stria::bench
