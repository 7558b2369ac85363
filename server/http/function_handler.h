// A handler made of one function, for endpoints without a state of their own.

#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "server/http/http_message.h"

namespace stria::server {

/// Answers with what `answer` returns, at once and on the network's thread: it must not wait.
/// `answer` is thread-safe.
inline std::shared_ptr<HttpHandler> MakeFunctionHandler(
    std::function<HttpResponse(const HttpRequest&)> answer) {
  class FunctionHandler final : public HttpHandler {
   public:
    explicit FunctionHandler(std::function<HttpResponse(const HttpRequest&)> function)
        : function_(std::move(function)) {}
    void Handle(HttpRequest request, HttpReplyPtr reply) override {
      reply->Send(function_(request));
    }

   private:
    std::function<HttpResponse(const HttpRequest&)> function_;
  };
  return std::make_shared<FunctionHandler>(std::move(answer));
}

}  // namespace stria::server
