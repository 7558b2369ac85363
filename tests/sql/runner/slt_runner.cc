// Runs .slt files: each in every state that rows can be in. See tests/sql/README.md.
//
//   slt_runner FILE...       exit code 1 when an answer is wrong, 2 when a file cannot be read

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/core.h>

#include "query/expr/time_text.h"
#include "tests/sql/runner/slt_check.h"
#include "tests/sql/runner/slt_database.h"
#include "tests/sql/runner/slt_file.h"

namespace stria::slt {
namespace {

enum class AfterWrite : uint8_t { kNothing, kFlush, kCompact, kRestart, kFlushEverySecond };

struct State {
  const char* name;
  AfterWrite after_write;
  uint32_t num_shards;
};

constexpr State kStates[] = {
    {"hot", AfterWrite::kNothing, 1},
    {"flushed", AfterWrite::kFlush, 1},
    {"compacted", AfterWrite::kCompact, 4},
    {"restarted", AfterWrite::kRestart, 4},
    {"mixed", AfterWrite::kFlushEverySecond, 1},
};

// One pass over a file's records.
class Run {
 public:
  Run(SltDatabase& database, AfterWrite after_write)
      : database_(database), after_write_(after_write) {}

  // What is wrong with the answer to `record`, or nothing.
  std::string Check(const Record& record) {
    switch (record.kind) {
      case RecordKind::kDatabase: default_database_ = record.database; return {};
      case RecordKind::kNow: return SetNow(record.time);
      case RecordKind::kWrite: return Write(record);
      case RecordKind::kStatement:
      case RecordKind::kQuery:
      case RecordKind::kError: break;
    }
    std::string report = CheckAnswer(record, database_.Run(record.body, default_database_));
    if (record.kind != RecordKind::kStatement || !report.empty()) return report;
    const Status status = ChangeState();  // Statements delete and drop.
    return status.ok() ? report : status.ToString() + "\n";
  }

 private:
  std::string SetNow(const std::string& time) {
    const auto ns = query::ParseTimestamp(time);
    if (!ns) return std::string(ns.error().message()) + "\n";
    database_.SetNow(*ns);
    return {};
  }

  std::string Write(const Record& record) {
    if (default_database_.empty()) default_database_ = record.database;
    const auto refused = database_.Write(record.database, record.precision, record.body);
    if (!refused) return refused.error().ToString() + "\n";
    if (auto report = CheckRefused(record, *refused); !report.empty()) return report;
    const Status status = ChangeState();
    return status.ok() ? std::string() : status.ToString() + "\n";
  }

  static std::string CheckRefused(const Record& record, const std::vector<std::string>& refused) {
    bool same = refused.size() == record.expected.size();
    for (size_t i = 0; same && i < refused.size(); ++i) {
      const std::string& expected = record.expected[i];
      const size_t blank = std::min(expected.find(' '), expected.size() - 1);
      same = refused[i].starts_with(expected.substr(0, blank + 1)) &&
             refused[i].find(expected.substr(blank + 1)) != std::string::npos;
    }
    if (same) return {};
    std::string report = fmt::format("{} lines were refused:\n", refused.size());
    for (const auto& line : refused)
      report += line + "\n";
    return report;
  }

  Status ChangeState() {
    ++num_writes_;
    switch (after_write_) {
      case AfterWrite::kNothing: return Status::Ok();
      case AfterWrite::kFlush: return database_.Flush();
      case AfterWrite::kCompact: return database_.Compact();
      case AfterWrite::kRestart: return database_.Restart();
      case AfterWrite::kFlushEverySecond:
        return num_writes_ % 2 == 1 ? database_.Flush() : Status::Ok();
    }
    return Status::Ok();
  }

  SltDatabase& database_;
  AfterWrite after_write_;
  std::string default_database_;
  uint64_t num_writes_ = 0;
};

// Runs all records in one state; returns the number of wrong ones.
int RunInState(const char* path, const std::vector<Record>& records, const State& state) {
  auto database = SltDatabase::Create(state.num_shards);
  if (!database) {
    fmt::print("{}: {}: {}\n", path, state.name, database.error().ToString());
    return 1;
  }
  Run run(**database, state.after_write);
  int num_wrong = 0;
  for (const auto& record : records) {
    const std::string report = run.Check(record);
    if (report.empty()) continue;
    ++num_wrong;
    fmt::print("{}:{}: {}: {}\n{}\n", path, record.line, state.name, record.body, report);
  }
  return num_wrong;
}

int RunFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    fmt::print("{}: cannot be read\n", path);
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto records = ParseSlt(text);
  if (!records) {
    fmt::print("{}: {}\n", path, records.error().message());
    return 2;
  }
  int num_wrong = 0;
  for (const State& state : kStates)
    num_wrong += RunInState(path, *records, state);
  fmt::print("{}: {} records in {} states, {} wrong\n", path, records->size(), std::size(kStates),
             num_wrong);
  return num_wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace stria::slt

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: slt_runner FILE...\n");
    return 2;
  }
  int code = 0;
  for (int i = 1; i < argc; ++i)
    code = std::max(code, stria::slt::RunFile(argv[i]));
  return code;
}
