#include "bench/stria_bench/asker.h"

#include <fmt/core.h>

#include "bench/stria_bench/process_stats.h"
#include "bench/stria_bench/server_under_test.h"
#include "storage/base/errors.h"

namespace stria::bench {
namespace {

constexpr size_t kKeptOfAnswer = 4096;  // The statistics, or an error, stand at its end.

}  // namespace

Result<std::unique_ptr<Asker>> Asker::Open(const Url& url, std::string_view database,
                                           std::string_view format) {
  STRIA_ASSIGN_OR_RETURN(auto connection, HttpConnection::Open(url));
  std::string head = connection->MakeHead(
      "POST", fmt::format("/api/v1/sql?db={}&format={}", UrlEncode(database), format));
  return std::unique_ptr<Asker>(
      new Asker(std::move(connection), std::move(head), format == "json"));
}

Result<Answer> Asker::Ask(std::string_view sql) {
  const int64_t begin = NowNs();
  STRIA_ASSIGN_OR_RETURN(const HttpReply reply, connection_->Send(head_, sql, kKeptOfAnswer));
  Answer answer{.ns = NowNs() - begin, .num_bytes = reply.body_bytes};
  // An error after the first row comes in an answer that began well.
  const bool broken_off = is_json_ && reply.body.rfind("\"error\":{") != std::string::npos &&
                          reply.body.rfind("\"stats\":{") == std::string::npos;
  if (reply.status != 200 || broken_off) {
    return InvalidArgument("{}\n  in: {}", ErrorMessage(reply), sql);
  }
  if (is_json_) {
    answer.rows = LastJsonNumber(reply.body, "rows").value_or(0);
    answer.rows_scanned = LastJsonNumber(reply.body, "rows_scanned").value_or(0);
  }
  return answer;
}

}  // namespace stria::bench
