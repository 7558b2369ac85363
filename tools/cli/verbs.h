// The verbs of the program `stria`: the options of each, filled in by flags.cc, and what runs it.
//
// Every verb returns the exit code: 0 done, 1 the server or the data said no, 2 usage, 3 cannot
// connect, 4 partly done, 130 interrupted.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stria::cli {

inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoConnection = 3;
inline constexpr int kExitPartly = 4;
inline constexpr int kExitInterrupted = 130;

/// What every client verb takes.
struct ClientOptions {
  std::string url = "http://127.0.0.1:8181";
  std::string database;
  std::string token;
  std::string format;  ///< empty: a table on a terminal, CSV elsewhere
  std::string output;  ///< file to write the answer to; empty: stdout
  bool no_color = false;
};

struct ServeOptions {
  std::vector<std::pair<std::string, std::string>> settings;  ///< name and text, in order
};

struct SqlOptions {
  std::vector<std::string> commands;  ///< -c, or the positional statement
  std::string file;                   ///< -f
};

struct WriteOptions {
  std::vector<std::string> files;  ///< none, or "-": stdin
  std::string precision = "ns";
  uint64_t batch_bytes = 4ULL << 20;
  bool quiet = false;
};

struct DemoOptions {
  std::string http;      ///< empty: a free port of 127.0.0.1
  std::string data;      ///< empty: a directory of its own, removed at the end
  bool forever = false;  ///< `make run`: until Ctrl-C, or `seconds` when that is not 0
  int64_t seconds = 20;
  int64_t devices = 200;
};

struct CheckOptions {
  std::string directory;
};

struct RejectsOptions {
  std::string action;  ///< list, replay or drop
  std::string table;   ///< TABLE or DATABASE.TABLE; empty: those of the database, or all
  bool yes = false;
  bool dry_run = false;
};

struct DumpOptions {
  std::string kind;  ///< part, wal, manifest, catalog or series
  std::vector<std::string> files;
};

int RunServe(const ServeOptions& options);
int RunSql(const ClientOptions& client, const SqlOptions& options);
int RunWrite(const ClientOptions& client, const WriteOptions& options);
int RunDemo(const DemoOptions& options);
int RunCompact(const ClientOptions& client);
int RunRejects(const ClientOptions& client, const RejectsOptions& options);
int RunCheck(const CheckOptions& options);
int RunDump(const DumpOptions& options);

/// Parses the command line and runs its verb.
int RunCommandLine(int argc, const char* const* argv);

}  // namespace stria::cli
