// The command line: verbs and flags as INTERFACES pins them. The only file that includes CLI11.

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "storage/base/nearest_name.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

constexpr const char* kVersion = "0.1.0";

// The server flags that are settings: `--http` is server.http, and so on.
struct SettingFlag {
  const char* flag;
  const char* setting;
  const char* help;
};
constexpr SettingFlag kSettingFlags[] = {
    {"--data", "server.data", "Data directory (./.stria)"},
    {"--http", "server.http", "Address of the HTTP listener, HOST:PORT; port 0 picks a free one"},
    {"--memory", "storage.memory", "Memory for rows not yet in parts, such as 2GiB"},
    {"--shards", "storage.shards", "Number of shards; fixed at the first start"},
    {"--log", "log.format", "Log lines as text or json"},
};

void AddClientFlags(CLI::App& app, ClientOptions& client) {
  app.add_option("-H,--host", client.url,
                 "Server, such as http://127.0.0.1:8181 (or environment STRIA_URL)");
  app.add_option("-d,--database", client.database, "Database (or STRIA_DATABASE)");
  app.add_option("--token", client.token, "Token (or STRIA_TOKEN)");
  app.add_option("--format", client.format, "table, csv, tsv, json or jsonl");
  app.add_option("-o,--output", client.output, "File for the answer");
  app.add_flag("--no-color", client.no_color, "No colours");
}

// Not by CLI11: a flag may stand before the verb or after it, and the environment must not win over
// either.
void TakeEnvironment(ClientOptions& client) {
  const auto take = [](const char* name, std::string& value) {
    const char* const text = std::getenv(name);
    if (text != nullptr && *text != '\0') value = text;
  };
  take("STRIA_URL", client.url);
  take("STRIA_DATABASE", client.database);
  take("STRIA_TOKEN", client.token);
}

// What the user may have meant by the argument that CLI11 did not know.
std::string Suggest(const CLI::App& app, const std::string& unknown) {
  std::vector<std::string> known;
  if (unknown.starts_with('-')) {
    for (const auto* option : app.get_options()) {
      for (const auto& name : option->get_lnames())
        known.push_back("--" + name);
    }
  } else {
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(verb->get_name());
    }
  }
  const auto nearest = NearestName(unknown.substr(0, unknown.find('=')), known);
  return nearest.empty() ? std::string("See stria --help.")
                         : fmt::format("Did you mean \"{}\"?", nearest);
}

// The verb that was given, or the program itself.
const CLI::App& ActiveApp(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : *verbs.front();
}

int ReportUsage(const CLI::App& app, const CLI::ParseError& error, int argc,
                const char* const* argv) {
  const CLI::App& active = ActiveApp(app);
  // CLI11's own text names what is missing or wrong; for a word it does not know, a suggestion
  // helps.
  std::string unknown;
  for (const auto& word : active.remaining())
    unknown = unknown.empty() ? word : unknown;
  if (unknown.empty() && &active == &app && argc > 1) unknown = argv[1];
  if (!unknown.empty()) {
    PrintError(fmt::format("unknown {} \"{}\". {}",
                           unknown.starts_with('-') ? "flag" : "verb or argument", unknown,
                           Suggest(active, unknown)));
  } else if (&active == &app) {
    PrintError("no verb given. See stria --help.");
  } else {
    PrintError(fmt::format("{}. See stria {} --help.", error.what(), active.get_name()));
  }
  return kExitUsage;
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("Stria, a time-series database for fleets of devices", "stria");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("stria ") + kVersion);

  ServeOptions serve;
  auto* serve_verb = app.add_subcommand("serve", "Run the server");
  std::vector<std::string> setting_texts(std::size(kSettingFlags));
  for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
    serve_verb->add_option(kSettingFlags[i].flag, setting_texts[i], kSettingFlags[i].help);
  }
  bool insecure = false;
  serve_verb->add_flag("--insecure", insecure,
                       "Listen on an address that other machines reach, without protection");
  std::vector<std::string> other_settings;
  serve_verb->add_option("--set", other_settings, "Any other setting, as section.name=value");

  ClientOptions client;
  TakeEnvironment(client);
  AddClientFlags(app, client);
  for (auto* option : app.get_options()) {
    if (option->get_lnames() != std::vector<std::string>{"help"}) option->group("");  // Not shown.
  }
  SqlOptions sql;
  auto* sql_verb = app.add_subcommand("sql", "Run SQL statements on a server");
  AddClientFlags(*sql_verb, client);
  sql_verb->add_option("-c,--command", sql.commands, "Statement to run; may be repeated");
  sql_verb->add_option("-f,--file", sql.file, "File with statements");
  sql_verb->add_option("statement", sql.commands, "Statement to run");

  WriteOptions write;
  auto* write_verb = app.add_subcommand("write", "Write line protocol to a server");
  AddClientFlags(*write_verb, client);
  write_verb->add_option("--precision", write.precision,
                         "Unit of the times: ns, us, ms, s, m or h");
  write_verb->add_option("--batch-bytes", write.batch_bytes, "Text sent in one request")
      ->check(CLI::Range(uint64_t{1}, uint64_t{32} << 20));
  write_verb->add_flag("-q,--quiet", write.quiet, "No progress and no summary");
  write_verb->add_option("files", write.files, "Files (.lp, .gz, .zst), or - for stdin");

  DemoOptions demo;
  auto* demo_verb = app.add_subcommand("demo", "Run a server and a simulated fleet");
  demo_verb->add_option("--http", demo.http, "Address of the server, HOST:PORT");
  demo_verb->add_option("--data", demo.data, "Data directory; a temporary one if not given");
  demo_verb->add_flag("--forever", demo.forever, "Until Ctrl-C instead of a bounded tour");
  demo_verb->add_option("--seconds", demo.seconds, "Seconds of writing")
      ->check(CLI::NonNegativeNumber);
  demo_verb->add_option("--devices", demo.devices, "Devices that write")
      ->check(CLI::Range(1, 100000));

  auto* compact_verb = app.add_subcommand("compact", "Merge the parts of every table now");
  AddClientFlags(*compact_verb, client);
  auto* version_verb = app.add_subcommand("version", "Print the version");
  auto* help_verb = app.add_subcommand("help", "Print this help, or that of a verb");
  std::string help_topic;
  help_verb->add_option("verb", help_topic, "Verb to explain");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help and --version
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, argc, argv);
  }

  if (*serve_verb) {
    for (const auto& text : other_settings) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos) {
        PrintError(fmt::format("--set {}: want section.name=value", text));
        return kExitUsage;
      }
      serve.settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
      if (serve_verb->count(kSettingFlags[i].flag) == 0) continue;
      serve.settings.emplace_back(kSettingFlags[i].setting, setting_texts[i]);
    }
    if (insecure) serve.settings.emplace_back("server.insecure", "true");
    return RunServe(serve);
  }
  if (*sql_verb) return RunSql(client, sql);
  if (*write_verb) return RunWrite(client, write);
  if (*demo_verb) return RunDemo(demo);
  if (*compact_verb) return RunCompact(client);
  if (*version_verb) fmt::print("stria {}\n", kVersion);
  if (*help_verb) {
    const CLI::App* topic = &app;
    if (!help_topic.empty()) {
      const auto verbs =
          app.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == help_topic; });
      topic = verbs.empty() ? nullptr : verbs.front();
    }
    if (topic == nullptr) {
      PrintError(fmt::format("unknown verb \"{}\". {}", help_topic, Suggest(app, help_topic)));
      return kExitUsage;
    }
    fmt::print("{}", topic->help());
  }
  return kExitDone;
}

}  // namespace stria::cli
