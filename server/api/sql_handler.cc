#include "server/api/sql_handler.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "query/output/row_writer.h"
#include "server/api/query_places.h"
#include "server/api/sql_request.h"
#include "server/api/statement_costs.h"
#include "server/auth/principal.h"
#include "server/http/api_error.h"

namespace stria::server {
namespace {

// Rows are sent when they are this much text: large enough that a system call and a chunk's head
// are nothing beside it.
constexpr size_t kPieceBytes = 128 << 10;

// One statement from its request to the end of its answer.
struct Statement {
  HttpRequest request;
  SqlRequest sql;
  std::string kind;  // Of StatementCosts.
  HttpReplyPtr reply;
  std::string query_id;
  int64_t started_ns = 0;
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
};

ApiError ApiErrorOf(const query::QueryError& error) {
  return {.code = error.code,
          .message = error.message,
          .line = error.line,
          .column = error.column,
          .hint = error.hint,
          .http_status = 0};
}

Action ActionOf(query::Access access) {
  switch (access) {
    case query::Access::kRead: break;
    case query::Access::kCreate: return Action::kCreate;
    case query::Access::kAlter: return Action::kAdmin;
    case query::Access::kDelete: return Action::kWrite;
    case query::Access::kDrop: return Action::kAdmin;
  }
  return Action::kRead;
}

// The door that each table of a statement goes through.
query::AccessCheck AccessOf(Principal principal) {
  return [principal = std::move(principal)](query::Access access, std::string_view database,
                                            std::string_view table) -> Result<query::RowFilter> {
    STRIA_RETURN_IF_ERROR(Authorize(principal, ActionOf(access), database, table));
    return query::RowFilter();
  };
}

std::string MessageForPeople(const query::QueryError& error) {
  std::string message = error.message;
  if (error.line != 0) message += fmt::format(", line {} column {}", error.line, error.column);
  if (!error.hint.empty()) message += ". " + error.hint;
  return message;
}

HttpResponse HeadOf(const Statement& statement) {
  HttpResponse head;
  head.content_type = query::ContentTypeOf(statement.sql.format);
  head.headers.push_back({"X-Query-Id", statement.query_id});
  return head;
}

void SendError(const Statement& statement, const ApiError& error) {
  HttpResponse response = ErrorResponse(statement.request, error);
  response.headers.push_back({"X-Query-Id", statement.query_id});
  statement.reply->Send(std::move(response));
}

// Turns rows into text. What becomes of the text differs.
class TextSink : public query::ResultSink {
 public:
  explicit TextSink(const Statement& statement)
      : statement_(statement),
        writer_(query::MakeRowWriter(statement.sql.format, statement.sql.times)) {}

  void OnColumns(const std::vector<query::OutputColumn>& columns) final {
    writer_->Begin(columns, text_);
  }
  void OnError(const query::QueryError& error) override { error_ = error; }
  void OnEnd(const query::QueryStats& stats, const std::string& note) override {
    writer_->End(stats, note, text_);
  }

  const std::optional<query::QueryError>& error() const { return error_; }

 protected:
  const Statement& statement_;
  const std::unique_ptr<query::RowWriter> writer_;
  std::string text_;
  std::optional<query::QueryError> error_;
};

// Sends rows while the statement runs, which has taken a place. May wait for the client: not for
// threads of the network.
class StreamingSink final : public TextSink {
 public:
  StreamingSink(const Statement& statement, QueryPlaces& places)
      : TextSink(statement), places_(places) {}

  bool OnBatch(const query::Batch& batch) override {
    writer_->Rows(batch, text_);
    if (text_.size() < kPieceBytes) return true;
    if (has_begun_) return Write();
    has_begun_ = true;
    HttpResponse head = HeadOf(statement_);
    head.body = std::exchange(text_, {});
    statement_.reply->Begin(std::move(head));
    return true;
  }

  // After the statement: the rest of the answer.
  void Finish() {
    if (!has_begun_) {
      if (error_) return SendError(statement_, ApiErrorOf(*error_));
      HttpResponse response = HeadOf(statement_);
      response.body = std::move(text_);
      return statement_.reply->Send(std::move(response));
    }
    bool is_whole = true;
    if (error_) {
      is_whole = writer_->Fail(HouseErrorObject(ApiErrorOf(*error_), statement_.request.request_id),
                               MessageForPeople(*error_), text_);
    }
    // An answer that is not ended breaks the connection.
    if (Write() && is_whole) statement_.reply->End();
  }

 private:
  // False when the client is gone.
  bool Write() {
    places_.Give();
    const bool goes_on = statement_.reply->Write(std::exchange(text_, {}));
    places_.Take();
    return goes_on;
  }

  QueryPlaces& places_;
  bool has_begun_ = false;
};

// Keeps a small answer. A large one makes the statement stop.
class TrySink final : public TextSink {
 public:
  TrySink(const Statement& statement, size_t max_bytes)
      : TextSink(statement), max_bytes_(max_bytes) {}

  bool OnBatch(const query::Batch& batch) override {
    writer_->Rows(batch, text_);
    is_too_large_ = is_too_large_ || text_.size() > max_bytes_;
    return !is_too_large_;
  }

  // Whether the try exceeded its budget: of output, or of time when that was `shortened`.
  bool exceeded(bool shortened) const {
    return is_too_large_ || (shortened && error_ && error_->code == "timeout");
  }

  void Finish() {
    if (error_) return SendError(statement_, ApiErrorOf(*error_));
    HttpResponse response = HeadOf(statement_);
    response.body = std::move(text_);
    statement_.reply->Send(std::move(response));
  }

 private:
  const size_t max_bytes_;
  bool is_too_large_ = false;
};

class SqlHandler final : public HttpHandler, public std::enable_shared_from_this<SqlHandler> {
 public:
  SqlHandler(const SqlHandlerOptions& options, const SqlHandlerEnv& env)
      : options_(options), env_(env), places_(options.max_running) {}

  void Handle(HttpRequest request, HttpReplyPtr reply) override {
    const auto statement = std::make_shared<Statement>();
    statement->started_ns = env_.clock->MonotonicNs();
    statement->query_id = fmt::format("{:016x}", env_.random->Next());
    statement->reply = std::move(reply);
    statement->request = std::move(request);
    if (auto error = Prepare(*statement)) {
      Report(*statement, error->code);
      return SendError(*statement, *error);
    }
    if (IsLikelyShort(*statement) && TryHere(*statement)) return;

    if (num_waiting_.fetch_add(1) >= options_.max_waiting) {
      num_waiting_.fetch_sub(1);
      ApiError error;
      error.code = "overloaded";
      error.message = fmt::format("{} statements wait already; send it again in a second",
                                  options_.max_waiting);
      Report(*statement, error.code);
      return SendError(*statement, error);
    }
    statement->reply->OnClientGone([cancelled = statement->cancelled] { cancelled->store(true); });
    env_.executor->Post(Lane::kForeground, [this, self = shared_from_this(), statement] {
      places_.Take();
      num_waiting_.fetch_sub(1);
      Run(*statement);
      places_.Give();
    });
  }

 private:
  std::optional<ApiError> Prepare(Statement& statement) const {
    auto read = ReadSqlRequest(statement.request, options_.limits, options_.max_statement_bytes);
    if (auto* const error = std::get_if<ApiError>(&read)) return std::move(*error);
    statement.sql = std::get<SqlRequest>(std::move(read));
    statement.kind = WithoutLiterals(statement.sql.sql);
    return std::nullopt;
  }

  bool IsLikelyShort(const Statement& statement) const {
    // Nothing but a SELECT is run twice.
    constexpr std::string_view kSelect = "select";
    const bool is_select = std::ranges::equal(
        std::string_view(statement.kind).substr(0, kSelect.size()), kSelect, {},
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return is_select &&
           costs_.Expect(statement.sql.database, statement.kind) <= options_.inline_expected_ns;
  }

  query::QueryRequest RequestOf(const Statement& statement) const {
    return {.sql = statement.sql.sql,
            .database = statement.sql.database,
            .limits = statement.sql.limits,
            .cancelled = statement.cancelled,
            .access = AccessOf(Principal::Anonymous())};
  }

  // Runs the statement on this thread within a small budget. False when that was not enough;
  // nothing was answered then.
  bool TryHere(const Statement& statement) {
    query::QueryRequest request = RequestOf(statement);
    const bool is_shortened = request.limits.timeout_ns > options_.inline_budget_ns;
    if (is_shortened) request.limits.timeout_ns = options_.inline_budget_ns;
    TrySink sink(statement, options_.inline_output_bytes);
    Execute(statement, request, sink);
    if (sink.exceeded(is_shortened)) return false;
    Report(statement, sink.error() ? sink.error()->code : "ok");
    sink.Finish();
    return true;
  }

  void Run(const Statement& statement) {
    StreamingSink sink(statement, places_);
    Execute(statement, RequestOf(statement), sink);
    Report(statement, sink.error() ? sink.error()->code : "ok");
    sink.Finish();
  }

  void Execute(const Statement& statement, const query::QueryRequest& request,
               query::ResultSink& sink) {
    const int64_t begin_ns = env_.clock->MonotonicNs();
    env_.service->Execute(request, sink);
    costs_.Note(statement.sql.database, statement.kind, env_.clock->MonotonicNs() - begin_ns);
  }

  // Before the last of the answer is sent: whoever has it finds it counted.
  void Report(const Statement& statement, std::string_view result) const {
    env_.observer->OnQuery(
        {.result = result, .elapsed_ns = env_.clock->MonotonicNs() - statement.started_ns});
  }

  const SqlHandlerOptions options_;
  const SqlHandlerEnv env_;
  StatementCosts costs_;
  QueryPlaces places_;
  std::atomic<size_t> num_waiting_ = 0;
};

}  // namespace

std::shared_ptr<HttpHandler> MakeSqlHandler(const SqlHandlerOptions& options,
                                            const SqlHandlerEnv& env) {
  return std::make_shared<SqlHandler>(options, env);
}

}  // namespace stria::server
