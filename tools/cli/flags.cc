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
    {"--memory", "server.memory", "Memory that the process may use, such as 4GiB"},
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

// The verbs with their flags, and the options that parsing fills in.
class CommandLine {
 public:
  CommandLine() {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", std::string("stria ") + kVersion);
    AddServe();
    AddClientVerbs();
    AddDemo();
    AddFileVerbs();
    app_.add_subcommand("version", "Print the version");
    help_verb_ = app_.add_subcommand("help", "Print this help, or that of a verb");
    help_verb_->add_option("verb", help_topic_, "Verb to explain");
  }

  int Run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::Success& success) {
      return app_.exit(success);  // --help and --version
    } catch (const CLI::ParseError& error) {
      return ReportUsage(app_, error, argc, argv);
    }
    if (*serve_verb_) return Serve();
    if (*sql_verb_) return RunSql(client_, sql_);
    if (*write_verb_) return RunWrite(client_, write_);
    if (*demo_verb_) return RunDemo(demo_);
    if (*compact_verb_) return RunCompact(client_);
    if (*rejects_verb_) return RunRejects(client_, rejects_);
    if (*check_verb_) return RunCheck(check_);
    if (*dump_verb_) return RunDump(dump_);
    if (*help_verb_) return Help();
    fmt::print("stria {}\n", kVersion);
    return kExitDone;
  }

 private:
  void AddServe() {
    serve_verb_ = app_.add_subcommand("serve", "Run the server");
    for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
      serve_verb_->add_option(kSettingFlags[i].flag, setting_texts_[i], kSettingFlags[i].help);
    }
    serve_verb_->add_flag("--insecure", insecure_,
                          "Listen on an address that other machines reach, without protection");
    serve_verb_->add_option("--set", other_settings_, "Any other setting, as section.name=value");
  }

  void AddClientVerbs() {
    TakeEnvironment(client_);
    AddClientFlags(app_, client_);
    for (auto* option : app_.get_options()) {
      // Those before the verb are not shown again.
      if (option->get_lnames() != std::vector<std::string>{"help"}) option->group("");
    }
    sql_verb_ = app_.add_subcommand("sql", "Run SQL statements on a server");
    AddClientFlags(*sql_verb_, client_);
    sql_verb_->add_option("-c,--command", sql_.commands, "Statement to run; may be repeated");
    sql_verb_->add_option("-f,--file", sql_.file, "File with statements");
    sql_verb_->add_option("statement", sql_.commands, "Statement to run");

    write_verb_ = app_.add_subcommand("write", "Write line protocol to a server");
    AddClientFlags(*write_verb_, client_);
    write_verb_->add_option("--precision", write_.precision,
                            "Unit of the times: ns, us, ms, s, m or h");
    write_verb_->add_option("--batch-bytes", write_.batch_bytes, "Text sent in one request")
        ->check(CLI::Range(uint64_t{1}, uint64_t{32} << 20));
    write_verb_->add_flag("-q,--quiet", write_.quiet, "No progress and no summary");
    write_verb_->add_option("files", write_.files, "Files (.lp, .gz, .zst), or - for stdin");

    compact_verb_ = app_.add_subcommand("compact", "Merge the parts of every table now");
    AddClientFlags(*compact_verb_, client_);

    rejects_verb_ = app_.add_subcommand(
        "rejects", "List, write again or drop lines that were refused for what their table is");
    AddClientFlags(*rejects_verb_, client_);
    rejects_verb_->add_option("action", rejects_.action, "list, replay or drop")
        ->required()
        ->check(CLI::IsMember({"list", "replay", "drop"}));
    rejects_verb_->add_option("table", rejects_.table, "TABLE or DATABASE.TABLE; all if not given");
    rejects_verb_->add_flag("--yes", rejects_.yes, "Drop the lines of all tables");
    rejects_verb_->add_flag("--dry-run", rejects_.dry_run, "Only say how many lines it would be");
  }

  void AddDemo() {
    demo_verb_ = app_.add_subcommand("demo", "Run a server and a simulated fleet");
    demo_verb_->add_option("--http", demo_.http, "Address of the server, HOST:PORT");
    demo_verb_->add_option("--data", demo_.data, "Data directory; a temporary one if not given");
    demo_verb_->add_flag("--forever", demo_.forever, "Until Ctrl-C instead of a bounded tour");
    demo_verb_->add_option("--seconds", demo_.seconds, "Seconds of writing")
        ->check(CLI::NonNegativeNumber);
    demo_verb_->add_option("--devices", demo_.devices, "Devices that write")
        ->check(CLI::Range(1, 100000));
  }

  // Those that look at files, and ask no server.
  void AddFileVerbs() {
    check_verb_ = app_.add_subcommand("check", "Verify a data directory and explain what is wrong");
    check_verb_->add_option("directory", check_.directory, "Data directory, as of serve --data")
        ->required();
    dump_verb_ = app_.add_subcommand("dump", "Print a file of a data directory as text");
    dump_verb_->add_option("kind", dump_.kind, "part, wal, manifest, catalog or series")
        ->required()
        ->check(CLI::IsMember({"part", "wal", "manifest", "catalog", "series"}));
    dump_verb_->add_option("files", dump_.files, "Files of that kind")->required();
  }

  int Serve() const {
    ServeOptions serve;
    for (const auto& text : other_settings_) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos) {
        PrintError(fmt::format("--set {}: want section.name=value", text));
        return kExitUsage;
      }
      serve.settings.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    for (size_t i = 0; i < std::size(kSettingFlags); ++i) {
      if (serve_verb_->count(kSettingFlags[i].flag) == 0) continue;
      serve.settings.emplace_back(kSettingFlags[i].setting, setting_texts_[i]);
    }
    if (insecure_) serve.settings.emplace_back("server.insecure", "true");
    return RunServe(serve);
  }

  int Help() const {
    const CLI::App* topic = &app_;
    if (!help_topic_.empty()) {
      const auto verbs = app_.get_subcommands(
          [&](const CLI::App* verb) { return verb->get_name() == help_topic_; });
      topic = verbs.empty() ? nullptr : verbs.front();
    }
    if (topic == nullptr) {
      PrintError(fmt::format("unknown verb \"{}\". {}", help_topic_, Suggest(app_, help_topic_)));
      return kExitUsage;
    }
    fmt::print("{}", topic->help());
    return kExitDone;
  }

  CLI::App app_{"Stria, a time-series database for fleets of devices", "stria"};
  // Owned by app_.
  CLI::App* serve_verb_ = nullptr;
  CLI::App* sql_verb_ = nullptr;
  CLI::App* write_verb_ = nullptr;
  CLI::App* compact_verb_ = nullptr;
  CLI::App* rejects_verb_ = nullptr;
  CLI::App* demo_verb_ = nullptr;
  CLI::App* check_verb_ = nullptr;
  CLI::App* dump_verb_ = nullptr;
  CLI::App* help_verb_ = nullptr;

  std::vector<std::string> setting_texts_ = std::vector<std::string>(std::size(kSettingFlags));
  std::vector<std::string> other_settings_;
  bool insecure_ = false;
  ClientOptions client_;
  SqlOptions sql_;
  WriteOptions write_;
  DemoOptions demo_;
  CheckOptions check_;
  DumpOptions dump_;
  RejectsOptions rejects_;
  std::string help_topic_;
};

}  // namespace

int RunCommandLine(int argc, const char* const* argv) {
  return CommandLine().Run(argc, argv);
}

}  // namespace stria::cli
