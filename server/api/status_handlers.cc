#include "server/api/status_handlers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "query/expr/time_text.h"
#include "server/http/api_error.h"
#include "server/http/function_handler.h"
#include "server/http/response_head.h"
#include "storage/base/json_string.h"

namespace stria::server {
namespace {

HttpResponse Json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body) + '\n';
  return response;
}

std::string Check(std::string_view name, bool passes, std::string_view message) {
  return fmt::format(R"({{"name":"{}","status":"{}","message":{}}})", name,
                     passes ? "pass" : "fail", JsonString(message));
}

std::string FormatUptime(int64_t ns) {
  const int64_t seconds = ns / 1'000'000'000;
  return fmt::format("{}h{}m{}s", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

HttpResponse Health(const storage::Engine& engine) {
  const auto metrics = engine.metrics();
  const bool passes = !metrics.read_only;
  const std::string_view message =
      metrics.read_only   ? "ready for queries; the log failed: check the disk and restart"
      : metrics.disk_full ? "ready for queries; the disk is full: writes wait for space"
                          : "ready for queries and writes";
  const std::string checks =
      Check("log", !metrics.read_only,
            metrics.read_only ? "takes no more writes" : "takes writes") +
      ',' + Check("disk", !metrics.disk_full, metrics.disk_full ? "full" : "has space");
  return Json(
      passes ? 200 : 503,
      fmt::format(
          R"({{"name":"stria","message":{},"status":"{}","checks":[{}],"version":"{}","commit":""}})",
          JsonString(message), passes ? "pass" : "fail", checks, kVersion));
}

}  // namespace

std::shared_ptr<HttpHandler> MakeHealthHandler(const storage::Engine& engine) {
  return MakeFunctionHandler([&engine](const HttpRequest&) { return Health(engine); });
}

std::shared_ptr<HttpHandler> MakeReadyHandler(const storage::Engine& engine, const Clock& clock,
                                              const ServerState& state) {
  return MakeFunctionHandler([&engine, &clock, &state](const HttpRequest& request) {
    ApiError error;
    error.code = "not_ready";
    if (state.stopping.load()) {
      error.message = "the server is stopping";
      return ErrorResponse(request, error);
    }
    if (engine.metrics().read_only) {
      error.code = "read_only";
      error.message = "the log failed and takes no more writes; check the disk and restart";
      return ErrorResponse(request, error);
    }
    return Json(200, fmt::format(R"({{"status":"ready","started":"{}","up":"{}"}})",
                                 query::FormatTimestamp(state.started_ns),
                                 FormatUptime(clock.NowNs() - state.started_ns)));
  });
}

std::shared_ptr<HttpHandler> MakePingHandler() {
  return MakeFunctionHandler([](const HttpRequest& request) {
    const std::string_view verbose = request.Query("verbose");
    if (verbose.empty() || verbose == "0" || verbose == "false") {
      HttpResponse response;
      response.status = 204;
      return response;
    }
    return Json(200, fmt::format(R"({{"version":"{}"}})", kInfluxVersion));
  });
}

std::shared_ptr<HttpHandler> MakeSettingsHandler() {
  return MakeFunctionHandler([](const HttpRequest&) {
    return Json(
        200, R"({"config":{"line.proto.support.versions":[1],"cairo.max.file.name.length":127}})");
  });
}

std::shared_ptr<HttpHandler> MakeIndexHandler(const HttpRouter& router) {
  return MakeFunctionHandler([&router](const HttpRequest&) {
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = fmt::format("stria {}\n\n", kVersion);
    for (const auto& route : router.routes()) {
      response.body +=
          fmt::format("{:<10} {:<16} {}\n", fmt::format("{}", fmt::join(route.methods, ",")),
                      route.path, route.description);
    }
    return response;
  });
}

}  // namespace stria::server
