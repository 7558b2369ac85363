// All endpoints over a real engine in a temporary directory or on a simulated disk, asked without a
// socket.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "query/session/session.h"
#include "server/http/http_router.h"
#include "server/http/http_server.h"
#include "server/rejects/rejects.h"
#include "server/routes.h"
#include "server/server_metrics.h"
#include "storage/base/memory_budget.h"
#include "storage/base/settings.h"
#include "storage/engine/engine.h"
#include "storage/io/file_system.h"
#include "tests/server/fake_reply.h"

namespace stria::server {

using SettingTexts = std::vector<std::pair<std::string, std::string>>;

/// Thread safety: confined.
class ServerFixture {
 public:
  /// On the real disk, or on `files`, which outlives this.
  explicit ServerFixture(const SettingTexts& settings = {}, storage::FileSystem* files = nullptr);
  ~ServerFixture();
  ServerFixture(const ServerFixture&) = delete;
  ServerFixture& operator=(const ServerFixture&) = delete;

  /// Sends a request through the router and waits for its answer. `target` is a path with its
  /// query.
  TakenAnswer Ask(std::string method, std::string_view target, std::string body = {},
                  std::vector<HttpHeader> headers = {});
  /// The same without waiting.
  std::shared_ptr<FakeReply::Outcome> Send(std::string method, std::string_view target,
                                           std::string body = {},
                                           std::vector<HttpHeader> headers = {});

  HttpResponse Get(std::string_view target) { return Ask("GET", target).response; }
  HttpResponse Post(std::string_view target, std::string body = {}) {
    return Ask("POST", target, std::move(body)).response;
  }
  /// The answer to a statement as CSV, or the body of the refusal.
  std::string Sql(std::string_view statement, std::string_view database = "db");

  /// Stops the engine in order and starts it again.
  void Restart();

  storage::Engine& engine() { return *engine_; }
  ServerState& state() { return state_; }
  HttpRouter& router() { return *router_; }
  const std::string& directory() const { return directory_; }

 private:
  void Open();
  void Close();

  std::string directory_;
  storage::FileSystem* files_;
  Settings settings_;
  ServerState state_;
  MemoryBudget memory_{"the process", MemoryBudget::kNoLimit};
  MemoryBudget query_memory_{"queries", MemoryBudget::kNoLimit, &memory_};
  std::unique_ptr<ServerMetrics> metrics_;
  std::unique_ptr<HttpRouter> router_;
  std::unique_ptr<HttpServer> http_;  // Bound and never started: metrics look at it.
  std::unique_ptr<storage::Engine> engine_;
  std::unique_ptr<RejectLog> reject_log_;
  std::unique_ptr<Rejects> rejects_;
  query::VirtualTableRegistry system_tables_;
  std::unique_ptr<query::QueryService> queries_;
  std::unique_ptr<Executor> executor_;
};

/// `text` percent-encoded.
std::string UrlEncode(std::string_view text);

/// The first header of that name, or "".
std::string HeaderOf(const HttpResponse& response, std::string_view name);

}  // namespace stria::server
