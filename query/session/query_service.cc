// Parses, binds, optimizes, runs.

#include <limits>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "query/bind/binder.h"
#include "query/exec/physical_planner.h"
#include "query/optimize/optimizer.h"
#include "query/session/delete_rows.h"
#include "query/session/empty_answer.h"
#include "query/session/explain_answer.h"
#include "query/session/session.h"
#include "query/session/value_rows.h"
#include "query/sql/parse.h"

namespace stria::query {
namespace {

// The first statement that uses a rule of the grammar takes 2 ms longer than the next.
constexpr std::string_view kWarmUpStatements[] = {
    "SELECT time_bucket('1h', time) AS hour, host, avg(x), max(y) FROM d.t WHERE host IN ('a', "
    "'b') "
    "AND time >= '2016-01-01' AND time < now() - interval '1 hour' GROUP BY hour, host HAVING "
    "count(*) > 1 ORDER BY hour DESC, 2 LIMIT 5 OFFSET 1",
    "SELECT DISTINCT ON (host) * FROM t ORDER BY host, time DESC",
    "WITH c AS (SELECT a + 1 AS b FROM t WHERE a BETWEEN 1 AND 2 OR NOT s LIKE 'x%') SELECT CASE "
    "WHEN b IS NULL THEN -1 ELSE b::float64 END FROM (SELECT b FROM c) AS q",
    "EXPLAIN ANALYZE SELECT 1",
    "SHOW TABLES",
    "SHOW DATABASES",
    "DESCRIBE t",
    "DELETE FROM t WHERE time < now() - interval '1 hour' AND host IN ('a', 'b')",
};

// Counts what it is given and forgets it, for EXPLAIN ANALYZE.
class DiscardingSink final : public ResultSink {
 public:
  void OnColumns(const std::vector<OutputColumn>&) override {}
  bool OnBatch(const Batch&) override { return true; }
  void OnEnd(const QueryStats&, const std::string&) override {}
  void OnError(const QueryError&) override {}
};

std::vector<std::vector<Value>> Lines(std::string_view text) {
  std::vector<std::vector<Value>> rows;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    rows.push_back({Value::String(std::string(text.substr(0, end)))});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return rows;
}

struct Services {
  storage::Engine& engine;
  Clock& clock;
  Executor& executor;
  const VirtualTableRegistry& virtual_tables;
};

// One execution. Every kind of statement ends in exactly one OnEnd() or OnError().
class Execution {
 public:
  Execution(const Services& services, const QueryRequest& request, ResultSink& sink)
      : services_(services),
        request_(request),
        sink_(sink),
        start_ns_(services.clock.MonotonicNs()) {}

  void Run() {
    const ParseResult parsed = ParseStatementCached(request_.sql);
    if (const auto* error = std::get_if<QueryError>(&parsed)) return sink_.OnError(*error);
    const AccessCheck access = WatchedAccess();
    const BindContext context{.engine = services_.engine,
                              .virtual_tables = services_.virtual_tables,
                              .database = request_.database,
                              .now_ns = services_.clock.NowNs(),
                              .access = request_.access ? &access : nullptr};
    auto bound = BindStatement(**std::get_if<std::shared_ptr<const Statement>>(&parsed), context);
    if (!bound) return sink_.OnError(bound.error());
    std::visit([this](auto& statement) { Answer(statement); }, *bound);
  }

 private:
  // Notes when a reader sees only some rows: the reason for an empty answer may then not be told.
  AccessCheck WatchedAccess() {
    return [this](Access access, std::string_view database, std::string_view table) {
      auto filter = request_.access(access, database, table);
      if (filter && !filter->empty()) sees_all_ = false;
      return filter;
    };
  }

  void Answer(PlanPtr& plan) {
    Optimize(plan);
    ExecContext exec = MakeExecContext();
    const auto error = ExecutePlan(*plan, exec, sink_);
    stats_ = exec.stats;
    if (error) return sink_.OnError(*error);
    std::string note;
    if (stats_.rows_returned == 0 && sees_all_)
      note = ExplainEmptyAnswer(*plan, stats_, services_.engine);
    End(note);
  }

  void Answer(BoundExplain& explain) {
    Optimize(explain.plan);
    const int64_t planned_ns = services_.clock.MonotonicNs();
    std::string text = ExplainText(*explain.plan);
    if (explain.analyze) {
      ExecContext exec = MakeExecContext();
      DiscardingSink discard;
      const auto error = ExecutePlan(*explain.plan, exec, discard);
      stats_ = exec.stats;
      if (error) return sink_.OnError(*error);
      text +=
          AnalyzeText(stats_, planned_ns - start_ns_, services_.clock.MonotonicNs() - planned_ns);
    }
    stats_.rows_returned = SendRows({{"plan", DataType::kString}}, Lines(text), sink_);
    End({});
  }

  void Answer(const BoundRows& answer) {
    stats_.rows_returned = SendRows(answer.columns, answer.rows, sink_);
    End({});
  }

  void Answer(const BoundCreateDatabase& create) {
    const bool was_there = services_.engine.HasDatabase(create.name);
    const Status status = services_.engine.CreateDatabase(create.name);
    if (!status.ok()) return Fail(status, create.position);
    sink_.OnColumns({});
    End(fmt::format("database \"{}\" {}", create.name, was_there ? "was there" : "created"));
  }

  void Answer(const BoundCreateTable& create) {
    Status status;
    if (!create.is_there) status = services_.engine.CreateTable(create.table);
    // Somebody else may have made it since it was bound.
    const bool was_there = create.is_there || status.code() == StatusCode::kAlreadyExists;
    if (!status.ok() && !(was_there && create.if_not_exists)) return Fail(status, create.position);
    sink_.OnColumns({});
    End(fmt::format("table \"{}\" {}", create.table.name, was_there ? "was there" : "created"));
  }

  void Answer(const BoundSetOptions& change) {
    const Status status =
        services_.engine.SetOptions(change.database, change.table, change.options);
    if (!status.ok()) return Fail(status, change.position);
    sink_.OnColumns({});
    End(fmt::format("table \"{}\" changed{}", change.table,
                    change.options.partition_ns
                        ? "; the width of partitions holds for parts that are written from now on"
                        : ""));
  }

  void Answer(const BoundDelete& bound) {
    const auto made = MakeDeleteRequest(bound);
    if (const auto* error = std::get_if<QueryError>(&made)) return sink_.OnError(*error);
    const auto& request = *std::get_if<storage::DeleteRequest>(&made);
    if (const Status status = services_.engine.Delete(request); !status.ok())
      return Fail(status, bound.position);
    sink_.OnColumns({});
    End(DescribeDelete(request));
  }

  void Answer(const BoundDrop& drop) {
    std::string what;
    Status status;
    switch (drop.kind) {
      case BoundDrop::Kind::kTable:
        what = fmt::format("table \"{}\"", drop.table);
        if (drop.is_there) status = services_.engine.DropTable(drop.database, drop.table);
        break;
      case BoundDrop::Kind::kDatabase:
        what = fmt::format("database \"{}\"", drop.database);
        if (drop.is_there) status = services_.engine.DropDatabase(drop.database);
        break;
      case BoundDrop::Kind::kColumn:
        what = fmt::format("column \"{}\"", drop.column);
        if (drop.is_there)
          status = services_.engine.DropColumn(drop.database, drop.table, drop.column);
        break;
    }
    // Somebody else may have dropped it since it was bound.
    const bool was_there = drop.is_there && status.code() != StatusCode::kNotFound;
    if (!status.ok() && (was_there || !drop.if_exists)) return Fail(status, drop.position);
    sink_.OnColumns({});
    End(fmt::format("{} {}", what, was_there ? "dropped" : "was not there"));
  }

  void Fail(const Status& status, Position position) {
    QueryError error = ToQueryError(status);
    error.line = position.line;
    error.column = position.column;
    sink_.OnError(error);
  }

  ExecContext MakeExecContext() const {
    int64_t deadline_ns = 0;
    if (__builtin_add_overflow(start_ns_, request_.limits.timeout_ns, &deadline_ns))
      deadline_ns = std::numeric_limits<int64_t>::max();
    return {.engine = services_.engine,
            .executor = services_.executor,
            .clock = services_.clock,
            .deadline_ns = deadline_ns,
            .cancelled = request_.cancelled.get(),
            .memory_bytes = request_.limits.memory_bytes,
            .memory = request_.limits.memory,
            .max_rows = request_.limits.max_rows,
            .stats = {}};
  }

  void End(const std::string& note) {
    stats_.elapsed_ns = services_.clock.MonotonicNs() - start_ns_;
    sink_.OnEnd(stats_, note);
  }

  const Services& services_;
  const QueryRequest& request_;
  ResultSink& sink_;
  const int64_t start_ns_;
  QueryStats stats_;
  bool sees_all_ = true;
};

class QueryServiceImpl final : public QueryService {
 public:
  explicit QueryServiceImpl(const Services& services) : services_(services) {
    for (const std::string_view sql : kWarmUpStatements)
      static_cast<void>(ParseStatement(sql));
  }

  void Execute(const QueryRequest& request, ResultSink& sink) override {
    Execution(services_, request, sink).Run();
  }

 private:
  const Services services_;
};

}  // namespace

std::unique_ptr<QueryService> MakeQueryService(storage::Engine& engine, Clock& clock,
                                               Executor& executor,
                                               const VirtualTableRegistry& virtual_tables) {
  return std::make_unique<QueryServiceImpl>(Services{engine, clock, executor, virtual_tables});
}

}  // namespace stria::query
