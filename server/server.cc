#include "server/server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "query/session/session.h"
#include "server/api/status_handlers.h"
#include "server/engine_settings.h"
#include "server/http/cors.h"
#include "server/http/http_router.h"
#include "server/http/http_server.h"
#include "server/http/response_head.h"
#include "server/memory_plan.h"
#include "server/port_owner.h"
#include "server/process_memory.h"
#include "server/routes.h"
#include "server/run_file.h"
#include "server/server_metrics.h"
#include "server/system_tables/system_tables.h"
#include "server/thread_counts.h"
#include "storage/base/errors.h"
#include "storage/base/executor.h"
#include "storage/base/log.h"
#include "storage/base/memory_budget.h"
#include "storage/engine/engine.h"
#include "storage/io/file_system.h"

namespace stria::server {
namespace {

constexpr int64_t kStopGraceMs = 10'000;
constexpr int64_t kWatchMemoryNs = 1'000'000'000;
constexpr unsigned kTrimPercent = 45;  // Before the engine flushes early.

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<HttpServerOptions> HttpOptionsOf(const Settings& settings) {
  STRIA_ASSIGN_OR_RETURN(const auto address, ParseHostPort(settings.Text("server.http"), 8181));
  HttpServerOptions options;
  options.host = address.first;
  options.port = address.second;
  options.num_threads = NumNetworkThreads(settings);
  options.max_body_bytes = settings.Size("ingest.max_batch");
  options.max_in_flight_bytes = settings.Size("ingest.max_in_flight");
  options.allows_origin = IsLoopbackOrigin;
  if (!IsLoopback(options.host) && !settings.Flag("server.insecure")) {
    return InvalidArgument(
        "--http {}: other machines can reach this address, and this version has neither "
        "authentication nor TLS. Listen on 127.0.0.1 and put a proxy in front, or say --insecure",
        settings.Text("server.http"));
  }
  return options;
}

Status ExplainTakenPort(const Status& status, const HttpServerOptions& options) {
  if (status.code() != StatusCode::kAlreadyExists) return status;
  const std::string owner = DescribePortOwner(options.port);
  return AlreadyExists(
      "{}:{} is taken by {}; stop it, or choose another port with --http {}:{}, or any free one "
      "with --http {}:0",
      options.host, options.port, owner.empty() ? "another process" : owner, options.host,
      options.port == 65535 ? 8182 : options.port + 1, options.host);
}

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(const Settings& settings) : settings_(settings) {}
  ~ServerImpl() override { Stop(); }

  // The wiring, bottom up; each part may use those before it.
  Status Start() {
    Clock& clock = SystemClock();
    Random& random = SystemRandom();
    state_.started_ns = clock.NowNs();
    STRIA_RETURN_IF_ERROR(ShareMemory(AvailableMemory(), settings_));
    LimitHeaps(settings_.Size("server.memory"));
    memory_ = std::make_unique<MemoryBudget>("process", settings_.Size("server.memory"));
    memory_->SetProbe(ResidentMemory);
    query_memory_ =
        std::make_unique<MemoryBudget>("queries", QueriesMemory(settings_), memory_.get());
    STRIA_ASSIGN_OR_RETURN(const auto http_options, HttpOptionsOf(settings_));
    auto http = HttpServer::Listen(http_options, router_, clock, random);
    if (!http) return ExplainTakenPort(http.error(), http_options);
    http_ = *std::move(http);
    const bool is_v6 = http_options.host.find(':') != std::string::npos;
    http_address_ = fmt::format("{0}{1}{2}:{3}", is_v6 ? "[" : "", http_options.host,
                                is_v6 ? "]" : "", http_->port());

    executor_ = MakeThreadExecutor(
        {.num_foreground = NumForegroundThreads(settings_), .num_background = 1});
    auto engine_options = EngineOptionsOf(settings_);
    engine_options.memory = memory_.get();
    STRIA_ASSIGN_OR_RETURN(
        engine_, storage::Engine::Open(engine_options, {.files = &storage::PosixFileSystem(),
                                                        .clock = &clock,
                                                        .random = &random,
                                                        .executor = executor_.get()}));
    metrics_.Watch(*engine_, *http_);
    metrics_.WatchMemory(*memory_, *query_memory_);
    reject_log_ = std::make_unique<RejectLog>(
        storage::PosixFileSystem(), settings_.Text("server.data") + "/rejects", RejectLimits{});
    // Those are lines that were refused: the server works without.
    if (const Status opened = reject_log_->Open(); !opened.ok()) {
      Log(LogLevel::kWarning, "rejected lines are kept in memory only",
          {{"reason", opened.ToString()}});
    }
    rejects_ = std::make_unique<Rejects>(*reject_log_, *engine_, *executor_);
    AddSystemTables(system_tables_, *engine_, settings_, *reject_log_);
    queries_ = query::MakeQueryService(*engine_, clock, *executor_, system_tables_);
    AddRoutes({.settings = &settings_,
               .state = &state_,
               .engine = engine_.get(),
               .queries = queries_.get(),
               .metrics = &metrics_,
               .rejects = rejects_.get(),
               .executor = executor_.get(),
               .clock = &clock,
               .random = &random,
               .query_memory = query_memory_.get()},
              router_);

    // Without the file the server works all the same: the disk may be full, and reads go on.
    const Status written = run_file_.Write(
        storage::PosixFileSystem(), settings_.Text("server.data"), {{"http", http_->port()}});
    if (!written.ok()) Log(LogLevel::kWarning, "run.json", {{"error", written.ToString()}});
    WatchMemory();
    http_->Start();
    const auto recovered = engine_->metrics();
    Log(LogLevel::kInfo, "ready",
        {{"http", http_address_},
         {"data", settings_.Text("server.data")},
         {"version", std::string(kVersion)},
         {"rows_recovered", fmt::format("{}", recovered.rows_recovered)},
         {"recovery_ms", fmt::format("{}", recovered.recovery_ns / 1'000'000)}});
    return Status::Ok();
  }

  void Stop() override {
    if (http_ == nullptr || state_.stopping.exchange(true)) return;
    http_->Stop(kStopGraceMs);
    if (engine_ == nullptr) return;  // The start failed.
    if (rejects_ != nullptr) rejects_->Persist();
    engine_->Close();
    run_file_.Remove();
    Log(LogLevel::kInfo, "stopped", {{"http", http_address_}});
  }

  std::string http_address() const override { return http_address_; }

 private:
  // What was freed counts as used as long as the heap keeps it.
  void WatchMemory() {
    executor_->PostAfter(Lane::kForeground, kWatchMemoryNs, [this] {
      memory_->Measure();
      if (memory_->FreeBelow(kTrimPercent) == 0) {
        TrimHeaps();
        memory_->Measure();
      }
      WatchMemory();
    });
  }

  Settings settings_;
  std::unique_ptr<MemoryBudget> memory_, query_memory_;  // Before all that charge them.
  ServerState state_;
  std::string http_address_;
  RunFile run_file_;
  ServerMetrics metrics_;
  HttpRouter router_;
  // Handlers refer to what stands before them, tasks of the executor to the engine: in the
  // destructor the executor finishes before the engine dies.
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<storage::Engine> engine_;
  std::unique_ptr<RejectLog> reject_log_;
  std::unique_ptr<Rejects> rejects_;
  query::VirtualTableRegistry system_tables_;
  std::unique_ptr<query::QueryService> queries_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Start(const Settings& settings) {
  auto server = std::make_unique<ServerImpl>(settings);
  STRIA_RETURN_IF_ERROR(server->Start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace stria::server
