// Which handler answers which route; everything that is the same for all of them: unknown routes,
// wrong methods, requests that could not be received, OPTIONS.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/http_message.h"

namespace stria::server {

/// Thread safety: Add() before the first Handle(), then thread-safe.
class HttpRouter final : public HttpHandler {
 public:
  struct Route {
    std::string path;
    std::vector<std::string> methods;  ///< GET includes HEAD
    std::string description;           ///< for the page at `/`
    std::shared_ptr<HttpHandler> handler;
  };

  void Add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  void Handle(HttpRequest request, HttpReplyPtr reply) override;

 private:
  std::vector<Route> routes_;
};

}  // namespace stria::server
