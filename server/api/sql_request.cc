#include "server/api/sql_request.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "server/http/content_encoding.h"
#include "storage/base/nearest_name.h"
#include "storage/base/units.h"

namespace stria::server {
namespace {

namespace json = boost::json;

ApiError Invalid(std::string message, std::string hint = {}) {
  ApiError error;
  error.code = "invalid_argument";
  error.message = std::move(message);
  error.hint = std::move(hint);
  return error;
}

// The parameters as text, before they are understood.
struct Parameters {
  std::string sql, database, format, epoch;
};

constexpr std::string_view kMembers[] = {"q", "db", "format", "epoch", "params"};

// {"q":"SELECT ...","db":"plant","format":"csv","epoch":"ms"}
std::optional<ApiError> ReadJson(std::string_view body, Parameters& parameters) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 16;  // Two are needed.
  const json::value document =
      json::parse({body.data(), body.size()}, error, json::storage_ptr(), options);
  if (error) return Invalid(fmt::format("the body is not JSON: {}", error.message()));
  const json::object* const object = document.if_object();
  if (object == nullptr)
    return Invalid(R"(the body is JSON but no object; want {"q":"SELECT ..."})");
  for (const auto& [key, value] : *object) {
    const std::string name(key);
    if (std::ranges::find(kMembers, name) == std::end(kMembers)) {
      const std::vector<std::string> known(std::begin(kMembers), std::end(kMembers));
      const auto nearest = NearestName(name, known);
      return Invalid(
          fmt::format("unknown member \"{}\" in the body", name.substr(0, 100)),
          nearest.empty() ? std::string() : fmt::format("Did you mean \"{}\"?", nearest));
    }
    if (name == "params") {
      const bool is_empty = value.is_null() || (value.is_object() && value.get_object().empty()) ||
                            (value.is_array() && value.get_array().empty());
      if (is_empty) continue;
      return Invalid("\"params\" is not supported by this version",
                     "Write the values into the statement");
    }
    const json::string* const text = value.if_string();
    if (text == nullptr) return Invalid(fmt::format("\"{}\" must be a string", name));
    std::string& target = name == "q"        ? parameters.sql
                          : name == "db"     ? parameters.database
                          : name == "format" ? parameters.format
                                             : parameters.epoch;
    target.assign(text->data(), text->size());
  }
  return std::nullopt;
}

std::optional<ApiError> ReadBody(const HttpRequest& request, size_t max_bytes,
                                 Parameters& parameters) {
  if (request.body.empty()) return std::nullopt;
  const auto content = DecodeContent(request.Header("Content-Encoding"), request.body,
                                     request.body_owner, max_bytes);
  if (!content) {
    ApiError error = Invalid(std::string(content.error().message()));
    if (content.error().code() == StatusCode::kResourceExhausted) error.code = "too_large";
    if (content.error().code() == StatusCode::kUnimplemented) error.http_status = 415;
    return error;
  }
  const std::string_view type = request.Header("Content-Type");
  const std::string_view body = content->bytes;
  if (type.starts_with("application/json")) return ReadJson(body, parameters);
  // curl -d calls everything a form. It is one when it has the parameter.
  if (type.starts_with("application/x-www-form-urlencoded") &&
      (body.starts_with("q=") || body.find("&q=") != std::string_view::npos)) {
    for (auto& [name, value] : ParseQueryString(body)) {
      if (name == "q") parameters.sql = std::move(value);
      if (name == "db") parameters.database = std::move(value);
      if (name == "format") parameters.format = std::move(value);
      if (name == "epoch") parameters.epoch = std::move(value);
    }
    return std::nullopt;
  }
  parameters.sql = body;
  return std::nullopt;
}

// What the client would take, when it does not say `format`.
std::string_view FormatAccepted(std::string_view accept) {
  const auto takes = [&](std::string_view type) {
    return accept.find(type) != std::string_view::npos;
  };
  if (takes("application/json")) return "json";
  if (takes("text/csv")) return "csv";
  if (takes("application/jsonl") || takes("application/x-ndjson")) return "jsonl";
  if (takes("text/tab-separated-values")) return "tsv";
  return "json";
}

Result<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Status(StatusCode::kInvalidArgument, fmt::format("\"{}\" is not a whole number", text));
  }
  return value;
}

std::optional<ApiError> ReadLimits(const HttpRequest& request, query::QueryLimits& limits) {
  const auto read = [&](std::string_view header, auto parse,
                        auto apply) -> std::optional<ApiError> {
    const std::string_view text = request.Header(header);
    if (text.empty()) return std::nullopt;
    const auto value = parse(text);
    if (!value) return Invalid(fmt::format("{}: {}", header, value.error().message()));
    if (*value <= 0) return Invalid(fmt::format("{}: must be more than 0", header));
    apply(*value);
    return std::nullopt;
  };
  if (auto error = read("X-Stria-Timeout", ParseDuration,
                        [&](int64_t ns) { limits.timeout_ns = std::min(limits.timeout_ns, ns); })) {
    return error;
  }
  if (auto error = read("X-Stria-Memory", ParseSize, [&](uint64_t bytes) {
        limits.memory_bytes = std::min(limits.memory_bytes, bytes);
      })) {
    return error;
  }
  return read("X-Stria-Max-Rows", ParseCount, [&](uint64_t rows) {
    limits.max_rows = limits.max_rows == 0 ? rows : std::min(limits.max_rows, rows);
  });
}

}  // namespace

std::variant<SqlRequest, ApiError> ReadSqlRequest(const HttpRequest& request,
                                                  const query::QueryLimits& most,
                                                  size_t max_statement_bytes) {
  Parameters parameters;
  if (auto error = ReadBody(request, max_statement_bytes, parameters)) return *std::move(error);
  if (request.HasQuery("q")) parameters.sql = request.Query("q");
  if (request.HasQuery("db")) parameters.database = request.Query("db");
  if (request.HasQuery("format")) parameters.format = request.Query("format");
  if (request.HasQuery("epoch")) parameters.epoch = request.Query("epoch");
  if (parameters.format.empty()) parameters.format = FormatAccepted(request.Header("Accept"));

  if (parameters.sql.find_first_not_of(" \t\r\n;") == std::string::npos) {
    return Invalid("no statement given",
                   "GET /api/v1/sql?q=SELECT..., or POST the statement as the body");
  }
  if (parameters.sql.size() > max_statement_bytes) {
    ApiError error = Invalid(fmt::format("the statement has {} bytes; {} is the most",
                                         parameters.sql.size(), max_statement_bytes));
    error.code = "too_large";
    return error;
  }
  const auto format = query::ParseOutputFormat(parameters.format);
  if (!format) {
    return Invalid(fmt::format("unknown format \"{}\"", parameters.format.substr(0, 100)),
                   fmt::format("Use {}", query::OutputFormatNames()));
  }
  const auto times = query::ParseTimeForm(parameters.epoch);
  if (!times) {
    return Invalid(fmt::format("unknown epoch \"{}\"", parameters.epoch.substr(0, 100)),
                   "Use ns, us, ms or s, or leave it out for times as text");
  }
  SqlRequest sql{.sql = std::move(parameters.sql),
                 .database = std::move(parameters.database),
                 .format = *format,
                 .times = *times,
                 .limits = most};
  if (auto error = ReadLimits(request, sql.limits)) return *std::move(error);
  return sql;
}

}  // namespace stria::server
