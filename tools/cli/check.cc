// `stria check DIR` and `stria dump KIND FILE`: look at a data directory that no server is using.

#include <cstdio>
#include <string>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <unistd.h>

#include "storage/io/file_system.h"
#include "tools/admin/data_check.h"
#include "tools/admin/log_dump.h"
#include "tools/admin/part_dump.h"
#include "tools/cli/terminal.h"
#include "tools/cli/verbs.h"

namespace stria::cli {
namespace {

using admin::Finding;
using admin::Severity;

// Whether a server holds `directory`. Looks without taking the lock, or writing to the file.
bool IsInUse(const std::string& directory) {
  const int descriptor = ::open((directory + "/lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool in_use = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);  // Gives the lock back.
  return in_use;
}

std::string Plural(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", WithThousands(static_cast<int64_t>(count)), count == 1 ? one : many);
}

void Print(const Finding& finding) {
  fmt::print("{:<5}  {}: {}\n       {}\n", finding.severity == Severity::kError ? "error" : "note",
             finding.file, finding.what, finding.advice);
}

}  // namespace

int RunCheck(const CheckOptions& options) {
  if (IsInUse(options.directory)) {
    PrintError(fmt::format(
        "a server is using {}: files that change meanwhile would look damaged. Stop it first, or "
        "ask it: SELECT * FROM system.health",
        options.directory));
    return kExitRefused;
  }
  const auto report = admin::CheckData(storage::PosixFileSystem(), options.directory);
  uint64_t num_errors = 0, num_notes = 0;
  for (const auto& finding : report.findings) {
    Print(finding);
    ++(finding.severity == Severity::kError ? num_errors : num_notes);
  }
  const auto& counts = report.counts;
  fmt::print("read {}, {}, {} with {} bytes in {}, {}, {}, {}\n",
             Plural(counts.shards, "shard", "shards"), Plural(counts.tables, "table", "tables"),
             Plural(counts.parts, "part", "parts"),
             WithThousands(static_cast<int64_t>(counts.part_bytes)),
             Plural(counts.blocks, "block", "blocks"), Plural(counts.series, "series", "series"),
             Plural(counts.log_records, "record of the log", "records of the log"),
             Plural(counts.rows, "row", "rows"));
  fmt::print("{}, {}\n", num_errors == 0 ? "no errors" : Plural(num_errors, "error", "errors"),
             Plural(num_notes, "note", "notes"));
  return report.has_errors() ? kExitRefused : kExitDone;
}

int RunDump(const DumpOptions& options) {
  auto& files = storage::PosixFileSystem();
  for (const auto& file : options.files) {
    Result<std::string> text = std::string();
    if (options.kind == "part") text = admin::DumpPartFile(files, file);
    if (options.kind == "wal") text = admin::DumpWalSegment(files, file);
    if (options.kind == "manifest") text = admin::DumpManifestRecord(files, file);
    if (options.kind == "catalog") text = admin::DumpCatalogRecord(files, file);
    if (options.kind == "series") text = admin::DumpSeriesFile(files, file);
    if (!text) {
      PrintError(text.error().message());
      return kExitRefused;
    }
    std::fputs(text->c_str(), stdout);
  }
  return kExitDone;
}

}  // namespace stria::cli
