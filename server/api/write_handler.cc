#include "server/api/write_handler.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "ingest/line_protocol.h"
#include "ingest/utf8.h"
#include "query/bind/relation_binder.h"
#include "server/api/write_answer.h"
#include "server/auth/principal.h"
#include "server/http/api_error.h"
#include "server/http/content_encoding.h"

namespace stria::server {
namespace {

std::string_view ProtocolName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kInfluxV2: return "influx_v2";
    case Dialect::kQuestDb: return "questdb";
    default: return "influx_v1";
  }
}

ApiError Error(std::string_view code, std::string message, std::string hint = {}) {
  return {.code = std::string(code),
          .message = std::move(message),
          .line = 0,
          .column = 0,
          .hint = std::move(hint),
          .http_status = 0};
}

// Where and how to write.
struct WriteTarget {
  std::string database;
  ingest::Precision precision = ingest::Precision::kNanoseconds;
  bool sync = true;
};

// One request on its way through decoder and engine; shared with the engine's callback.
struct PendingWrite {
  HttpRequest request;  // Its body may be the owner of strings.
  HttpReplyPtr reply;
  Dialect dialect = Dialect::kInfluxV1;
  WriteTarget target;
  DecodedContent content;
  ByteShare inflated;
  std::string warning;
  WriteOutcome outcome;
};

class WriteHandler final : public HttpHandler {
 public:
  WriteHandler(const WriteHandlerOptions& options, storage::Engine& engine, Clock& clock,
               WriteObserver& observer)
      : options_(options),
        engine_(engine),
        clock_(clock),
        observer_(observer),
        inflated_(options.max_inflated_bytes) {}

  void Handle(HttpRequest request, HttpReplyPtr reply) override {
    const auto write = std::make_shared<PendingWrite>();
    write->dialect = DialectOf(request);
    write->request = std::move(request);
    write->reply = std::move(reply);
    if (auto error = Prepare(*write)) return Refuse(*write, *error);

    const storage::KnownSeries known = engine_.SeriesOf(write->target.database);
    auto decoded = ingest::DecodeLineProtocol(
        write->content.bytes,
        {.precision = write->target.precision, .default_time_ns = clock_.NowNs(), .known = &known});
    if (!decoded.status.ok()) {
      return Refuse(*write, Error("too_large", std::string(decoded.status.message())));
    }
    write->warning = std::move(decoded.warning);
    write->outcome.body = write->content.bytes;
    write->outcome.line_errors = std::move(decoded.errors);
    write->outcome.num_line_errors = decoded.num_errors;
    if (decoded.num_rows == 0) return Answer(*write);
    engine_.Submit({.database = write->target.database,
                    .batches = std::move(decoded.batches),
                    .keep_alive = write->content.owner,
                    .sync = write->target.sync},
                   [this, write](storage::WriteResult result) {
                     write->outcome.result = std::move(result);
                     Answer(*write);
                   });
  }

 private:
  // Everything before the first line is looked at.
  std::optional<ApiError> Prepare(PendingWrite& write) {
    if (auto error = FindTarget(write)) return error;
    const Status allowed =
        Authorize(Principal::Anonymous(), Action::kWrite, write.target.database, "");
    if (!allowed.ok()) return ErrorOf(allowed);
    if (!options_.create_databases && !engine_.HasDatabase(write.target.database)) {
      return UnknownDatabase(write);
    }
    const std::string_view encoding = write.request.Header("Content-Encoding");
    auto content = DecodeContent(encoding, write.request.body, write.request.body_owner,
                                 options_.max_batch_bytes);
    if (!content) return ContentError(content.error());
    write.content = *std::move(content);
    write.inflated = ByteShare(inflated_);
    const bool was_compressed = write.content.owner != write.request.body_owner;
    if (was_compressed && !write.inflated.GrowTo(write.content.bytes.size())) {
      return Error("overloaded",
                   "too many bytes of requests are in flight; send again in a second");
    }
    return std::nullopt;
  }

  std::optional<ApiError> FindTarget(PendingWrite& write) const {
    const HttpRequest& request = write.request;
    const bool is_v2 = write.dialect == Dialect::kInfluxV2;
    if (write.dialect == Dialect::kQuestDb) {
      write.target.database = options_.default_database;
    } else {
      const std::string_view parameter = is_v2 || !request.HasQuery("db") ? "bucket" : "db";
      const std::string_view name = request.Query(parameter);
      if (name.empty()) {
        return Error("invalid_argument", is_v2 ? "bucket is required" : "database is required");
      }
      // A retention policy may come in its own parameter or as `database/policy`. There is one
      // policy for each database, whatever it is called by default.
      const size_t slash = std::min(name.find('/'), name.size());
      const std::string_view policy =
          slash < name.size() ? name.substr(slash + 1) : request.Query("rp");
      write.target.database = name.substr(0, slash);
      if (!policy.empty() && policy != "autogen" && policy != "default") {
        return is_v2 ? Error("unknown_database", fmt::format("bucket \"{}\" not found", name))
                     : Error("unknown_database",
                             fmt::format("retention policy not found: \"{}\"", policy));
      }
    }
    if (auto error = CheckName(write.target.database)) return error;
    const std::string_view precision_name = request.Query("precision");
    const auto precision = ingest::ParsePrecision(precision_name);
    const bool is_coarse = precision == ingest::Precision::kMinutes ||
                           precision == ingest::Precision::kHours;  // Not in InfluxDB 2.
    if (!precision || (is_v2 && is_coarse)) {
      return Error("invalid_argument",
                   is_v2 ? "invalid precision; valid precision units are ns, us, ms, and s"
                         : fmt::format("invalid precision \"{}\" (use n, u, ms, s, m or h)",
                                       precision_name));
    }
    write.target.precision = *precision;
    const std::string_view sync = request.Query("sync");
    if (!sync.empty() && sync != "fsync" && sync != "none") {
      return Error("invalid_argument",
                   fmt::format("invalid sync \"{}\" (use fsync or none)", sync));
    }
    write.target.sync = sync != "none";
    return std::nullopt;
  }

  // A database that a write would make, but no statement could read.
  static std::optional<ApiError> CheckName(std::string_view database) {
    if (database == query::kSystemDatabase) {
      return Error("invalid_argument",
                   "the database \"system\" is the server's own; write to another one");
    }
    if (!ingest::IsUtf8(database)) {
      return Error("invalid_argument", "the name of the database is not UTF-8");
    }
    return std::nullopt;
  }

  static ApiError UnknownDatabase(const PendingWrite& write) {
    const std::string& database = write.target.database;
    return Error("unknown_database", write.dialect == Dialect::kInfluxV2
                                         ? fmt::format("bucket \"{}\" not found", database)
                                         : fmt::format("database not found: \"{}\"", database));
  }

  static ApiError ContentError(const Status& status) {
    ApiError error = ErrorOf(status);
    if (status.code() == StatusCode::kResourceExhausted) error.code = "too_large";
    if (status.code() == StatusCode::kUnimplemented) error.http_status = 415;
    return error;
  }

  // A failure of the engine: nothing was stored.
  static ApiError EngineError(const PendingWrite& write) {
    const Status& status = write.outcome.result.status;
    ApiError error = ErrorOf(status);
    switch (status.code()) {
      case StatusCode::kNotFound: return UnknownDatabase(write);
      case StatusCode::kIoError: error.code = "read_only"; break;
      case StatusCode::kUnavailable: error.code = "not_ready"; break;
      default: break;
    }
    return error;
  }

  // Keeps the lines that were refused for what their table is.
  void KeepRejected(const PendingWrite& write) const {
    if (options_.on_rejected == nullptr || write.outcome.result.rejections.empty()) return;
    std::vector<RejectedLine> lines;
    const int64_t now_ns = clock_.NowNs();
    for (const auto& rejection : write.outcome.result.rejections) {
      if (rejection.code == StatusCode::kUnavailable) continue;  // Its sender sends it again.
      lines.push_back({.id = 0,
                       .time_ns = now_ns,
                       .precision = write.target.precision,
                       .database = write.target.database,
                       .table = rejection.table,
                       .line = std::string(LineAt(write.outcome.body, rejection.line_offset)),
                       .code = std::string(RejectionCode(rejection)),
                       .reason = rejection.reason,
                       .source = std::string(ProtocolName(write.dialect))});
    }
    options_.on_rejected(std::move(lines));
  }

  // Answers when the engine is done. May run on the log's thread.
  void Answer(PendingWrite& write) {
    const WriteOutcome& outcome = write.outcome;
    observer_.OnWrite({.protocol = ProtocolName(write.dialect),
                       .database = write.target.database,
                       .rows = outcome.result.rows_written,
                       .lines_unparsed = outcome.num_line_errors,
                       .rows_in_conflict = outcome.result.rows_rejected});
    if (!outcome.result.status.ok()) return Refuse(write, EngineError(write));
    KeepRejected(write);
    const auto is_field = [&](std::string_view table, std::string_view column) {
      const auto schema = engine_.FindTable(write.target.database, table);
      const auto* const found = schema == nullptr ? nullptr : schema->Find(column);
      return found != nullptr && found->role == ColumnRole::kField;
    };
    if (const auto error = DescribeOutcome(outcome, write.dialect, is_field)) {
      return Refuse(write, *error, RowsWritten(outcome));
    }
    HttpResponse response;
    response.status = 204;
    response.headers.push_back({"X-Durability", write.target.sync ? "fsync" : "none"});
    response.headers.push_back(RowsWritten(outcome));
    if (!write.warning.empty()) response.headers.push_back({"X-Stria-Warning", write.warning});
    write.reply->Send(std::move(response));
  }

  // What a client that counts wants to know, above all of a body that was stored in part.
  static HttpHeader RowsWritten(const WriteOutcome& outcome) {
    return {"X-Stria-Rows-Written", fmt::format("{}", outcome.result.rows_written)};
  }

  static void Refuse(PendingWrite& write, const ApiError& error, HttpHeader rows_written = {}) {
    HttpResponse response = ErrorResponse(write.request, error);
    if (!rows_written.name.empty()) response.headers.push_back(std::move(rows_written));
    if (!write.warning.empty()) response.headers.push_back({"X-Stria-Warning", write.warning});
    write.reply->Send(std::move(response));
  }

  const WriteHandlerOptions options_;
  storage::Engine& engine_;
  Clock& clock_;
  WriteObserver& observer_;
  ByteBudget inflated_;
};

}  // namespace

std::shared_ptr<HttpHandler> MakeWriteHandler(const WriteHandlerOptions& options,
                                              storage::Engine& engine, Clock& clock,
                                              WriteObserver& observer) {
  return std::make_shared<WriteHandler>(options, engine, clock, observer);
}

}  // namespace stria::server
