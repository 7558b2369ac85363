// `stria write`: sends line protocol from files or stdin to a server, batch by batch.
//
// A batch is acknowledged whole, or the answer names its bad lines and the good ones are stored.
// While one batch is on its way the next is read and unpacked.

#include <chrono>
#include <future>
#include <memory>

#include <fmt/core.h>

#include "tools/cli/http_client.h"
#include "tools/cli/line_reader.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The lines of `text` that hold a point: not blank, not a comment.
int64_t CountPoints(std::string_view text) {
  int64_t points = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = text.find('\n', begin);
    const size_t end = newline == std::string_view::npos ? text.size() : newline;
    const size_t first = text.find_first_not_of(" \t\r", begin);
    if (first < end && text[first] != '#') ++points;
    begin = end + 1;
  }
  return points;
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
    const auto answer = client.Post(target, batch, {"Content-Type: text/plain; charset=utf-8"});
    if (!answer) {
      ahead.wait();
      PrintError(
          fmt::format("{}\n{} rows were acknowledged before; writing the file again is safe: "
                      "the same rows replace themselves",
                      answer.error().message(), WithThousands(totals.points_acknowledged)));
      return kExitNoConnection;
    }
    if (answer->status / 100 == 2) {
      totals.points_acknowledged += CountPoints(batch);
    } else {
      ++totals.batches_refused;
      if (totals.first_refusal.empty()) totals.first_refusal = ErrorMessage(*answer);
      const bool retry_is_useless = answer->status == 400 || answer->status == 422;
      if (!retry_is_useless) {
        ahead.wait();
        return kExitRefused;
      }
    }
    read = ahead.get();
    std::swap(batch, next);
    if (!options.quiet) ShowState(totals, **reader);
  }
  if (!read.ok()) {
    PrintError(read.message());
    return kExitPartly;
  }
  return kExitDone;
}

}  // namespace

int RunWrite(const ClientOptions& client_options, const WriteOptions& options) {
  if (client_options.database.empty()) {
    PrintError("no database given; say -d NAME or set STRIA_DATABASE");
    return kExitUsage;
  }
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
    PrintError(fmt::format("{} of the batches were refused or stored in part; the first answer: {}",
                           totals.batches_refused, totals.first_refusal));
    if (code == kExitDone) code = totals.points_acknowledged > 0 ? kExitPartly : kExitRefused;
  }
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
