#include "server/http/response_head.h"

#include <algorithm>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

namespace stria::server {
namespace {

void AppendHeader(std::string_view name, std::string_view value, std::string& head) {
  head.append(name).append(": ");
  std::ranges::transform(value, std::back_inserter(head),
                         [](char c) { return c == '\r' || c == '\n' ? ' ' : c; });
  head.append("\r\n");
}

}  // namespace

std::string HttpDate(int64_t seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t time = seconds;
  tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                     parts.tm_sec);
}

std::string MakeResponseHead(const HttpResponse& response, const HeadOptions& options) {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, HttpReason(response.status));
  AppendHeader("Date", HttpDate(options.now_s), head);
  AppendHeader("X-Influxdb-Version", kInfluxVersion, head);
  AppendHeader("X-Influxdb-Build", "OSS", head);
  AppendHeader("X-Request-Id", options.request_id, head);
  AppendHeader("Request-Id", options.request_id, head);
  if (!response.content_type.empty()) AppendHeader("Content-Type", response.content_type, head);
  switch (options.framing) {
    case BodyFraming::kLength:
      if (response.status != 204) {
        AppendHeader("Content-Length", fmt::format("{}", response.body.size()), head);
      }
      break;
    case BodyFraming::kChunked: AppendHeader("Transfer-Encoding", "chunked", head); break;
    case BodyFraming::kUntilClose: break;
  }
  AppendHeader("Connection", options.keep_alive ? "keep-alive" : "close", head);
  if (!options.allowed_origin.empty()) {
    AppendHeader("Access-Control-Allow-Origin", options.allowed_origin, head);
    AppendHeader("Vary", "Origin", head);
    AppendHeader("Access-Control-Allow-Methods", "DELETE, GET, OPTIONS, POST, PUT, PATCH", head);
    AppendHeader("Access-Control-Allow-Headers",
                 "Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, "
                 "User-Agent, X-CSRF-Token, X-HTTP-Method-Override",
                 head);
    AppendHeader("Access-Control-Expose-Headers",
                 "Date, X-InfluxDB-Version, X-InfluxDB-Build, X-Request-Id, X-Query-Id", head);
  }
  for (const auto& header : response.headers)
    AppendHeader(header.name, header.value, head);
  head.append("\r\n");
  return head;
}

}  // namespace stria::server
