#include "tests/sql/runner/slt_database.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include <fmt/core.h>

#include "ingest/line_protocol.h"
#include "storage/base/errors.h"

namespace stria::slt {
namespace {

// Gathers an answer, and watches that the rules of ResultSink are kept.
class AnswerSink final : public query::ResultSink {
 public:
  void OnColumns(const std::vector<query::OutputColumn>& columns) override {
    if (has_columns_ || ended_) Misuse("OnColumns() called again, or after the end");
    has_columns_ = true;
    answer_.columns = columns;
  }

  bool OnBatch(const query::Batch& batch) override {
    if (!has_columns_ || ended_) Misuse("OnBatch() before OnColumns(), or after the end");
    if (batch.columns.size() != answer_.columns.size()) {
      Misuse(fmt::format("a batch with {} columns", batch.columns.size()));
      return false;
    }
    for (size_t i = 0; i < batch.columns.size(); ++i) {
      if (batch.columns[i].type != answer_.columns[i].type) {
        Misuse(fmt::format("column {} is {} in a batch", answer_.columns[i].name,
                           DataTypeName(batch.columns[i].type)));
      }
    }
    for (uint32_t row = 0; row < batch.num_rows; ++row) {
      std::vector<Value>& values = answer_.rows.emplace_back();
      for (const auto& column : batch.columns)
        values.push_back(column.ValueAt(row));
    }
    return true;
  }

  void OnEnd(const query::QueryStats& stats, const std::string&) override {
    if (!has_columns_ || ended_) Misuse("OnEnd() without OnColumns(), or after the end");
    if (stats.rows_returned != answer_.rows.size()) {
      Misuse(fmt::format("the stats say {} rows", stats.rows_returned));
    }
    ended_ = true;
  }

  void OnError(const query::QueryError& error) override {
    if (ended_) Misuse("OnError() after the end");
    ended_ = true;
    answer_.failed = true;
    answer_.error = error;
  }

  Answer Take() {
    if (!ended_) Misuse("neither OnEnd() nor OnError() was called");
    return std::move(answer_);
  }

 private:
  void Misuse(std::string what) {
    if (answer_.misuse.empty()) answer_.misuse = std::move(what);
  }

  Answer answer_;
  bool has_columns_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<SltDatabase>> SltDatabase::Create(uint32_t num_shards) {
  std::unique_ptr<SltDatabase> database(new SltDatabase());
  database->num_shards_ = num_shards;
  std::string directory = (std::filesystem::temp_directory_path() / "stria-slt-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return IoError("no temporary directory");
  database->directory_ = std::move(directory);
  STRIA_RETURN_IF_ERROR(database->Open());
  return database;
}

SltDatabase::~SltDatabase() {
  Close();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Status SltDatabase::Open() {
  storage::EngineOptions options;
  options.directory = directory_;
  options.num_shards = num_shards_;
  options.wal_segment_bytes = 1 << 20;
  executor_ = MakeThreadExecutor({.num_foreground = 2, .num_background = 1});
  const storage::Env env{.files = &storage::PosixFileSystem(),
                         .clock = &SystemClock(),
                         .random = &SystemRandom(),
                         .executor = executor_.get()};
  STRIA_ASSIGN_OR_RETURN(engine_, storage::Engine::Open(options, env));
  service_ = query::MakeQueryService(*engine_, clock_, *executor_, virtual_tables_);
  return Status::Ok();
}

void SltDatabase::Close() {
  service_.reset();
  if (engine_ != nullptr) engine_->Close();
  engine_.reset();
  executor_.reset();
}

Status SltDatabase::Restart() {
  Close();
  return Open();
}

Result<std::vector<std::string>> SltDatabase::Write(const std::string& database,
                                                    const std::string& precision,
                                                    const std::string& lines) {
  const auto unit = ingest::ParsePrecision(precision);
  if (!unit) return InvalidArgument("no precision \"{}\"", precision);
  const auto body = std::make_shared<std::string>(lines);
  auto decoded =
      ingest::DecodeLineProtocol(*body, {.precision = *unit, .default_time_ns = clock_.NowNs()});
  STRIA_RETURN_IF_ERROR(decoded.status);
  std::map<uint64_t, std::string> refused;
  for (const auto& error : decoded.errors)
    refused[error.line_number] = error.reason;
  const uint64_t num_decoded = decoded.num_rows;

  storage::WriteRequest request;
  request.database = database;
  request.batches = std::move(decoded.batches);
  request.keep_alive = body;
  const storage::WriteResult result = engine_->Write(std::move(request));
  STRIA_RETURN_IF_ERROR(result.status);
  if (result.rows_written + result.rows_rejected != num_decoded) {
    return InvalidArgument("{} rows decoded, {} written and {} rejected", num_decoded,
                           result.rows_written, result.rows_rejected);
  }
  for (const auto& rejection : result.rejections) {
    const auto before = body->begin() + static_cast<std::ptrdiff_t>(rejection.line_offset);
    refused[1 + static_cast<uint64_t>(std::count(body->begin(), before, '\n'))] = rejection.reason;
  }
  std::vector<std::string> reports;
  reports.reserve(refused.size());
  for (const auto& [line, reason] : refused)
    reports.push_back(fmt::format("{} {}", line, reason));
  return reports;
}

Answer SltDatabase::Run(const std::string& sql, const std::string& database) {
  AnswerSink sink;
  query::QueryRequest request;
  request.sql = sql;
  request.database = database;
  service_->Execute(request, sink);
  return sink.Take();
}

}  // namespace stria::slt
