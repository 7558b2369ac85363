// The command line of stria-bench. The only file that includes CLI11.

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "bench/stria_bench/http_connection.h"
#include "bench/stria_bench/query_types.h"
#include "bench/stria_bench/verbs.h"
#include "query/expr/time_text.h"
#include "storage/base/errors.h"
#include "storage/base/nearest_name.h"
#include "storage/base/units.h"

namespace stria::bench {
namespace {

// Flags whose texts are read after parsing, so that their errors are in the form of the house.
struct WorkloadTexts {
  std::string kind = "cpu-only";
  std::string duration = "1d";
  std::string interval = "10s";
  std::string start = "2016-01-01T00:00:00Z";
  std::string numbers;
};

Result<int64_t> ParseLength(std::string_view flag, const std::string& text) {
  const auto ns = ParseDuration(text);
  if (!ns) return ns.error().WithContext(flag);
  return *ns;
}

Status FillWorkload(const WorkloadTexts& texts, WorkloadOptions& options) {
  STRIA_ASSIGN_OR_RETURN(options.kind, ParseWorkloadKind(texts.kind));
  STRIA_ASSIGN_OR_RETURN(options.duration_ns, ParseLength("--duration", texts.duration));
  STRIA_ASSIGN_OR_RETURN(options.interval_ns, ParseLength("--interval", texts.interval));
  const auto start = query::ParseTimestamp(texts.start);
  if (!start) return start.error().WithContext("--start");
  options.start_ns = *start;
  if (texts.numbers == "2") {
    options.numbers = NumberForm::kTwoDecimals;
  } else if (texts.numbers == "full") {
    options.numbers = NumberForm::kFull;
  } else if (!texts.numbers.empty()) {
    return InvalidArgument("--float-decimals {}: want 2 or full", texts.numbers);
  }
  return Status::Ok();
}

Status ParseTime(std::string_view flag, const std::string& text, std::optional<int64_t>& ns) {
  if (text.empty()) return Status::Ok();
  const auto parsed = query::ParseTimestamp(text);
  if (!parsed) return parsed.error().WithContext(flag);
  ns = *parsed;
  return Status::Ok();
}

Status CheckUrl(const std::string& text) {
  const auto url = ParseUrl(text);
  return url ? Status::Ok() : url.error();
}

// "1k,10k,1M" -> numbers.
Result<std::vector<uint64_t>> ParseCounts(const std::vector<std::string>& texts) {
  std::vector<uint64_t> counts;
  for (const std::string& text : texts) {
    uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
    const uint64_t factor = unit == "k" ? 1000 : unit == "M" ? 1'000'000 : unit.empty() ? 1 : 0;
    if (error != std::errc() || factor == 0 || count == 0 || count > 1'000'000'000) {
      return InvalidArgument("--series {}: want numbers such as 1k,100k,1M", text);
    }
    counts.push_back(count * factor);
  }
  return counts;
}

void AddServerFlags(CLI::App& verb, ServerOptions& server) {
  verb.add_option("-H,--url", server.url, "Server, such as http://127.0.0.1:8181")
      ->envname("STRIA_URL");
  verb.add_option("-d,--database", server.database, "Database")
      ->envname("STRIA_DATABASE")
      ->capture_default_str();
  verb.add_option("--server-pid", server.pid,
                  "Process to watch; whoever listens on the port if not given");
  verb.add_option("--data", server.data, "Its data directory; as the server says if not given");
}

void AddWorkloadFlags(CLI::App& verb, WorkloadTexts& texts, WorkloadOptions& workload) {
  verb.add_option("--workload", texts.kind, "cpu-only, devops or iot")->capture_default_str();
  verb.add_option("--scale", workload.scale, "Hosts or trucks")->capture_default_str();
  verb.add_option("--duration", texts.duration, "Length of time, such as 3d")
      ->capture_default_str();
  verb.add_option("--interval", texts.interval, "Time between two rows of a series")
      ->capture_default_str();
  verb.add_option("--start", texts.start, "First time")->capture_default_str();
  verb.add_option("--seed", workload.seed, "Seed of the random numbers")->capture_default_str();
  verb.add_option("--float-decimals", texts.numbers,
                  "2 or full: floats with so many decimals instead of the suite's numbers");
  verb.add_flag("--shuffle", workload.shuffle, "Another order of the hosts in every tick");
  verb.add_option("--out-of-order", workload.out_of_order,
                  "Share of rows that come 1 to 10 ticks late, such as 0.05");
  verb.add_option("--duplicates", workload.duplicates, "Share of rows that come twice");
}

template <typename Number>
void AddCount(CLI::App& verb, const std::string& name, Number& number, const std::string& help) {
  verb.add_option(name, number, help)
      ->check(CLI::Range(Number{1}, Number{1} << 40))
      ->capture_default_str();
}

void AddThreads(CLI::App& verb, const std::string& name, int64_t& number, const std::string& help) {
  verb.add_option(name, number, help)->check(CLI::Range(1, 1000))->capture_default_str();
}

std::string Suggest(const CLI::App& app, const std::string& unknown) {
  std::vector<std::string> known;
  if (unknown.starts_with('-')) {
    for (const auto* option : app.get_options()) {
      for (const auto& name : option->get_lnames())
        known.push_back("--" + name);
    }
  } else {
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
      known.push_back(verb->get_name());
  }
  const auto nearest = NearestName(unknown.substr(0, unknown.find('=')), known);
  return nearest.empty() ? std::string("See stria-bench --help.")
                         : fmt::format("Did you mean \"{}\"?", nearest);
}

int ReportUsage(const CLI::App& app, const CLI::ParseError& error, int argc,
                const char* const* argv) {
  const auto verbs = app.get_subcommands();
  const CLI::App& active = verbs.empty() ? app : *verbs.front();
  const auto remaining = active.remaining();
  std::string unknown = remaining.empty() ? std::string() : remaining.front();
  if (unknown.empty() && &active == &app && argc > 1) unknown = argv[1];
  if (!unknown.empty()) {
    PrintError(fmt::format("unknown {} \"{}\". {}",
                           unknown.starts_with('-') ? "flag" : "verb or argument", unknown,
                           Suggest(active, unknown)));
  } else {
    PrintError(fmt::format("{}. See stria-bench {}--help.", error.what(),
                           &active == &app ? "" : active.get_name() + " "));
  }
  return kExitUsage;
}

// One verb: its flags, and what runs it once they are filled in.
class Verb {
 public:
  Verb(CLI::App& app, const std::string& name, const std::string& help)
      : flags_(*app.add_subcommand(name, help)) {}
  virtual ~Verb() = default;
  Verb(const Verb&) = delete;
  Verb& operator=(const Verb&) = delete;

  /// Fails on texts that say nothing valid.
  virtual Status Finish() { return Status::Ok(); }
  virtual int Run() = 0;

  bool given() const { return flags_.parsed(); }

 protected:
  CLI::App& flags_;
};

class GenerateVerb final : public Verb {
 public:
  explicit GenerateVerb(CLI::App& app)
      : Verb(app, "generate", "Write a standard workload as line protocol") {
    AddWorkloadFlags(flags_, texts_, options_.workload);
    flags_.add_option("-o,--output", options_.output,
                      "File; compressed when it ends in .zst; - for stdout");
    flags_.add_option("-H,--url", options_.url, "Write straight to this server instead");
    flags_.add_option("-d,--database", options_.database, "Its database")->capture_default_str();
    AddCount(flags_, "--batch-rows", options_.batch_rows, "Rows in one request");
  }

  Status Finish() override {
    STRIA_RETURN_IF_ERROR(FillWorkload(texts_, options_.workload));
    STRIA_RETURN_IF_ERROR(CheckWorkload(options_.workload));
    if (options_.url.empty() == options_.output.empty()) {
      return InvalidArgument("generate: want either -o FILE or --url http://HOST:PORT");
    }
    return options_.url.empty() ? Status::Ok() : CheckUrl(options_.url);
  }
  int Run() override { return RunGenerate(options_); }

 private:
  GenerateOptions options_;
  WorkloadTexts texts_;
};

class LoadVerb final : public Verb {
 public:
  explicit LoadVerb(CLI::App& app)
      : Verb(app, "load", "Replay a file, and measure what that costs client and server") {
    flags_.add_option("file", options_.file, "File of line protocol (.lp or .lp.zst)")->required();
    AddServerFlags(flags_, options_.server);
    AddThreads(flags_, "--workers", options_.workers, "Connections that write at once");
    AddCount(flags_, "--batch-rows", options_.batch_rows, "Rows in one request");
    flags_
        .add_option("--memory", memory_, "Text read and cut at a time; the clock stops meanwhile")
        ->capture_default_str();
    flags_.add_flag("--gzip", options_.gzip, "Compressed bodies, made before the clock starts");
    flags_.add_flag("--no-sync", options_.no_sync, "Acknowledge before the disk has it");
    flags_.add_flag("--compact", options_.compact, "Compact at the end, and measure that too");
    flags_.add_flag("--null-sink", options_.null_sink,
                    "Write to a server in this process that forgets everything");
    flags_.add_option("--target", options_.target,
                      "Path and query of a write; /write?db=DATABASE if not given");
    flags_
        .add_option("--flush-target", options_.flush_target, "Route that flushes; empty for none")
        ->capture_default_str();
    flags_.add_flag("--json", options_.json, "Print JSON");
  }

  Status Finish() override {
    STRIA_RETURN_IF_ERROR(CheckUrl(options_.server.url));
    const auto bytes = ParseSize(memory_);
    if (!bytes) return bytes.error().WithContext("--memory");
    options_.piece_bytes = std::max<uint64_t>(*bytes, 1);
    return Status::Ok();
  }
  int Run() override { return RunLoad(options_); }

 private:
  LoadOptions options_;
  std::string memory_ = "4GiB";
};

class QueryVerb final : public Verb {
 public:
  explicit QueryVerb(CLI::App& app)
      : Verb(app, "query", "Ask the standard queries on random windows") {
    AddServerFlags(flags_, options_.server);
    flags_.add_option("--workload", workload_, "cpu-only or iot")->capture_default_str();
    flags_.add_option("--types", options_.types, "Types of queries, with commas; all if not given")
        ->delimiter(',');
    AddCount(flags_, "--queries", options_.queries, "Queries of each type");
    AddThreads(flags_, "--clients", options_.clients, "Connections that ask at once");
    flags_.add_option("--seed", options_.seed, "Seed of windows and hosts")->capture_default_str();
    flags_.add_option("--format", options_.format, "json or csv")
        ->check(CLI::IsMember({"json", "csv"}))
        ->capture_default_str();
    flags_.add_option("--start", start_, "Begin of the windows; from the data if not given");
    flags_.add_option("--end", end_, "End of the windows; from the data if not given");
    flags_.add_flag("--cold", options_.cold,
                    "Drop the page cache before each query (root only; nothing is restarted)");
    flags_.add_flag("--print-sql", options_.print_sql, "Print the texts instead of asking");
    flags_.add_flag("--json", options_.json, "Print JSON");
  }

  Status Finish() override {
    STRIA_RETURN_IF_ERROR(CheckUrl(options_.server.url));
    STRIA_ASSIGN_OR_RETURN(options_.workload, ParseWorkloadKind(workload_));
    STRIA_RETURN_IF_ERROR(ParseTime("--start", start_, options_.start_ns));
    STRIA_RETURN_IF_ERROR(ParseTime("--end", end_, options_.end_ns));
    const auto types = ChooseTypes(options_.workload, options_.types);
    return types ? Status::Ok() : types.error();
  }
  int Run() override { return RunQuery(options_); }

 private:
  QueryOptions options_;
  std::string workload_ = "cpu-only";
  std::string start_, end_;
};

class MixedVerb final : public Verb {
 public:
  explicit MixedVerb(CLI::App& app) : Verb(app, "mixed", "Write and ask at once for a set time") {
    AddServerFlags(flags_, options_.server);
    AddCount(flags_, "--seconds", options_.seconds, "Length of each of the two phases");
    AddThreads(flags_, "--writers", options_.writers, "Connections that write");
    AddThreads(flags_, "--dashboards", options_.dashboards, "Connections that ask");
    AddCount(flags_, "--batch-rows", options_.batch_rows, "Rows in one request");
    AddCount(flags_, "--scale", options_.workload.scale, "Hosts");
    AddCount(flags_, "--history-rows", options_.history_rows,
             "Rows written before the clock starts");
    flags_.add_option("--rate", options_.rows_per_second, "Rows a second at most; 0 for no limit")
        ->capture_default_str();
    flags_.add_option("--seed", options_.workload.seed, "Seed")->capture_default_str();
    flags_.add_flag("--json", options_.json, "Print JSON");
  }

  Status Finish() override { return CheckUrl(options_.server.url); }
  int Run() override { return RunMixed(options_); }

 private:
  MixedOptions options_;
};

class CardinalityVerb final : public Verb {
 public:
  explicit CardinalityVerb(CLI::App& app)
      : Verb(app, "cardinality", "Ingest, memory and queries by the number of series") {
    AddServerFlags(flags_, options_.server);
    flags_.add_option("--series", series_, "Numbers of series, such as 1k,100k,10M")
        ->delimiter(',')
        ->capture_default_str();
    AddCount(flags_, "--rows", options_.rows,
             "Rows for each number of series; at least two of every series");
    AddThreads(flags_, "--workers", options_.workers, "Connections that write at once");
    AddCount(flags_, "--batch-rows", options_.batch_rows, "Rows in one request");
    AddCount(flags_, "--queries", options_.queries, "Queries of each type");
    flags_.add_option("--seed", options_.seed, "Seed")->capture_default_str();
    flags_.add_flag("--json", options_.json, "Print JSON");
  }

  Status Finish() override {
    STRIA_RETURN_IF_ERROR(CheckUrl(options_.server.url));
    STRIA_ASSIGN_OR_RETURN(options_.series, ParseCounts(series_));
    return Status::Ok();
  }
  int Run() override { return RunCardinality(options_); }

 private:
  CardinalityOptions options_;
  std::vector<std::string> series_ = {"1k", "10k", "100k", "1M"};
};

}  // namespace

void PrintError(std::string_view message) {
  fmt::print(stderr, "stria-bench: {}\n", message);
}

int Fail(const Status& status) {
  PrintError(status.message());
  return status.code() == StatusCode::kUnavailable ? kExitNoConnection : kExitRefused;
}

int RunCommandLine(int argc, const char* const* argv) {
  CLI::App app("Measures Stria, and servers that take the same line protocol", "stria-bench");
  app.require_subcommand(1);
  GenerateVerb generate(app);
  LoadVerb load(app);
  QueryVerb query(app);
  MixedVerb mixed(app);
  CardinalityVerb cardinality(app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help
  } catch (const CLI::ParseError& error) {
    return ReportUsage(app, error, argc, argv);
  }

  Verb* const verbs[] = {&generate, &load, &query, &mixed, &cardinality};
  Verb& verb = **std::ranges::find_if(verbs, &Verb::given);
  if (const Status status = verb.Finish(); !status.ok()) {
    PrintError(status.message());
    return kExitUsage;
  }
  return verb.Run();
}

}  // namespace stria::bench
