#include "server/http/http_router.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "server/http/api_error.h"
#include "storage/base/nearest_name.h"

namespace stria::server {
namespace {

ApiError UnknownRoute(const std::vector<HttpRouter::Route>& routes, const HttpRequest& request) {
  std::vector<std::string> paths;
  for (const auto& route : routes)
    paths.push_back(route.path);
  ApiError error{.code = "invalid_argument",
                 .message = fmt::format("there is no route {}", request.path.substr(0, 200)),
                 .line = 0,
                 .column = 0,
                 .hint = {},
                 .http_status = 404};
  const auto nearest = NearestName(request.path, paths);
  error.hint =
      nearest.empty() ? "GET / lists the routes" : fmt::format("Did you mean {}?", nearest);
  return error;
}

// The status of a refusal that happened while the request was received.
ApiError ReceiveError(const Status& received) {
  ApiError error = ErrorOf(received);
  if (received.code() == StatusCode::kResourceExhausted) error.code = "too_large";
  if (received.code() == StatusCode::kDeadlineExceeded) error.http_status = 408;
  return error;
}

}  // namespace

void HttpRouter::Handle(HttpRequest request, HttpReplyPtr reply) {
  if (!request.received.ok()) {
    reply->Send(ErrorResponse(request, ReceiveError(request.received)));
    return;
  }
  const auto route = std::ranges::find(routes_, request.path, &Route::path);
  if (route == routes_.end()) {
    reply->Send(ErrorResponse(request, UnknownRoute(routes_, request)));
    return;
  }
  const auto& methods = route->methods;
  const auto allows = [&](std::string_view method) {
    return std::ranges::find(methods, method) != methods.end();
  };
  if (allows(request.method) || (request.method == "HEAD" && allows("GET"))) {
    route->handler->Handle(std::move(request), std::move(reply));
    return;
  }
  const HttpHeader allow{"Allow", fmt::format("{}, OPTIONS", fmt::join(methods, ", "))};
  HttpResponse response;
  if (request.method == "OPTIONS") {
    response.status = 204;
  } else {
    response =
        ErrorResponse(request, {.code = "invalid_argument",
                                .message = fmt::format("{} takes {}, not {}", request.path,
                                                       fmt::join(methods, " or "), request.method),
                                .line = 0,
                                .column = 0,
                                .hint = {},
                                .http_status = 405});
  }
  response.headers.push_back(allow);
  reply->Send(std::move(response));
}

}  // namespace stria::server
