#include "tests/server/server_fixture.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/engine_settings.h"
#include "server/system_tables/system_tables.h"

namespace stria::server {

ServerFixture::ServerFixture(const SettingTexts& settings, storage::FileSystem* files)
    : files_(files != nullptr ? files : &storage::PosixFileSystem()) {
  if (files == nullptr) {
    directory_ = (std::filesystem::temp_directory_path() / "stria-server-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  } else {
    directory_ = "/data";
  }
  EXPECT_TRUE(settings_.Set("server.data", directory_).ok());
  EXPECT_TRUE(settings_.Set("storage.wal_segment", "1MiB").ok());
  for (const auto& [name, text] : settings)
    EXPECT_TRUE(settings_.Set(name, text).ok()) << name;
  Open();
}

ServerFixture::~ServerFixture() {
  Close();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void ServerFixture::Open() {
  metrics_ = std::make_unique<ServerMetrics>();
  router_ = std::make_unique<HttpRouter>();
  HttpServerOptions http_options;
  http_options.port = 0;
  auto http = HttpServer::Listen(http_options, *router_, SystemClock(), SystemRandom());
  ASSERT_TRUE(http.has_value()) << http.error().ToString();
  http_ = *std::move(http);
  executor_ = MakeThreadExecutor({.num_foreground = 2, .num_background = 1});
  auto engine = storage::Engine::Open(EngineOptionsOf(settings_), {.files = files_,
                                                                   .clock = &SystemClock(),
                                                                   .random = &SystemRandom(),
                                                                   .executor = executor_.get()});
  ASSERT_TRUE(engine.has_value()) << engine.error().ToString();
  engine_ = *std::move(engine);
  metrics_->Watch(*engine_, *http_);
  metrics_->WatchMemory(memory_, query_memory_);
  system_tables_ = {};
  reject_log_ = std::make_unique<RejectLog>(
      storage::PosixFileSystem(), settings_.Text("server.data") + "/rejects", RejectLimits{});
  EXPECT_TRUE(reject_log_->Open().ok());
  rejects_ = std::make_unique<Rejects>(*reject_log_, *engine_, *executor_);
  AddSystemTables(system_tables_, *engine_, settings_, *reject_log_);
  queries_ = query::MakeQueryService(*engine_, SystemClock(), *executor_, system_tables_);
  state_.started_ns = SystemClock().NowNs();
  AddRoutes({.settings = &settings_,
             .state = &state_,
             .engine = engine_.get(),
             .queries = queries_.get(),
             .metrics = metrics_.get(),
             .rejects = rejects_.get(),
             .executor = executor_.get(),
             .clock = &SystemClock(),
             .random = &SystemRandom()},
            *router_);
}

void ServerFixture::Close() {
  if (rejects_ != nullptr) rejects_->Persist();
  if (engine_ != nullptr) engine_->Close();
  executor_.reset();
  router_.reset();
  queries_.reset();
  engine_.reset();
  http_.reset();
}

void ServerFixture::Restart() {
  Close();
  Open();
}

std::shared_ptr<FakeReply::Outcome> ServerFixture::Send(std::string method, std::string_view target,
                                                        std::string body,
                                                        std::vector<HttpHeader> headers) {
  HttpRequest request;
  request.method = std::move(method);
  const size_t question = std::min(target.find('?'), target.size());
  request.path = PercentDecode(target.substr(0, question));
  request.query = ParseQueryString(target.substr(std::min(question + 1, target.size())));
  request.headers = std::move(headers);
  const auto owner = std::make_shared<std::string>(std::move(body));
  request.body = *owner;
  request.body_owner = owner;
  request.request_id = "request-1";
  auto outcome = std::make_shared<FakeReply::Outcome>();
  router_->Handle(std::move(request), std::make_shared<FakeReply>(outcome));
  return outcome;
}

TakenAnswer ServerFixture::Ask(std::string method, std::string_view target, std::string body,
                               std::vector<HttpHeader> headers) {
  return Send(std::move(method), target, std::move(body), std::move(headers))->Wait();
}

std::string ServerFixture::Sql(std::string_view statement, std::string_view database) {
  return Get(fmt::format("/api/v1/sql?format=csv&db={}&q={}", UrlEncode(database),
                         UrlEncode(statement)))
      .body;
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return encoded;
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  for (const auto& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

}  // namespace stria::server
