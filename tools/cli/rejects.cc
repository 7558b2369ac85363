// `stria rejects`: the lines that were refused for what their table is. Lists them, writes them
// again, or forgets them.

#include <optional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "tools/cli/failure.h"
#include "tools/cli/http_client.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/json_text.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

// Which lines are meant; an empty name stands for all.
struct Selection {
  std::string database, table;

  bool is_all() const { return database.empty() && table.empty(); }
};

// TABLE of the database that -d names, or DATABASE.TABLE.
Selection SelectionOf(const std::string& database, const std::string& table) {
  const size_t dot = table.find('.');
  if (dot == std::string::npos) return {database, table};
  if (!database.empty() && !table.starts_with(database + ".")) return {database, table};
  const size_t end = database.empty() ? dot : database.size();
  return {table.substr(0, end), table.substr(end + 1)};
}

std::string SqlQuote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

std::string Query(const char* columns, const Selection& selection) {
  std::string sql = fmt::format("SELECT {} FROM system.rejects", columns);
  const char* separator = " WHERE ";
  const auto add = [&](const char* column, const std::string& value) {
    if (value.empty()) return;
    sql += fmt::format("{}\"{}\" = {}", separator, column, SqlQuote(value));
    separator = " AND ";
  };
  add("database", selection.database);
  add("table", selection.table);
  return sql;
}

// How many lines there are; nullopt after saying why that is not known, with the exit code.
std::optional<int64_t> Count(HttpClient& client, const Selection& selection, int& code) {
  const auto answer = client.Post("/api/v1/sql", Query("count(*)", selection));
  if (!answer) {
    code = ReportFailure(answer.error());
    return std::nullopt;
  }
  const auto count = answer->status == 200 ? FirstJsonInteger(answer->body) : std::nullopt;
  if (!count) code = ReportRefusal(*answer);
  return count;
}

std::string Lines(int64_t count) {
  return fmt::format("{} {}", WithThousands(count), count == 1 ? "line" : "lines");
}

// Posts to one of the two routes; the body of the answer, or nullopt and the exit code.
std::optional<std::string> Order(HttpClient& client, const char* route, const Selection& selection,
                                 int& code) {
  const auto answer =
      client.Post(fmt::format("{}?database={}&table={}", route, UrlEncode(selection.database),
                              UrlEncode(selection.table)),
                  "");
  if (!answer) {
    code = ReportFailure(answer.error());
    return std::nullopt;
  }
  if (answer->status != 200) {
    code = ReportRefusal(*answer);
    return std::nullopt;
  }
  return answer->body;
}

int Replay(HttpClient& client, const Selection& selection) {
  int code = kExitDone;
  const auto answer = Order(client, "/api/v1/rejects/replay", selection, code);
  if (!answer) return code;
  const int64_t replayed = FindJsonInteger(*answer, "replayed").value_or(0);
  const int64_t rejected = FindJsonInteger(*answer, "rejected").value_or(0);
  fmt::print("{} written\n", Lines(replayed));
  if (rejected == 0) return kExitDone;
  PrintError(fmt::format("{} {} refused again, and stay; stria rejects list says why",
                         Lines(rejected), rejected == 1 ? "was" : "were"));
  return replayed == 0 ? kExitRefused : kExitPartly;
}

int Drop(HttpClient& client, const Selection& selection) {
  int code = kExitDone;
  const auto answer = Order(client, "/api/v1/rejects/drop", selection, code);
  if (!answer) return code;
  fmt::print("{} dropped\n", Lines(FindJsonInteger(*answer, "dropped").value_or(0)));
  return kExitDone;
}

}  // namespace

int RunRejects(const ClientOptions& client_options, const RejectsOptions& options) {
  const Selection selection = SelectionOf(client_options.database, options.table);
  if (!options.table.empty() && selection.database.empty()) {
    PrintError(fmt::format("of which database is table {}? Say {}.{}, or -d NAME", options.table,
                           "DATABASE", options.table));
    return kExitUsage;
  }
  if (options.action == "list")
    return RunSql(client_options, {.commands = {Query("*", selection)}, .file = {}});
  CatchInterrupts();
  HttpClient client(client_options.url, client_options.token);
  const bool is_drop = options.action == "drop";
  int code = kExitDone;
  if (options.dry_run) {
    const auto count = Count(client, selection, code);
    if (!count) return code;
    fmt::print("{} would be {}\n", Lines(*count), is_drop ? "dropped" : "written again");
    return kExitDone;
  }
  if (!is_drop) return Replay(client, selection);
  if (selection.is_all() && !options.yes) {
    PrintError(
        "this drops the lines of all tables, which are nowhere else; say which table, or "
        "--yes");
    return kExitUsage;
  }
  return Drop(client, selection);
}

}  // namespace stria::cli
