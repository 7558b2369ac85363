// The verbs of the program `stria-bench`: the options of each, filled in by flags.cc, and what runs
// it.
//
// Every verb returns the exit code: 0 done, 1 the server or the data said no, 2 usage, 3 cannot
// connect, 4 partly done.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/workload/workload.h"
#include "storage/base/status.h"

namespace stria::bench {

inline constexpr int kExitDone = 0;
inline constexpr int kExitRefused = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoConnection = 3;
inline constexpr int kExitPartly = 4;

/// The server that is measured.
struct ServerOptions {
  std::string url = "http://127.0.0.1:8181";
  std::string database = "benchmark";
  int64_t pid = 0;   ///< 0: whoever listens on the port
  std::string data;  ///< its data directory; empty: as the server says
};

struct GenerateOptions {
  WorkloadOptions workload;
  std::string output;  ///< "-": stdout
  std::string url;     ///< or straight to a server
  std::string database = "benchmark";
  uint64_t batch_rows = 10'000;
};

struct LoadOptions {
  ServerOptions server;
  std::string file;
  int64_t workers = 2;
  uint64_t batch_rows = 10'000;
  uint64_t piece_bytes = 4ULL << 30;  ///< text in memory at a time
  bool gzip = false;
  bool null_sink = false;
  bool no_sync = false;
  bool compact = false;
  bool json = false;
  std::string target;                          ///< empty: /write?db=DATABASE
  std::string flush_target = "/api/v1/flush";  ///< empty: none
};

struct QueryOptions {
  ServerOptions server;
  WorkloadKind workload = WorkloadKind::kCpuOnly;
  std::vector<std::string> types;  ///< empty: all
  int64_t queries = 100;
  int64_t clients = 1;
  uint64_t seed = 123;
  std::string format = "json";
  std::optional<int64_t> start_ns, end_ns;  ///< none: from the data
  bool cold = false;
  bool print_sql = false;
  bool json = false;
};

struct MixedOptions {
  ServerOptions server;
  WorkloadOptions workload;  ///< what is written while dashboards look at it
  int64_t seconds = 30;
  int64_t writers = 1;
  int64_t dashboards = 1;
  uint64_t batch_rows = 10'000;
  uint64_t rows_per_second = 0;  ///< 0: as fast as it goes
  uint64_t history_rows = 1'000'000;
  bool json = false;
};

struct CardinalityOptions {
  ServerOptions server;
  std::vector<uint64_t> series;
  uint64_t rows = 1'000'000;  ///< at least, for each number of series
  int64_t workers = 2;
  uint64_t batch_rows = 10'000;
  int64_t queries = 20;
  uint64_t seed = 123;
  bool json = false;
};

int RunGenerate(const GenerateOptions& options);
int RunLoad(const LoadOptions& options);
int RunQuery(const QueryOptions& options);
int RunMixed(const MixedOptions& options);
int RunCardinality(const CardinalityOptions& options);

/// Parses the command line and runs its verb.
int RunCommandLine(int argc, const char* const* argv);

/// Prints "stria-bench: <message>" to stderr.
void PrintError(std::string_view message);

/// Prints a failure and returns the exit code for it.
int Fail(const Status& status);

}  // namespace stria::bench
