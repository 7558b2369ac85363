// `stria sql`: sends statements to a server and prints the answers.
//
// Statements come from -c, a file or stdin, separated by semicolons. A table on a terminal, CSV
// where the output goes elsewhere.

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include <fmt/core.h>
#include <unistd.h>

#include "tools/cli/http_client.h"
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

// Runs one statement. Returns an exit code.
int RunStatement(HttpClient& client, const ClientOptions& options, const std::string& format,
                 const std::string& statement, std::FILE* output) {
  const std::string body = fmt::format(R"({{"q":{},"db":{},"format":{}}})", JsonQuote(statement),
                                       JsonQuote(options.database), JsonQuote(format));
  const auto answer = client.PostStreaming(
      "/api/v1/sql", body, {"Content-Type: application/json"}, [&](std::string_view bytes) {
        return std::fwrite(bytes.data(), 1, bytes.size(), output) == bytes.size();
      });
  if (!answer) {
    PrintError(answer.error().message());
    return kExitNoConnection;
  }
  if (answer->status != 200) {
    std::fflush(output);
    PrintError(ErrorMessage(*answer));
    return kExitRefused;
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
  if (!answer) {
    PrintError(answer.error().message());
    return kExitNoConnection;
  }
  if (answer->status / 100 != 2) {
    PrintError(ErrorMessage(*answer));
    return kExitRefused;
  }
  fmt::print("compacted\n");
  return kExitDone;
}

}  // namespace stria::cli
