#include "server/api/sql_handler.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/api/statement_costs.h"
#include "tests/server/server_fixture.h"

namespace stria::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string ManyRows(int num_rows) {
  std::string lines;
  for (int i = 0; i < num_rows; ++i)
    lines += fmt::format("m,device=d{} v={}i,text=\"some text to send\" {}\n", i % 10, i, i + 1);
  return lines;
}

TEST(SqlHandlerTest, TakesAStatementInEachPlace) {
  ServerFixture server;
  server.Post("/write?db=db", "m v=1i 1");
  const std::string expected = "v\r\n1\r\n";
  EXPECT_EQ(server.Get("/api/v1/sql?db=db&format=csv&q=SELECT+v+FROM+m").body, expected);
  EXPECT_EQ(server.Post("/api/v1/sql?db=db&format=csv", "SELECT v FROM m").body, expected);
  const auto ask = [&](std::string body, std::string type) {
    return server.Ask("POST", "/api/v1/sql", std::move(body), {{"Content-Type", std::move(type)}})
        .response.body;
  };
  EXPECT_EQ(ask(R"({"q":"SELECT v FROM m","db":"db","format":"csv","params":{}})",
                "application/json; charset=utf-8"),
            expected);
  EXPECT_EQ(ask("q=SELECT+v+FROM+m&db=db&format=csv", "application/x-www-form-urlencoded"),
            expected);
  // curl -d says that everything is a form.
  EXPECT_EQ(server
                .Ask("POST", "/api/v1/sql?db=db&format=csv", "SELECT v FROM m",
                     {{"Content-Type", "application/x-www-form-urlencoded"}})
                .response.body,
            expected);
}

TEST(SqlHandlerTest, AnswersInEachFormat) {
  ServerFixture server;
  server.Post("/write?db=db", "m v=1i 1");
  const auto ask = [&](std::string_view format) {
    return server.Get(fmt::format("/api/v1/sql?db=db&q=SELECT+v+FROM+m&format={}", format));
  };
  EXPECT_THAT(ask("json").body, StartsWith("{\"columns\":[{\"name\":\"v\",\"type\":\"int64\"}],\n"
                                           "\"rows\":[\n[1]],\n\"stats\":{"));
  EXPECT_EQ(ask("json").content_type, "application/json");
  EXPECT_EQ(ask("jsonl").body, "{\"v\":1}\n");
  EXPECT_EQ(ask("csv").body, "v\r\n1\r\n");
  EXPECT_EQ(ask("tsv").body, "v\n1\n");
  EXPECT_THAT(ask("pretty").body, StartsWith(" v\n---\n 1\n(1 row, "));
  EXPECT_FALSE(HeaderOf(ask("json"), "X-Query-Id").empty());
}

TEST(SqlHandlerTest, AnErrorSaysWhereAndHasItsStatus) {
  ServerFixture server;
  server.Post("/write?db=db", "readings temperature=1 1");
  const auto answer = server.Get("/api/v1/sql?db=db&q=SELECT+temprature+FROM+readings");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(
      answer.body,
      "{\"error\":{\"code\":\"unknown_column\",\"message\":\"column \\\"temprature\\\" not found "
      "in db.readings\",\"line\":1,\"column\":8,\"hint\":\"Did you mean \\\"temperature\\\"?\","
      "\"request_id\":\"request-1\"}}\n");
  EXPECT_EQ(server.Get("/api/v1/sql?db=db&q=SELECT+*+FROM+nothing").status, 404);
  EXPECT_EQ(server.Get("/api/v1/sql?q=SELECT+*+FROM+no.nothing").status, 404);
}

TEST(SqlHandlerTest, LimitsOfTheRequestHold) {
  ServerFixture server;
  server.Post("/write?db=db", ManyRows(100));
  const auto ask = [&](std::string header, std::string value, std::string_view sql) {
    return server
        .Ask("GET", "/api/v1/sql?db=db&q=" + UrlEncode(sql), "",
             {{std::move(header), std::move(value)}})
        .response;
  };
  EXPECT_THAT(ask("X-Stria-Max-Rows", "5", "SELECT v FROM m").body,
              HasSubstr("resource_exhausted"));
  EXPECT_EQ(ask("X-Stria-Max-Rows", "5", "SELECT v FROM m LIMIT 5").status, 200);
  EXPECT_THAT(ask("X-Stria-Memory", "1B", "SELECT v FROM m ORDER BY v").body,
              HasSubstr("memory_limit"));
  const auto timeout = ask("X-Stria-Timeout", "1ns", "SELECT v FROM m ORDER BY v");
  EXPECT_EQ(timeout.status, 504);
  EXPECT_THAT(timeout.body, HasSubstr("\"timeout\""));
}

TEST(SqlHandlerTest, ARequestCannotRaiseTheLimitsOfTheServer) {
  ServerFixture server(SettingTexts{{"query.max_rows", "5"}});
  server.Post("/write?db=db", ManyRows(10));
  const auto answer =
      server.Ask("GET", "/api/v1/sql?db=db&q=SELECT+v+FROM+m", "", {{"X-Stria-Max-Rows", "100"}})
          .response;
  EXPECT_THAT(answer.body, HasSubstr("resource_exhausted"));
}

TEST(SqlHandlerTest, LargeAnswersComeInPieces) {
  ServerFixture server;
  for (int i = 0; i < 3; ++i)
    server.Post("/write?db=db", ManyRows(20'000));
  const auto answer = server.Ask("GET", "/api/v1/sql?db=db&format=jsonl&q=SELECT+*+FROM+m");
  EXPECT_TRUE(answer.streamed);
  EXPECT_TRUE(answer.whole);
  EXPECT_GT(answer.num_pieces, 5U);
  EXPECT_EQ(std::ranges::count(answer.response.body, '\n'), 20'000);
}

TEST(SqlHandlerTest, AnErrorAfterRowsIsTheLastMember) {
  ServerFixture server;
  server.Post("/write?db=db", ManyRows(20'000));
  // The division fails in a late batch, when rows have been sent.
  constexpr std::string_view kSql = "SELECT time, text, 1 / (v - 19999) AS q FROM m ORDER BY v";
  const auto ask = [&](std::string_view format) {
    return server.Ask("GET",
                      fmt::format("/api/v1/sql?db=db&format={}&q={}", format, UrlEncode(kSql)));
  };
  const auto json = ask("json");
  EXPECT_TRUE(json.streamed);
  EXPECT_TRUE(json.whole);
  EXPECT_EQ(json.response.status, 200);
  EXPECT_THAT(json.response.body,
              HasSubstr("],\n\"error\":{\"code\":\"invalid_argument\",\"message\":"));
  EXPECT_THAT(json.response.body, EndsWith("\"request_id\":\"request-1\"}}\n"));

  const auto lines = ask("jsonl");
  const std::string& text = lines.response.body;
  EXPECT_THAT(text.substr(text.rfind('\n', text.size() - 2) + 1),
              StartsWith("{\"error\":{\"code\":"));

  const auto csv = ask("csv");
  EXPECT_TRUE(csv.streamed);
  EXPECT_FALSE(csv.whole) << "nobody must take it for whole";
}

TEST(SqlHandlerTest, AClientThatGoesAwayStopsItsStatement) {
  // A service that runs until it is cancelled.
  class EndlessService final : public query::QueryService {
   public:
    void Execute(const query::QueryRequest& request, query::ResultSink& sink) override {
      while (!request.cancelled->load())
        std::this_thread::yield();
      sink.OnError(
          {.code = "cancelled", .message = "cancelled", .line = 0, .column = 0, .hint = {}});
    }
  };
  class Observer final : public QueryObserver {
   public:
    void OnQuery(const QueryReport& report) override {
      was_cancelled = report.result == "cancelled";
    }
    std::atomic<bool> was_cancelled = false;
  };
  EndlessService service;
  Observer observer;
  auto executor = MakeThreadExecutor({});
  const auto handler = MakeSqlHandler({}, {.service = &service,
                                           .executor = executor.get(),
                                           .clock = &SystemClock(),
                                           .random = &SystemRandom(),
                                           .observer = &observer});
  const auto outcome = std::make_shared<FakeReply::Outcome>();
  HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/sql";
  request.query = {{"q", "SELECT 1"}};
  handler->Handle(std::move(request), std::make_shared<FakeReply>(outcome));
  std::function<void()> gone;
  {
    const std::lock_guard lock(outcome->mutex);
    gone = outcome->gone;
  }
  ASSERT_TRUE(gone);
  gone();
  EXPECT_EQ(outcome->Wait().response.status, 499);
  executor.reset();
  EXPECT_TRUE(observer.was_cancelled);
}

// Answers one row, and notes on which threads it ran.
class ThreadNotingService final : public query::QueryService {
 public:
  void Execute(const query::QueryRequest& request, query::ResultSink& sink) override {
    threads.push_back(std::this_thread::get_id());
    if (request.limits.timeout_ns < least_timeout_ns) {
      return sink.OnError(
          {.code = "timeout", .message = "slow", .line = 0, .column = 0, .hint = {}});
    }
    sink.OnColumns({{"a", DataType::kString}});
    query::Batch batch;
    batch.num_rows = 1;
    batch.columns.push_back(query::Column::Constant(Value::String(text), DataType::kString));
    if (sink.OnBatch(batch)) sink.OnEnd({}, "");
  }
  std::vector<std::thread::id> threads;
  int64_t least_timeout_ns = 0;
  std::string text = "x";
};

class NoObserver final : public QueryObserver {
 public:
  void OnQuery(const QueryReport&) override {}
};

// Takes the beginning of an answer, and then nothing until it is told to.
class SlowReply final : public HttpReply {
 public:
  explicit SlowReply(std::latch& stuck, std::latch& reads) : stuck_(stuck), reads_(reads) {}

  void Send(HttpResponse) override {}
  void Begin(HttpResponse) override {}
  bool Write(std::string) override {
    stuck_.count_down();
    reads_.wait();
    return false;
  }
  void End() override {}
  void OnClientGone(std::function<void()>) override {}

 private:
  std::latch& stuck_;
  std::latch& reads_;
};

TEST(SqlHandlerTest, AClientThatDoesNotReadLeavesItsPlaceToOthers) {
  // Answers batches until nobody wants more.
  class TalkingService final : public query::QueryService {
   public:
    void Execute(const query::QueryRequest& request, query::ResultSink& sink) override {
      sink.OnColumns({{"a", DataType::kString}});
      query::Batch batch;
      batch.num_rows = 1;
      batch.columns.push_back(
          query::Column::Constant(Value::String(std::string(200'000, 'x')), DataType::kString));
      while (request.sql == "SELECT much" && sink.OnBatch(batch)) {
      }
      sink.OnEnd({}, "");
    }
  };
  TalkingService service;
  NoObserver observer;
  std::latch stuck(1), reads(1);
  auto executor = MakeThreadExecutor({.num_foreground = 2, .num_background = 1});
  const auto handler = MakeSqlHandler({.limits = {}, .max_running = 1}, {.service = &service,
                                                                         .executor = executor.get(),
                                                                         .clock = &SystemClock(),
                                                                         .random = &SystemRandom(),
                                                                         .observer = &observer});
  const auto request_of = [](std::string sql) {
    HttpRequest request;
    request.method = "GET";
    request.path = "/api/v1/sql";
    request.query = {{"q", std::move(sql)}, {"format", "csv"}};
    return request;
  };
  handler->Handle(request_of("SELECT much"), std::make_shared<SlowReply>(stuck, reads));
  stuck.wait();
  const auto outcome = std::make_shared<FakeReply::Outcome>();
  handler->Handle(request_of("SELECT little"), std::make_shared<FakeReply>(outcome));
  EXPECT_EQ(outcome->Wait().response.body, "a\r\n");
  reads.count_down();
  executor.reset();
}

class SqlHandlerThreadTest : public testing::Test {
 protected:
  HttpResponse Ask(std::string sql) {
    const auto outcome = std::make_shared<FakeReply::Outcome>();
    HttpRequest request;
    request.method = "GET";
    request.path = "/api/v1/sql";
    request.query = {{"q", std::move(sql)}, {"format", "csv"}};
    handler_->Handle(std::move(request), std::make_shared<FakeReply>(outcome));
    return outcome->Wait().response;
  }
  bool RanHere(size_t run) const { return service_.threads[run] == std::this_thread::get_id(); }

  ThreadNotingService service_;
  NoObserver observer_;
  std::unique_ptr<Executor> executor_ = MakeThreadExecutor({});
  // Any time that was measured counts as short.
  std::shared_ptr<HttpHandler> handler_ =
      MakeSqlHandler({.limits = {}, .inline_expected_ns = StatementCosts::kUnknown - 1},
                     {.service = &service_,
                      .executor = executor_.get(),
                      .clock = &SystemClock(),
                      .random = &SystemRandom(),
                      .observer = &observer_});
};

TEST_F(SqlHandlerThreadTest, AShortStatementRunsOnTheNetworksThreadTheNextTime) {
  EXPECT_EQ(Ask("SELECT 1").body, "a\r\nx\r\n");
  EXPECT_EQ(Ask("SELECT 2").body, "a\r\nx\r\n");
  ASSERT_EQ(service_.threads.size(), 2U);
  EXPECT_FALSE(RanHere(0));
  EXPECT_TRUE(RanHere(1));
}

TEST_F(SqlHandlerThreadTest, ATryThatTakesTooLongStartsAgainOnTheExecutor) {
  Ask("SELECT 1");
  service_.least_timeout_ns = 10'000'000;
  EXPECT_EQ(Ask("SELECT 1").body, "a\r\nx\r\n");
  ASSERT_EQ(service_.threads.size(), 3U);
  EXPECT_TRUE(RanHere(1));
  EXPECT_FALSE(RanHere(2));
}

TEST_F(SqlHandlerThreadTest, ATryWithTooMuchOutputStartsAgainOnTheExecutor) {
  Ask("SELECT 1");
  service_.text = std::string(300 << 10, 'x');
  EXPECT_EQ(Ask("SELECT 1").body, "a\r\n" + service_.text + "\r\n");
  ASSERT_EQ(service_.threads.size(), 3U);
  EXPECT_FALSE(RanHere(2));
}

TEST_F(SqlHandlerThreadTest, OnlySelectsAreTried) {
  Ask("CREATE DATABASE a");
  Ask("CREATE DATABASE a");
  EXPECT_FALSE(RanHere(1));
}

}  // namespace
}  // namespace stria::server
