#include "server/api/metrics_handler.h"

#include <utility>

namespace stria::server {
namespace {

class MetricsHandler final : public HttpHandler {
 public:
  MetricsHandler(Executor& executor, std::function<std::string()> text)
      : executor_(executor), text_(std::move(text)) {}

  void Handle(HttpRequest, HttpReplyPtr reply) override {
    executor_.Post(Lane::kForeground, [this, reply = std::move(reply)] {
      HttpResponse response;
      response.content_type = "text/plain; version=0.0.4; charset=utf-8";
      response.body = text_();
      reply->Send(std::move(response));
    });
  }

 private:
  Executor& executor_;
  const std::function<std::string()> text_;
};

}  // namespace

std::shared_ptr<HttpHandler> MakeMetricsHandler(Executor& executor,
                                                std::function<std::string()> text) {
  return std::make_shared<MetricsHandler>(executor, std::move(text));
}

}  // namespace stria::server
