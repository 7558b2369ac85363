// `stria write`: sends line protocol from files or stdin to a server, batch by batch.
//
// A batch is acknowledged whole, or the answer names its bad lines and the good ones are stored.
// While one batch is on its way the next is read and unpacked.

#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include <fmt/core.h>

#include "tools/cli/http_client.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/line_reader.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kMaxAttempts = 30;
constexpr auto kRetryDelay = std::chrono::seconds(1);  // What the server says in Retry-After.

// Sends a batch, again and again while the server says that it has no room for it.
Result<HttpAnswer> Send(HttpClient& client, const std::string& target, const std::string& batch) {
  for (int attempt = 1;; ++attempt) {
    auto answer = client.Post(target, batch, {"Content-Type: text/plain; charset=utf-8"});
    if (!answer || answer->status != 503 || attempt == kMaxAttempts || Interrupted()) return answer;
    ShowProgress(fmt::format("{}; trying again", ErrorMessage(*answer)));
    std::this_thread::sleep_for(kRetryDelay);
  }
}

struct Totals {
  int64_t points_acknowledged = 0;
  int64_t batches_refused = 0;
  std::string first_refusal;
  SteadyClock::time_point started = SteadyClock::now();

  double seconds() const {
    return std::chrono::duration<double>(SteadyClock::now() - started).count();
  }
};

void ShowState(const Totals& totals, const LineReader& reader) {
  const double seconds = totals.seconds();
  const auto rate = static_cast<double>(totals.points_acknowledged) / std::max(seconds, 1e-3);
  std::string done;
  if (reader.compressed_bytes_total() > 0) {
    const double share = static_cast<double>(reader.compressed_bytes_read()) /
                         static_cast<double>(reader.compressed_bytes_total());
    const auto filled = static_cast<size_t>(share * 24);
    done = fmt::format(" [{:<24}] {:3.0f} %", std::string(filled, '#'), share * 100);
  }
  ShowProgress(fmt::format("{} rows written, {}/s{}", WithThousands(totals.points_acknowledged),
                           Abbreviate(rate), done));
}

int ReportFailure(const Status& status, const Totals& totals) {
  if (status.code() == StatusCode::kCancelled) return kExitInterrupted;
  PrintError(status.message());
  if (status.code() == StatusCode::kInvalidArgument) return kExitUsage;
  if (totals.points_acknowledged == 0) {
    return status.code() == StatusCode::kUnavailable ? kExitNoConnection : kExitRefused;
  }
  PrintError(
      fmt::format("{} rows were acknowledged before; writing the file again is safe: the same rows "
                  "replace themselves",
                  WithThousands(totals.points_acknowledged)));
  return kExitPartly;
}

// Writes one file. Returns an exit code.
int WriteFile(const std::string& path, const std::string& target, HttpClient& client,
              const WriteOptions& options, Totals& totals) {
  auto reader = LineReader::Open(path);
  if (!reader) {
    PrintError(reader.error().message());
    return kExitRefused;
  }
  std::string batch, next;
  Status read = (*reader)->Next(options.batch_bytes, batch);
  while (read.ok() && !batch.empty()) {
    auto ahead =
        std::async(std::launch::async, [&] { return (*reader)->Next(options.batch_bytes, next); });
    const auto answer = Send(client, target, batch);
    if (!answer) {
      (*reader)->Stop();
      return ReportFailure(answer.error(), totals);
    }
    if (answer->rows_written >= 0) totals.points_acknowledged += answer->rows_written;
    if (answer->status / 100 != 2) {
      ++totals.batches_refused;
      if (totals.first_refusal.empty()) totals.first_refusal = ErrorMessage(*answer);
      const bool retry_is_useless = answer->status == 400 || answer->status == 422;
      if (!retry_is_useless) {
        (*reader)->Stop();
        return kExitRefused;
      }
    }
    read = ahead.get();
    std::swap(batch, next);
    if (!options.quiet) ShowState(totals, **reader);
    if (Interrupted()) return kExitInterrupted;
  }
  if (read.code() == StatusCode::kCancelled) return kExitInterrupted;
  if (!read.ok()) {
    PrintError(read.message());
    return kExitRefused;
  }
  return kExitDone;
}

}  // namespace

int RunWrite(const ClientOptions& client_options, const WriteOptions& options) {
  if (client_options.database.empty()) {
    PrintError("no database given; say -d NAME or set STRIA_DATABASE");
    return kExitUsage;
  }
  CatchInterrupts();
  HttpClient client(client_options.url, client_options.token);
  const std::string target = "/write?db=" + UrlEncode(client_options.database) +
                             "&precision=" + UrlEncode(options.precision);
  Totals totals;
  int code = kExitDone;
  const auto files = options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  for (const auto& file : files) {
    code = WriteFile(file, target, client, options, totals);
    if (code != kExitDone) break;
  }
  ClearProgress();
  if (!totals.first_refusal.empty()) {
    PrintError(fmt::format("{} of the requests {} refused or stored in part; the first answer: {}",
                           totals.batches_refused, totals.batches_refused == 1 ? "was" : "were",
                           totals.first_refusal));
    if (code == kExitDone) code = kExitRefused;
  }
  if (code == kExitRefused && totals.points_acknowledged > 0) code = kExitPartly;
  if (!options.quiet && code != kExitNoConnection) {
    const double seconds = totals.seconds();
    fmt::print(
        "{} rows acknowledged in {:.2f} s ({} rows/s)\n", WithThousands(totals.points_acknowledged),
        seconds,
        Abbreviate(static_cast<double>(totals.points_acknowledged) / std::max(seconds, 1e-3)));
  }
  return code;
}

}  // namespace stria::cli
