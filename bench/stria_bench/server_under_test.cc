#include "bench/stria_bench/server_under_test.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/core.h>

#include "storage/base/errors.h"

namespace stria::bench {
namespace {

namespace fs = std::filesystem;

// The directory in the server's own words, seen from where its process stands.
std::string FindData(ServerUnderTest& server) {
  const auto answer =
      server.Ask("SELECT value FROM system.settings WHERE name = 'server.data'", "system");
  if (!answer) return {};
  const std::string said = answer->substr(0, answer->find('\n'));
  if (said.empty() || said.starts_with('/') || server.pid() == 0) return said;
  std::error_code error;
  const fs::path base = fs::read_symlink(fmt::format("/proc/{}/cwd", server.pid()), error);
  return error ? std::string() : (base / said).lexically_normal().string();
}

}  // namespace

std::string ErrorMessage(const HttpReply& reply) {
  for (const std::string_view name : {"\"message\":\"", "\"error\":\""}) {
    const size_t begin = reply.body.find(name);
    if (begin == std::string::npos) continue;
    size_t end = begin + name.size();
    while (end < reply.body.size() && reply.body[end] != '"')
      end += reply.body[end] == '\\' ? 2U : 1U;
    std::string message;
    for (size_t i = begin + name.size(); i < std::min(end, reply.body.size()); ++i) {
      if (reply.body[i] == '\\' && i + 1 < end) ++i;
      message += reply.body[i];
    }
    return message;
  }
  return reply.body.empty() ? fmt::format("HTTP status {}", reply.status) : reply.body;
}

std::optional<double> LastJsonNumber(std::string_view json, std::string_view name) {
  const std::string key = fmt::format("\"{}\":", name);
  const size_t found = json.rfind(key);
  if (found == std::string_view::npos) return std::nullopt;
  double value = 0;
  const char* const begin = json.data() + found + key.size();
  if (std::from_chars(begin, json.data() + json.size(), value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

Result<std::unique_ptr<ServerUnderTest>> ServerUnderTest::Open(const ServerOptions& options) {
  std::unique_ptr<ServerUnderTest> server(new ServerUnderTest());
  STRIA_ASSIGN_OR_RETURN(server->url_, ParseUrl(options.url));
  STRIA_ASSIGN_OR_RETURN(server->connection_, HttpConnection::Open(server->url_));
  server->pid_ =
      options.pid != 0 ? static_cast<pid_t>(options.pid) : FindListener(server->url_.port);
  server->data_ = options.data.empty() ? FindData(*server) : options.data;
  return server;
}

std::optional<ProcessStats> ServerUnderTest::Stats() const {
  if (pid_ == 0) return std::nullopt;
  const auto stats = ReadProcessStats(pid_);
  return stats ? std::optional(*stats) : std::nullopt;
}

Status ServerUnderTest::Order(std::string_view target) {
  STRIA_ASSIGN_OR_RETURN(const HttpReply reply, connection_->Post(target));
  if (reply.status / 100 == 2) return Status::Ok();
  if (reply.status == 404 || reply.status == 405) {
    return Unimplemented("the server has no {}", target);
  }
  return InvalidArgument("{}: {}", target, ErrorMessage(reply));
}

Result<std::string> ServerUnderTest::Ask(std::string_view sql, std::string_view database) {
  STRIA_ASSIGN_OR_RETURN(
      HttpReply reply,
      connection_->Post(fmt::format("/api/v1/sql?format=csv&epoch=ns&db={}", UrlEncode(database)),
                        sql));
  if (reply.status != 200) return InvalidArgument("{}", ErrorMessage(reply));
  // RFC 4180 has CR LF.
  std::erase(reply.body, '\r');
  const size_t head_end = reply.body.find('\n');
  return head_end == std::string::npos ? std::string() : reply.body.substr(head_end + 1);
}

std::optional<double> ServerUnderTest::Metric(std::string_view name) {
  const auto reply = connection_->Get("/metrics");
  if (!reply || reply->status != 200) return std::nullopt;
  std::optional<double> sum;
  std::string_view rest = reply->body;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!line.starts_with(name)) continue;
    const std::string_view after = line.substr(name.size());
    if (!after.starts_with('{') && !after.starts_with(' ')) continue;
    const std::string_view digits = line.substr(line.rfind(' ') + 1);
    double value = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc()) {
      sum = sum.value_or(0) + value;
    }
  }
  return sum;
}

std::optional<uint64_t> ServerUnderTest::LogBytesWritten() {
  // What is in the segments that are still needed, and all of those that came before.
  const auto answer = Ask("SELECT sum(wal_bytes) FROM system.shards", "system");
  uint64_t bytes = 0;
  if (!answer || data_.empty() ||
      std::from_chars(answer->data(), answer->data() + answer->size(), bytes).ec != std::errc()) {
    return std::nullopt;
  }
  std::error_code error;
  for (auto shard = fs::directory_iterator(data_ + "/shard", error);
       !error && shard != fs::directory_iterator(); shard.increment(error)) {
    uint64_t last = 0, needed = 0, segment_bytes = 0;
    std::error_code log_error;
    for (auto file = fs::directory_iterator(shard->path() / "wal", log_error);
         !log_error && file != fs::directory_iterator(); file.increment(log_error)) {
      const std::string name = file->path().filename();
      uint64_t number = 0;
      const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (bad != std::errc() || end != name.data() + name.size()) continue;  // The spare one.
      last = std::max(last, number);
      ++needed;
      std::error_code gone;
      const uint64_t size = file->file_size(gone);
      if (!gone) segment_bytes = std::max<uint64_t>(segment_bytes, size);
    }
    bytes += (last - needed) * segment_bytes;
  }
  if (error) return std::nullopt;
  return bytes;
}

}  // namespace stria::bench
