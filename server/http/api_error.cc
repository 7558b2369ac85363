#include "server/http/api_error.h"

#include <algorithm>

#include <fmt/format.h>

#include "storage/base/error_codes.h"
#include "storage/base/json_string.h"

namespace stria::server {
namespace {

// InfluxDB's limit on the header.
constexpr size_t kMaxHeaderBytes = 1024;

std::string_view InfluxV2Code(int status) {
  switch (status) {
    case 400: return "invalid";
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 404: return "not found";
    case 405: return "method not allowed";
    case 413: return "request too large";
    case 422: return "unprocessable entity";
    case 415: return "unsupported media type";
    case 501: return "not implemented";
    case 503: return "unavailable";
    default: return "internal error";
  }
}

// Text that may stand in a header: one line, and not too long.
std::string HeaderText(std::string_view text) {
  std::string line(text.substr(0, kMaxHeaderBytes));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

// influxdb-client-js takes the number for milliseconds.
std::string RetryAfter(const HttpRequest& request) {
  return request.Header("User-Agent").starts_with("influxdb-client-js/") ? "1000" : "1";
}

std::string MessageWithHint(const ApiError& error) {
  return error.hint.empty() ? error.message : error.message + ". " + error.hint;
}

}  // namespace

ApiError ErrorOf(const Status& status) {
  ApiError error;
  error.code = ApiCodeOf(status.code());
  error.message = status.message();
  return error;
}

Dialect DialectOf(const HttpRequest& request) {
  if (request.path.starts_with("/api/v2/")) return Dialect::kInfluxV2;
  if (request.path == "/write") {
    return request.HasQuery("db") || request.HasQuery("bucket") ? Dialect::kInfluxV1
                                                                : Dialect::kQuestDb;
  }
  return request.path == "/query" || request.path == "/ping" ? Dialect::kInfluxV1 : Dialect::kHouse;
}

HttpResponse ErrorResponse(const HttpRequest& request, const ApiError& error) {
  HttpResponse response;
  response.status =
      error.http_status != 0 ? error.http_status : FindErrorCode(error.code).http_status;
  response.content_type = "application/json";
  const std::string message = MessageWithHint(error);
  switch (DialectOf(request)) {
    case Dialect::kInfluxV1:
      response.body = fmt::format("{{\"error\":{}}}\n", JsonString(message));
      response.headers.push_back({"X-Influxdb-Error", HeaderText(message)});
      break;
    case Dialect::kInfluxV2: {
      const std::string_view code = InfluxV2Code(response.status);
      response.content_type = "application/json; charset=utf-8";
      response.body =
          fmt::format("{{\"code\":\"{}\",\"message\":{}}}\n", code, JsonString(message));
      response.headers.push_back({"X-Platform-Error-Code", std::string(code)});
      response.headers.push_back({"X-Influxdb-Error", HeaderText(message)});
      break;
    }
    case Dialect::kQuestDb:
      response.body = fmt::format("{{\"code\":\"{}\",\"message\":{},\"line\":{},\"errorId\":{}}}\n",
                                  InfluxV2Code(response.status), JsonString(message), error.line,
                                  JsonString(request.request_id));
      break;
    case Dialect::kHouse:
      response.body =
          fmt::format("{{\"error\":{}}}\n", HouseErrorObject(error, request.request_id));
      break;
  }
  if (response.status == 503) response.headers.push_back({"Retry-After", RetryAfter(request)});
  if (response.status == 401) {
    response.headers.push_back({"WWW-Authenticate", "Basic realm=\"InfluxDB\""});
  }
  return response;
}

std::string HouseErrorObject(const ApiError& error, std::string_view request_id) {
  const auto position = [](uint32_t value) {
    return value == 0 ? std::string("null") : fmt::format("{}", value);
  };
  return fmt::format(
      R"({{"code":{},"message":{},"line":{},"column":{},"hint":{},"request_id":{}}})",
      JsonString(error.code), JsonString(error.message), position(error.line),
      position(error.column), JsonString(error.hint), JsonString(request_id));
}

}  // namespace stria::server
