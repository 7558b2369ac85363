// `stria sql`: sends statements to a server and prints the answers.
//
// Statements come from -c, a file or stdin, separated by semicolons. A table on a terminal, CSV
// where the output goes elsewhere.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include <fmt/core.h>
#include <unistd.h>

#include "tools/cli/failure.h"
#include "tools/cli/http_client.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/json_text.h"
#include "tools/cli/statement_splitter.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

// The format as the server names it, or empty.
std::string ServerFormat(const std::string& format, bool to_terminal) {
  if (format.empty()) return to_terminal ? "pretty" : "csv";
  if (format == "table") return "pretty";
  for (const char* known : {"pretty", "csv", "tsv", "json", "jsonl"}) {
    if (format == known) return format;
  }
  return {};
}

// The last bytes of an answer: an error after the first row is told there.
class AnswerTail {
 public:
  void Add(std::string_view bytes) {
    tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kMaxBytes)));
    if (tail_.size() > 2 * kMaxBytes) tail_.erase(0, tail_.size() - kMaxBytes);
  }

  // The error that ends the answer, in the formats that have a place for one. Line ends in values
  // are escaped, so only the error can stand at the beginning of a line like this.
  std::optional<std::string> Error(const std::string& format) const {
    const std::string_view begin = format == "json"    ? "\n\"error\":"
                                   : format == "jsonl" ? "{\"error\":{\"code\":"
                                                       : "";
    if (begin.empty()) return std::nullopt;
    const size_t last_line = format == "json" ? tail_.rfind(begin) : LastLine();
    if (last_line == std::string::npos ||
        !std::string_view(tail_).substr(last_line).starts_with(begin)) {
      return std::nullopt;
    }
    if (format == "jsonl") return tail_.substr(last_line);
    return "{" + tail_.substr(last_line + 1);
  }

 private:
  static constexpr size_t kMaxBytes = 16 << 10;

  size_t LastLine() const {
    if (tail_.size() < 2) return std::string::npos;
    const size_t before = tail_.rfind('\n', tail_.size() - 2);
    return before == std::string::npos ? 0 : before + 1;
  }

  std::string tail_;
};

// Runs one statement. Returns an exit code.
int RunStatement(HttpClient& client, const ClientOptions& options, const std::string& format,
                 const std::string& statement, std::FILE* output) {
  const std::string body = fmt::format(R"({{"q":{},"db":{},"format":{}}})", JsonQuote(statement),
                                       JsonQuote(options.database), JsonQuote(format));
  AnswerTail tail;
  const auto answer = client.PostStreaming(
      "/api/v1/sql", body, {"Content-Type: application/json"}, [&](std::string_view bytes) {
        tail.Add(bytes);
        return std::fwrite(bytes.data(), 1, bytes.size(), output) == bytes.size();
      });
  if (!answer) {
    std::fflush(output);
    return ReportFailure(answer.error());
  }
  if (const auto error = tail.Error(format)) {
    std::fflush(output);
    return ReportRefusal({.status = answer->status, .body = *error});
  }
  if (answer->status != 200) {
    std::fflush(output);
    return ReportRefusal(*answer);
  }
  return kExitDone;
}

}  // namespace

int RunSql(const ClientOptions& options, const SqlOptions& sql) {
  std::string text;
  if (!sql.file.empty()) {
    std::ifstream file(sql.file, std::ios::binary);
    if (!file) {
      PrintError(fmt::format("{}: cannot be read", sql.file));
      return kExitRefused;
    }
    text.assign(std::istreambuf_iterator<char>(file), {});
  } else if (sql.commands.empty()) {
    if (IsTerminal(STDIN_FILENO)) {
      PrintError("no statement given; say stria sql -c \"SELECT ...\", or pipe statements in");
      return kExitUsage;
    }
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  std::FILE* output = stdout;
  if (!options.output.empty()) output = std::fopen(options.output.c_str(), "wb");
  if (output == nullptr) {
    PrintError(fmt::format("{}: cannot be written", options.output));
    return kExitRefused;
  }
  const std::string format =
      ServerFormat(options.format, options.output.empty() && IsTerminal(STDOUT_FILENO));
  if (format.empty()) {
    PrintError(
        fmt::format("unknown format \"{}\"; use table, csv, tsv, json or jsonl", options.format));
    return kExitUsage;
  }

  std::vector<std::string> statements = SplitStatements(text);
  for (const auto& command : sql.commands) {
    for (auto& statement : SplitStatements(command))
      statements.push_back(std::move(statement));
  }
  CatchInterrupts();
  HttpClient client(options.url, options.token);
  int code = kExitDone;
  for (const auto& statement : statements) {
    code = RunStatement(client, options, format, statement, output);
    if (code != kExitDone) break;
  }
  if (std::fflush(output) != 0 || (output != stdout && std::fclose(output) != 0)) {
    PrintError("the answer could not be written completely");
    return kExitRefused;
  }
  return code;
}

int RunCompact(const ClientOptions& options) {
  HttpClient client(options.url, options.token);
  const auto answer = client.Post("/api/v1/compact", "");
  if (!answer) return ReportFailure(answer.error());
  if (answer->status / 100 != 2) return ReportRefusal(*answer);
  fmt::print("compacted\n");
  return kExitDone;
}

}  // namespace stria::cli
