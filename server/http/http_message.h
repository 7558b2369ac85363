// A request and its answer, as handlers see them: no sockets, no parser, so that every handler can
// be tested as a function.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/status.h"

namespace stria::server {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// The parameters after `?`, or of a form, decoded, in the order in which they came.
using QueryParameters = std::vector<std::pair<std::string, std::string>>;

/// Decodes `name=value&name=value`: percent-encoding, and plus signs as spaces. A malformed escape
/// stands for itself.
QueryParameters ParseQueryString(std::string_view text);

/// `text` without percent-encoding.
std::string PercentDecode(std::string_view text);

struct HttpRequest {
  std::string method;  ///< in capitals
  std::string path;    ///< decoded, without the query
  QueryParameters query;
  std::vector<HttpHeader> headers;
  std::string_view body;
  std::shared_ptr<const void> body_owner;  ///< keeps `body`
  std::string request_id;                  ///< made by the server, or the client's
  std::string peer;                        ///< address, for logs
  /// Not ok: the request could not be received, and the handler's answer is the refusal.
  Status received;

  /// The first header of that name, whatever its case, or "".
  std::string_view Header(std::string_view name) const;
  bool HasQuery(std::string_view name) const;
  /// The first parameter of that name, or "".
  std::string_view Query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type;  ///< empty: no body
  std::vector<HttpHeader> headers;
  std::string body;
};

/// The standard phrase of a status, such as "Not Found".
std::string_view HttpReason(int status);

/// Takes the answer to one request: either one Send(), or Begin(), Write()s and End(). When it is
/// destroyed before, the connection is closed.
///
/// Thread safety: calls may come from any thread, one after the other.
class HttpReply {
 public:
  virtual ~HttpReply() = default;

  virtual void Send(HttpResponse response) = 0;

  /// Starts an answer whose length is not known; the body of `head` is its first piece.
  virtual void Begin(HttpResponse head) = 0;
  /// Adds a piece. Blocks while the client is slow; returns false when it is gone. Not for threads
  /// of the network.
  virtual bool Write(std::string piece) = 0;
  virtual void End() = 0;

  /// Calls `gone` once, when the client closes the connection before the answer is whole.
  virtual void OnClientGone(std::function<void()> gone) = 0;
};

using HttpReplyPtr = std::shared_ptr<HttpReply>;

/// Whatever answers requests: the router, or one endpoint behind it.
///
/// Thread safety: thread-safe.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  /// Answers now or later, on any thread. Called on a thread of the network: must not wait.
  virtual void Handle(HttpRequest request, HttpReplyPtr reply) = 0;
};

}  // namespace stria::server
