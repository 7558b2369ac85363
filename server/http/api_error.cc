#include "server/http/api_error.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace stria::server {
namespace {

// InfluxDB's limit on the header.
constexpr size_t kMaxHeaderBytes = 1024;

struct CodeStatus {
  std::string_view code;
  int status;
};

// clang-format off
constexpr CodeStatus kStatuses[] = {
    {"parse", 400},              {"unknown_database", 404}, {"unknown_table", 404},
    {"unknown_column", 400},     {"type_conflict", 400},    {"invalid_argument", 400},
    {"out_of_range", 400},       {"too_large", 413},        {"series_limit", 422},
    {"column_limit", 422},       {"resource_exhausted", 503}, {"memory_limit", 503},
    {"timeout", 504},            {"cancelled", 503},        {"disk_full", 503},
    {"overloaded", 503},         {"unauthorized", 401},     {"forbidden", 403},
    {"cold_unavailable", 503},   {"corrupt_part", 500},     {"read_only", 503},
    {"not_ready", 503},          {"unknown_route", 404},    {"method_not_allowed", 405},
    {"unsupported", 501},        {"internal", 500},
};
// clang-format on

std::string_view InfluxV2Code(int status) {
  switch (status) {
    case 400: return "invalid";
    case 401: return "unauthorized";
    case 403: return "forbidden";
    case 404: return "not found";
    case 405: return "method not allowed";
    case 413: return "request too large";
    case 422: return "unprocessable entity";
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

// The length of the UTF-8 character at the front of `text`, or 0. Overlong forms and surrogates
// pass: they are not ours to judge here, and JSON readers take them.
size_t CharacterSize(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t size = lead < 0x80   ? 1
                      : lead < 0xC2 ? 0
                      : lead < 0xE0 ? 2
                      : lead < 0xF0 ? 3
                      : lead < 0xF5 ? 4
                                    : 0;
  if (size > text.size()) return 0;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  return std::all_of(text.begin() + 1,
                     text.begin() + static_cast<ptrdiff_t>(std::max<size_t>(size, 1)), continues)
             ? size
             : 0;
}

}  // namespace

int HttpStatusOf(std::string_view code) {
  const auto* const found = std::ranges::find(kStatuses, code, &CodeStatus::code);
  return found == std::end(kStatuses) ? 500 : found->status;
}

ApiError ErrorOf(const Status& status) {
  const auto code = [&]() -> std::string_view {
    switch (status.code()) {
      case StatusCode::kInvalidArgument:
      case StatusCode::kNotFound:
      case StatusCode::kAlreadyExists: return "invalid_argument";
      case StatusCode::kCorruption: return "corrupt_part";
      case StatusCode::kUnavailable: return "overloaded";
      case StatusCode::kResourceExhausted: return "resource_exhausted";
      case StatusCode::kCancelled: return "cancelled";
      case StatusCode::kDeadlineExceeded: return "timeout";
      case StatusCode::kPermissionDenied: return "forbidden";
      case StatusCode::kUnimplemented: return "unsupported";
      case StatusCode::kDiskFull: return "disk_full";
      default: return "internal";
    }
  }();
  return {.code = std::string(code),
          .message = std::string(status.message()),
          .line = 0,
          .column = 0,
          .hint = {},
          .http_status = 0};
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
  response.status = error.http_status != 0 ? error.http_status : HttpStatusOf(error.code);
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
    case Dialect::kHouse: response.body = HouseErrorJson(error, request.request_id) + '\n'; break;
  }
  if (response.status == 503) response.headers.push_back({"Retry-After", RetryAfter(request)});
  if (response.status == 401) {
    response.headers.push_back({"WWW-Authenticate", "Basic realm=\"InfluxDB\""});
  }
  return response;
}

std::string HouseErrorJson(const ApiError& error, std::string_view request_id) {
  const auto position = [](uint32_t value) {
    return value == 0 ? std::string("null") : fmt::format("{}", value);
  };
  return fmt::format(
      R"({{"error":{{"code":{},"message":{},"line":{},"column":{},"hint":{},"request_id":{}}}}})",
      JsonString(error.code), JsonString(error.message), position(error.line),
      position(error.column), JsonString(error.hint), JsonString(request_id));
}

std::string JsonString(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const char c = text.front();
    const size_t size = CharacterSize(text);
    if (size == 0) {
      json += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\n': json += "\\n"; break;
      case '\r': json += "\\r"; break;
      case '\t': json += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          fmt::format_to(std::back_inserter(json), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          json.append(text.substr(0, size));
        }
    }
    text.remove_prefix(size);
  }
  return json + '"';
}

}  // namespace stria::server
